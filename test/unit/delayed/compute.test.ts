/** @file Several lazy values at once: structures, sharing, options, persisting, timing. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  annotate,
  compute,
  delayed,
  getAnnotations,
  isDaskCollection,
  isHeddleCollection,
  optimize,
  persist,
  timed,
} from "../../../src/delayed/index.ts";
import { testHere } from "../../support/here.ts";

const SYNC = { scheduler: "sync" } as const;
const inc = delayed((x: number) => x + 1, { name: "inc" });

describe("compute", () => {
  test("passes through what is not lazy, in structures of any form", async () => {
    const plain = { untouched: [1, 2] };
    const [a, b, c, d] = await compute(
      inc(1),
      { list: [inc(2), new Map([["k", inc(3)]])], set: new Set([inc(4)]) },
      plain,
      "text",
      SYNC,
    );
    expect(a).toBe(2);
    expect(b).toEqual({ list: [3, new Map([["k", 4]])], set: new Set([5]) });
    expect(c).toBe(plain);
    expect(d).toBe("text");
  });

  testHere("runs shared tasks once over the union of all graphs", async () => {
    let runs = 0;
    const shared = delayed(() => ++runs, { name: "shared" })();
    expect(await compute([inc(shared), inc(shared)], shared, SYNC)).toEqual([[2, 2], 1]);
    expect(runs).toBe(1);
  });

  test("takes a last object for options only when all its fields are options", async () => {
    expect(await compute(inc(1), { scheduler: "sync", also: 1 }, SYNC)).toEqual([
      2,
      { scheduler: "sync", also: 1 },
    ]);
    expect(await compute(SYNC)).toEqual([]);
    await expect(compute(inc(1), { scheduler: "syncc" as "sync" })).rejects.toMatchObject({
      code: "InvalidArgument",
    });
  });

  test("a last object much like options is refused; one with lazy values is a value", async () => {
    for (const options of [{ shceduler: "sync" }, { scheduler: "sync", fues: true }]) {
      await expect(compute(inc(1), options as never)).rejects.toThrow(
        /has no option.*did you mean/,
      );
    }
    expect(await compute({ signal: inc(1) }, SYNC)).toEqual([{ signal: 2 }]);
    expect(await compute(inc(1), { weight: 3 }, SYNC)).toEqual([2, { weight: 3 }]);
  });

  test("stops when its signal says so", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(compute(inc(1), { scheduler: "sync", signal })).rejects.toThrow("enough");
  });
});

testHere("persist gives the same structures over values that need no work", async () => {
  let runs = 0;
  const once = delayed(() => ++runs, { name: "once" })();
  const [kept, { inner }] = await persist(once, { inner: inc(once) }, SYNC);
  expect(runs).toBe(1);
  expect(await compute(kept, inner, inc(kept), SYNC)).toEqual([1, 2, 2]);
  expect(runs).toBe(1);
});

test("optimize shows the graph that would run", () => {
  const shared = inc(1);
  const graph = optimize([inc(shared), inc(shared)]);
  expect(graph.count).toBe(3);
  expect(graph.outputs.length).toBe(2);
});

test("collections are recognised under both names", () => {
  expect(isDaskCollection(inc(1))).toBe(true);
  expect(isHeddleCollection({})).toBe(false);
});

describe("annotate", () => {
  const optionsOf = (value: Parameters<typeof optimize>[0]) =>
    optimize(value).templates.map(({ options }) => options ?? {});

  test("gives options to what is built within, and to nothing else", () => {
    const before = inc(1);
    const within = annotate({ retries: 2, priority: 5 }, () => inc(before));
    expect(optionsOf(within)).toEqual([{}, { retries: 2, priority: 5 }]);
    expect(getAnnotations()).toEqual({});
  });

  test("nests: inner options win, resources add up by name", async () => {
    await annotate({ retries: 1, resources: { GPU: 1 } }, async () => {
      await Promise.resolve();
      annotate({ resources: { disk: 2 } }, () => {
        expect(getAnnotations()).toEqual({ retries: 1, resources: { GPU: 1, disk: 2 } });
      });
    });
  });

  test("names the nearest option for an unknown one", () => {
    expect(() => annotate({ priorty: 1 } as never, () => 1)).toThrow(/did you mean "priority"\?/);
  });

  test("retries are tried", async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-retries-"));
    // Each thread has captured variables of its own, all see the file.
    const path = join(folder, "tries");
    const flaky = annotate({ retries: 2 }, () =>
      delayed(
        () => {
          appendFileSync(path, ".");
          if (readFileSync(path).length < 3) throw new Error("again");
          return "done";
        },
        { name: "flaky" },
      )(),
    );
    expect(await flaky.compute(SYNC)).toBe("done");
    rmSync(folder, { recursive: true });
  });
});

test("timed gives the value and what it cost", async () => {
  const timing = await timed(() => inc(1).compute(SYNC));
  expect(timing.value).toBe(2);
  expect(timing.wallMs).toBeGreaterThan(0);
  expect(timing.cpuMs).toBeGreaterThanOrEqual(0);
  expect(String(timing)).toMatch(/^wall .*, cpu /);
});
