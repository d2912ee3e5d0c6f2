/**
 * @file Parts of runs on their way: what is read of a part in stretches is what a reader of the
 * file gets, however long its pieces are; and only the attempt that is asked for is served.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { writeRun } from "../../../../src/cluster/exchange-tasks.ts";
import { PulledParts } from "../../../../src/cluster/runs/pull-parts.ts";
import type { Run } from "../../../../src/cluster/runs/run.ts";
import { RunFiles } from "../../../../src/cluster/runs/run-files.ts";
import {
  partRequest,
  readPartRequest,
  readStretch,
  STRETCH_BYTES,
} from "../../../../src/cluster/runs/run-parts.ts";
import { piecesInFile } from "../../../../src/cluster/runs/run-reader.ts";
import { Spool } from "../../../../src/cluster/runs/spool.ts";
import { encodeValue } from "../../../../src/codec/index.ts";
import { setScratch } from "../../../../src/threads/scratch.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-parts-"));
  setScratch(() => folder);
});
afterAll(() => {
  setScratch(undefined);
  rmSync(folder, { recursive: true, force: true });
});

/** A run whose second destination has pieces around the length of a stretch. */
function longRun(): Run {
  const lengths = [10, STRETCH_BYTES - 100, 0, STRETCH_BYTES * 2, 5];
  return writeRun(
    lengths.flatMap((length, i) => [
      [1, new Uint8Array(length).fill(i + 1)] as const,
      [0, "between"] as const,
    ]),
    0,
    3,
  );
}

function atRest(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

describe("stretches", () => {
  test.each([0, 1, 2])("destination %i", async (destination) => {
    const run = longRun();
    const parts = new PulledParts(new Spool(() => join(folder, `spool-${destination}`)));
    let count = 0;
    for (;;) {
      const bytes = await readStretch(run, partRequest(run, destination, parts.bytesOf(run)));
      expect(bytes.length).toBeLessThanOrEqual(STRETCH_BYTES);
      parts.add(run, bytes);
      count++;
      if (parts.isComplete(run)) break;
    }
    expect(count).toBe(destination === 1 ? 4 : 1);
    const [came, written] = [[...parts.pieces(run)], [...piecesInFile(run, destination)]];
    expect(came.length).toBe([5, 5, 0][destination]);
    expect(came.map((piece, i) => Buffer.compare(piece, written[i] as Uint8Array))).toEqual(
      written.map(() => 0),
    );
    // What did not fit in memory was in a file, which goes with the parts.
    expect(existsSync(join(folder, `spool-${destination}`))).toBe(destination === 1);
    parts.close();
    expect(existsSync(join(folder, `spool-${destination}`))).toBe(false);
  });

  test("a part that ends early, or is not what was written, is said", async () => {
    const run = longRun();
    const bytes = await readStretch(run, partRequest(run, 0, 0));
    for (const damage of [bytes.slice(0, -1), bytes.map((byte, i) => (i === 120 ? ~byte : byte))]) {
      const parts = new PulledParts(new Spool(() => join(folder, "never")));
      parts.add(run, damage);
      expect(() => [...parts.pieces(run)]).toThrow(
        expect.objectContaining({ code: "ValueCorrupt" }),
      );
    }
  });

  test.each([[null], ["x"], [["name", 1]], [["name", -1, 0]], [["name", 1, 0.5]], [[1, 1, 1]]])(
    "%j is no request",
    (part) => {
      expect(() => readPartRequest(part)).toThrow(
        expect.objectContaining({ code: "ProtocolError" }),
      );
    },
  );
});

describe("files of runs", () => {
  test("the file goes with the value; another attempt is not served", async () => {
    const files = new RunFiles();
    const run = longRun();
    files.made(7, atRest(run));
    expect(await files.read(7, [basename(run.path), 2, 0])).toMatchObject({
      bytes: expect.any(Uint8Array),
    });
    expect(await files.read(7, ["run-0-of-another-time", 2, 0])).toBeUndefined();
    expect(await files.read(8, [basename(run.path), 2, 0])).toBeUndefined();
    files.discard(7);
    expect(files.isEmpty).toBe(true);
    await vi.waitFor(() => expect(existsSync(run.path)).toBe(false));
  });
});
