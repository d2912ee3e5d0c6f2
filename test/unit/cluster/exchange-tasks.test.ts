/**
 * @file The tasks of an exchange by themselves: what is written is what is read, in order, and what
 * is damaged or cannot be written is said.
 */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Arrival,
  type Piece,
  type Pieces,
  readPieces,
  sealRuns,
  writeRun,
} from "../../../src/cluster/exchange-tasks.ts";
import type { Run } from "../../../src/cluster/runs/run.ts";
import type { SealedRuns } from "../../../src/cluster/runs/sealed-runs.ts";
import { decodeValue, encodeValue } from "../../../src/codec/index.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import { setScratch } from "../../../src/threads/scratch.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-exchange-"));
  setScratch(() => folder);
});
afterAll(() => {
  setScratch(undefined);
  rmSync(folder, { recursive: true, force: true });
});

function atRest(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

async function received(runs: readonly Run[], destinations: number): Promise<unknown[][]> {
  const all: unknown[][] = [];
  // As it travels between tasks.
  const sealed = decodeValue(atRest(sealRuns(runs, "test"))) as SealedRuns;
  for (let i = 0; i < destinations; i++) all.push([...(await readPieces(sealed, i))]);
  return all;
}

describe("writing and reading", () => {
  test("every destination gets its pieces, by source and in the order given", async () => {
    const pieces = fc.array(fc.tuple(fc.nat(4), fc.oneof(fc.string(), fc.array(fc.integer()))));
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 4 }), async (sources) => {
        const runs = sources.map((list, source) => writeRun(list, source, 5));
        const expected = Array.from({ length: 5 }, (_, destination) =>
          sources.flatMap((list, source) =>
            list.filter(([to]) => to === destination).map(([, value]) => ({ source, value })),
          ),
        );
        expect(await received(runs, 5)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("pieces larger than the buffer, and values that need modules", async () => {
    const large = new Uint8Array(3_000_000).map((_, i) => i);
    const rich = new Map([["a", new Set([1n])]]);
    const run = writeRun(
      [
        [1, large],
        [0, rich],
        [1, "end"],
      ],
      0,
      2,
    );
    expect(run.needsModules).toBe(true);
    const [first = [], second = []] = (await received([run], 2)) as Arrival[][];
    expect(first).toEqual([{ source: 0, value: rich }]);
    const [bytes, end] = second.map(({ value }) => value);
    expect(Buffer.compare(bytes as Uint8Array, large)).toBe(0);
    expect(end).toBe("end");
  });

  test("a generator is told what each piece took, and runs no further ahead", () => {
    const told: number[] = [];
    function* pieces(): Generator<Piece, void, number> {
      for (let i = 0; i < 3; i++) told.push(yield [0, "x".repeat(10 ** i)]);
    }
    const run = writeRun(pieces(), 0, 1);
    expect(told).toHaveLength(3);
    expect(told[2]! - told[1]!).toBe(90);
    expect(run.bytes).toBeGreaterThan(told.reduce((a, b) => a + b, 0));
  });
});

describe("what is wrong is said", () => {
  test("a source in the place of another", () => {
    const run = writeRun([], 0, 1);
    expect(() => sealRuns([run, run], "test")).toThrow(/source 0 in place of that of 1/);
  });

  test("a destination that does not exist, whose file does not stay behind", () => {
    const before = readdirSync(folder).length;
    expect(() => writeRun([[3, "x"]], 0, 2)).toThrow(/destination 3 of 2/);
    expect(readdirSync(folder)).toHaveLength(before);
  });

  test.each([
    [
      "changed",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[40] = bytes[40]! ^ 1;
        writeFileSync(path, bytes);
      },
    ],
    ["cut off", (path: string) => truncateSync(path, 30)],
  ])("a file that was %s", async (_, damage) => {
    const run = writeRun([[0, "x".repeat(100)]], 0, 1);
    damage(run.path);
    const caught = await received([run], 1).catch((error: unknown) => error);
    expect(isHeddleError(caught, "ValueCorrupt")).toBe(true);
    expect(String(caught)).toContain("source 0");
  });

  test("a folder that cannot be written to", () => {
    const pieces: Pieces = [[0, 1]];
    writeRun(pieces, 0, 1);
    rmSync(folder, { recursive: true });
    const caught = (() => {
      try {
        return writeRun(pieces, 0, 1);
      } catch (error) {
        return error;
      }
    })();
    expect(isHeddleError(caught, "SpillFailed")).toBe(true);
    expect(String(caught)).toContain("localDirectory");
  });
});
