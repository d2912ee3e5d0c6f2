/** @file Chains of single calls become one task each; results, keys and failures stay the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import { Prng } from "../../../src/core/prng.ts";
import { taskKey } from "../../../src/core/task-graph.ts";
import { annotate, compute, type Delayed, delayed } from "../../../src/delayed/index.ts";
import { optimizeGraph } from "../../../src/optimize/flatten.ts";

const SYNC = { scheduler: "sync" } as const;
const inc = delayed((x: number, by: number | undefined = 1) => x + by, { name: "inc" });
const neg = delayed((x: number) => -x, { name: "neg" });
const sum = delayed((xs: number[]) => xs.reduce((a, b) => a + b, 0), { name: "sum" });

const tasksOf = (...values: readonly Delayed[]): string[] => {
  const graph = optimizeGraph(values.flatMap((value) => value.lower().outputs));
  return Array.from({ length: graph.count }, (_, id) => taskKey(graph, id));
};

describe("what is fused", () => {
  test("a chain is one task under the key of its last call", async () => {
    const end = neg(inc(inc(neg(3)), 4));
    expect(tasksOf(end)).toEqual([end.key]);
    expect(await end.compute(SYNC)).toBe(-2);
  });

  test("calls of layers that were lowered one by one are a chain too", async () => {
    const first = inc(1);
    first.lower();
    const second = neg(first);
    second.lower();
    const end = inc(second, 10);
    end.lower();
    expect(tasksOf(end)).toEqual([end.key]);
    expect(await end.compute(SYNC)).toBe(8);
  });

  test("ends of chains stay apart, what has several inputs begins one", () => {
    const parts = [inc(neg(1)), inc(neg(2)), inc(neg(3))];
    expect(tasksOf(neg(sum(parts)))).toHaveLength(4);
  });

  test("what is wanted, used twice, or read twice stays a task", () => {
    const below = inc(1);
    expect(tasksOf(neg(below), below)).toHaveLength(2);
    expect(tasksOf(sum([neg(below), inc(below)]))).toHaveLength(4);
    const pair = delayed((x: number, y: number) => x * y, { name: "pair" });
    const other = inc(1);
    expect(tasksOf(pair(other, other))).toHaveLength(2);
  });

  test("calls with options of their own stay tasks", () => {
    const retried = annotate({ retries: 2 }, () => neg(inc(1)));
    expect(tasksOf(retried)).toHaveLength(2);
    expect(tasksOf(inc(annotate({ retries: 2 }, () => neg(1))))).toHaveLength(2);
  });

  test("a long chain is one task for every 64 calls", async () => {
    let end = inc(0);
    for (let i = 1; i < 1000; i++) end = inc(end);
    expect(tasksOf(end)).toHaveLength(Math.ceil(1000 / 64));
    expect(await end.compute(SYNC)).toBe(1000);
  });

  test("chains of one form share a template and number columns, however many graphs", () => {
    const build = () => sum(Array.from({ length: 100 }, (_, i) => inc(neg(i), 2 * i)));
    const [a, b] = [build(), build()].map((value) => optimizeGraph(value.lower().outputs));
    expect(a?.templates).toHaveLength(2);
    expect(b?.templates).toEqual(a?.templates);
    expect(b?.templates.every((template) => a?.templates.includes(template))).toBe(true);
    const columns = a?.segments.flatMap((segment) => segment.columns) ?? [];
    expect(columns.map(({ kind }) => kind)).toEqual(columns.map(() => "number"));
    expect(columns.map(({ data }) => data.length).filter((rows) => rows > 0)).toEqual([
      100, 100, 100,
    ]);
  });

  test("too many different chains stay as they are", () => {
    const ends = Array.from({ length: 1100 }, (_, i) => {
      const own = delayed((x: number) => x + i, { name: `own${i}` });
      return own(inc(i));
    });
    expect(tasksOf(...ends)).toHaveLength(1000 + 2 * 100);
  });
});

describe("failures", () => {
  const fails = delayed(
    (x: number): number => {
      throw new RangeError(`no ${x}`);
    },
    { name: "fails" },
  );

  const failureOf = async (value: Delayed, fuse: boolean): Promise<unknown> => {
    const error: unknown = await value.compute({ ...SYNC, fuse }).catch((e: unknown) => e);
    if (!isHeddleError(error, "TaskFailed")) throw error;
    const { message, cause, fields } = error;
    return { message, cause, fields };
  };

  test.each([
    ["counted keys", {}],
    ["chosen keys", { key: "mine" }],
    ["content keys", { pure: true }],
  ])("name the call that failed, not the chain: %s", async (_, options) => {
    const culprit = fails.with(options)(inc(4));
    const end = neg(inc(culprit));
    expect(tasksOf(end)).toHaveLength(1);
    const fused = await failureOf(end, true);
    expect(fused).toEqual(await failureOf(end, false));
    expect(fused).toMatchObject({
      message: `task ${culprit.key} failed: RangeError: no 5`,
      cause: expect.any(RangeError),
      fields: { key: culprit.key, attempts: 1 },
    });
  });

  test("also when the call is asynchronous, the last one, or throws no error", async () => {
    const later = delayed(async (x: number) => Promise.reject(new TypeError(`late ${x}`)), {
      name: "later",
    });
    const text = delayed(
      (x: number): number => {
        throw `text ${x}`;
      },
      { name: "text" },
    );
    for (const end of [inc(later(neg(1)) as Delayed<number>), fails(neg(1)), inc(text(neg(1)))]) {
      expect(await failureOf(end, true)).toEqual(await failureOf(end, false));
    }
  });
});

test("random graphs with many chains have the results that they have unfused", async () => {
  let fused = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 - 1 }), async (seed) => {
      const random = new Prng(seed);
      const values: Delayed<number>[] = [inc(1), neg(2)];
      for (let i = 0; i < 30; i++) {
        const pick = () => values[random.integer(values.length)] as Delayed<number>;
        const last = values.at(-1) as Delayed<number>;
        const makes = [
          () => inc(last, i),
          () => neg(last),
          () => inc(pick(), 2 * i),
          () => sum([pick(), last]),
          () => inc.with({ key: `k${seed}-${i}` })(last, "x" as never),
        ];
        values.push((makes[random.integer(makes.length)] as () => Delayed<number>)());
        if (random.integer(8) === 0) values.at(-1)?.lower();
      }
      const outputs = [values.at(-1), values.at(-7)] as Delayed<number>[];
      const plain = await compute(...outputs, { ...SYNC, fuse: false });
      expect(await compute(...outputs, { ...SYNC, fuse: true })).toEqual(plain);
      const refs = outputs.flatMap((value) => value.lower().outputs);
      if (optimizeGraph(refs).count < optimizeGraph(refs, { fuse: false }).count) fused++;
    }),
    { numRuns: 150 },
  );
  expect(fused).toBeGreaterThan(100);
});
