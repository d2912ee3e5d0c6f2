/**
 * @file Threads die hard: what is recovered, what it costs, and what takes the whole process along.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, type HeddleError } from "heddle";
import { full } from "heddle/ndarray";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../src/core/prng.ts";

let client: Client;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-deaths-"));
  client = new Client({ threads: 2, memoryLimit: "256MiB", threadHeapMb: 64 });
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});

async function failure(promise: Promise<unknown>): Promise<HeddleError> {
  return (await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  )) as HeddleError;
}

async function memoryBytes(): Promise<number> {
  return Object.values((await client.schedulerInfo()).workers)[0]?.memoryBytes ?? -1;
}

describe("a task that ends its thread", () => {
  test("by process.exit fails with KilledWorker after the allowed failures", async () => {
    const tries = mkdtempSync(join(folder, "exit-"));
    const others = client.map(
      (x: number) => x * x,
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const killer = client.submit(async (path: string) => {
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`${path}/${performance.timeOrigin + performance.now()}`, "");
      process.exit(3);
    }, tries);
    const error = await failure(killer.result());
    expect(error.code).toBe("KilledWorker");
    expect(error.message).toContain("each of the 4 times its thread died");
    expect(error.message).toContain("exit code 3");
    expect(readdirSync(tries)).toHaveLength(4);
    expect((await others.results())[999]).toBe(998_001);
  });

  test("by an exception from a timer", async () => {
    const error = await failure(
      client
        .submit(async () => {
          setTimeout(() => {
            throw new RangeError("out of a timer");
          }, 1);
          await new Promise(() => undefined);
        })
        .result(),
    );
    expect(error.code).toBe("KilledWorker");
    expect(error.message).toContain("RangeError: out of a timer");
    expect(await client.submit(() => 1).result()).toBe(1);
  });

  test("by filling its heap, when V8 reports it", async () => {
    const error = await failure(
      client
        .submit(() => {
          let list = [1];
          for (;;) list = list.concat(list);
        })
        .result(),
    );
    expect(error.code).toBe("KilledWorker");
    expect(error.message).toMatch(/memory limit/i);
    expect(await client.map((x: number) => x + 1, [1, 2]).results()).toEqual([2, 3]);
  });

  test("leaves nothing of its memory behind", async () => {
    const before = await memoryBytes();
    const killer = client.submit(() => {
      const arrays = [1, 2, 3].map((value) => full([1_000_000], value));
      process.exit(arrays.length);
    });
    expect((await failure(killer.result())).message).toContain("exit code 3");
    await expect.poll(memoryBytes).toBe(before);
  });

  test("takes asynchronous tasks of its thread along, and they are tried again", async () => {
    const marks = mkdtempSync(join(folder, "along-"));
    const waits = client.options({ concurrency: 4, pure: false }).map(
      async (i: number, path: string): Promise<number> => {
        const { writeFileSync } = await import("node:fs");
        await new Promise((resolve) => setTimeout(resolve, 50));
        try {
          writeFileSync(`${path}/died`, "", { flag: "wx" });
        } catch {
          return i;
        }
        process.exit(1);
      },
      [0, 1, 2, 3, 4, 5, 6, 7],
      Array.from({ length: 8 }, () => marks),
    );
    expect(await waits.results()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe("what no thread survives", () => {
  const script = fileURLToPath(new URL("./fixtures/engine/aborts.mjs", import.meta.url));

  test.each([
    ["map", "a Map that grows"],
    ["array", "copies of arrays"],
    ["json", "JSON.parse"],
  ])("%s at the heap limit aborts the process: %s", (way) => {
    const { signal, status, stdout } = spawnSync(process.execPath, [script, way], {
      encoding: "utf8",
    });
    expect(stdout).not.toContain("survived");
    expect(signal === "SIGABRT" || (status ?? 0) > 128).toBe(true);
  });
});

/** When a task of the reduction ends its thread, the first time it runs. */
type Moment = "never" | "before" | "between" | "after" | "later";

/** Adds its inputs, and dies at its moment; the file says that it has done so. */
async function add(moment: Moment, mark: string, ...values: number[]): Promise<number> {
  const { writeFileSync } = await import("node:fs");
  const dies = (): boolean => {
    try {
      writeFileSync(mark, "", { flag: "wx" });
      return true;
    } catch {
      return false;
    }
  };
  if (moment === "before" && dies()) process.exit(1);
  let sum = 0;
  for (const value of values) sum += value;
  await Promise.resolve();
  if (moment === "between" && dies()) process.exit(1);
  // The value has been returned, and perhaps stored, when the thread ends.
  if (moment === "after" && dies()) setImmediate(() => process.exit(1));
  if (moment === "later" && dies()) setTimeout(() => process.exit(1), 3);
  return sum;
}

describe("a reduction", () => {
  test("comes out right when threads die in each of its phases, 50 seeds", async () => {
    const moments: Moment[] = ["before", "between", "after", "later"];
    const deaths = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const prng = new Prng(seed);
      const marks = mkdtempSync(join(folder, `seed-${seed}-`));
      const impure = client.options({ pure: false });
      let level = Array.from({ length: 8 }, (_, i) => impure.submit(add, "never", marks, seed, i));
      for (let depth = 0; level.length > 1; depth++) {
        const next: typeof level = [];
        for (let i = 0; i < level.length; i += 2) {
          const moment = prng.chance(level.length > 2 ? 0.25 : 0.7)
            ? (prng.pick(moments) as Moment)
            : "never";
          const mark = `${marks}/${moment}-${depth}-${i}`;
          const [left, right] = [level[i], level[i + 1]] as [(typeof level)[0], (typeof level)[0]];
          next.push(impure.submit(add, moment, mark, left, right));
        }
        level = next;
      }
      expect(await level[0]?.result()).toBe(8 * seed + 28);
      for (const mark of readdirSync(marks)) deaths.add(mark.replace(/-\d+$/, ""));
    }
    // Every way to die, on every level of the tree.
    expect(deaths.size).toBe(moments.length * 3);
  });
});
