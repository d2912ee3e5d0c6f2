/**
 * @file Delayed calls: where lazy arguments are found, keys, purity, items, methods, and what is
 * refused.
 */
import { inspect } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import { valuesLayer } from "../../../src/cluster/run-collections.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import type { TaskRef } from "../../../src/core/graph.ts";
import { TASK } from "../../../src/core/single-task.ts";
import { compute, Delayed, delayed, optimize } from "../../../src/delayed/index.ts";
import { optimizeGraph } from "../../../src/optimize/flatten.ts";
import { testHere } from "../../support/here.ts";

const unfused = (outputs: readonly TaskRef[]) => optimizeGraph(outputs, { fuse: false });
const SYNC = { scheduler: "sync" } as const;
const inc = delayed((x: number) => x + 1, { name: "inc" });
const add = delayed((a: number, b: number) => a + b, { name: "add" });

describe("calls", () => {
  testHere("run nothing until computed, and each needed task once", async () => {
    const ran: string[] = [];
    const note = delayed((name: string, ..._after: unknown[]) => ran.push(name), { name: "note" });
    const shared = note("shared");
    const top = note("top", note("left", shared), note("right", shared));
    note("unused", shared);
    expect(ran).toEqual([]);
    await top.compute(SYNC);
    expect(ran.sort()).toEqual(["left", "right", "shared", "top"]);
  });

  test("find lazy values at any depth of arrays, objects, maps and sets", async () => {
    const nested = {
      list: [inc(1), [inc(2), 10]],
      map: new Map<unknown, unknown>([[inc(3), inc(4)]]),
      set: new Set([inc(5)]),
      plain: { deep: { lazy: inc(6), text: "as it is" } },
    };
    const same = delayed((x: unknown) => x, { name: "same" });
    const expected = {
      list: [2, [3, 10]],
      map: new Map([[4, 5]]),
      set: new Set([6]),
      plain: { deep: { lazy: 7, text: "as it is" } },
    };
    expect(await same(nested).compute(SYNC)).toEqual(expected);
    expect(await delayed(nested).compute(SYNC)).toEqual(expected);
  });

  testHere("do not look into class instances, nor anywhere with traverse: false", async () => {
    class Box {
      readonly inside: Delayed<number>;
      constructor(inside: Delayed<number>) {
        this.inside = inside;
      }
    }
    const see = delayed((x: unknown) => x, { name: "see" });
    const box = new Box(inc(1));
    expect(await see(box).compute(SYNC)).toBe(box);
    const list = [inc(1)];
    expect(await see.with({ traverse: false })(list).compute(SYNC)).toBe(list);
  });

  test("take arguments as they are when the call is made", async () => {
    const list: unknown[] = [inc(1)];
    const sum = delayed((xs: unknown[]) => xs.length, { name: "count" })(list);
    list.push(inc(2));
    expect(await sum.compute(SYNC)).toBe(1);
  });

  test("a list of delayed values resolves in order, and may be empty", async () => {
    const many = Array.from({ length: 50 }, (_, i) => inc(i));
    expect(await delayed(many).compute(SYNC)).toEqual(many.map((_, i) => i + 1));
    expect(await delayed([]).compute(SYNC)).toEqual([]);
  });

  test("an asynchronous function is awaited, and a failing one names its key", async () => {
    const later = delayed(async (x: number) => x * 2, { name: "later" });
    expect(await later(inc(1)).compute(SYNC)).toBe(4);
    const bad = delayed(
      (): number => {
        throw new RangeError("too large");
      },
      { name: "bad" },
    )();
    const error: unknown = await inc(bad)
      .compute(SYNC)
      .catch((e: unknown) => e);
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    expect(error).toMatchObject({ cause: expect.any(RangeError), fields: { key: bad.key } });
  });

  test("more than thirty arguments, and undefined ones, arrive in place", async () => {
    const list = delayed((...xs: unknown[]) => xs, { name: "list" });
    const args = Array.from({ length: 40 }, (_, i) =>
      i % 3 === 0 ? inc(i) : i % 3 === 1 ? undefined : i,
    );
    const expected = args.map((arg, i) => (i % 3 === 0 ? i + 1 : arg));
    expect(await list(...args).compute(SYNC)).toEqual(expected);
    expect(await list(1, inc(1), "x", inc(2)).compute(SYNC)).toEqual([1, 2, "x", 3]);
  });

  test("a task may give back a delayed value, which computes later", async () => {
    const make = delayed((x: number) => inc(x), { name: "make" });
    const inner: unknown = await make(1).compute(SYNC);
    expect(inner).toBeInstanceOf(Delayed);
    expect(await (inner as Delayed<number>).compute(SYNC)).toBe(2);
  });

  test("futures are dependencies: anything that names its task", async () => {
    const source = inc(41);
    const future = { [TASK]: () => source[TASK]() };
    expect(await add(future, 1).compute(SYNC)).toBe(43);
    expect(await delayed(future).compute(SYNC)).toBe(42);
    expect(await delayed([future, { deep: future }]).compute(SYNC)).toEqual([42, { deep: 42 }]);
  });
});

describe("keys and purity", () => {
  test("keys begin with the function's name; impure calls are all different", () => {
    function area(r: number): number {
      return r * r;
    }
    const lazy = delayed(area);
    expect(lazy(1).key).toMatch(/^area-[0-9a-f]+$/);
    expect(lazy(1).key).not.toBe(lazy(1).key);
    expect(delayed((x: number) => x)(1).key).toMatch(/^lambda-/);
    expect(lazy.with({ name: "circle" })(1).key).toMatch(/^circle-/);
    expect(lazy.with({ key: "mine" })(1).key).toBe("mine");
  });

  testHere("equal pure calls are one task, also through pure dependencies", async () => {
    let runs = 0;
    const pure = delayed(
      (x: number) => {
        runs++;
        return x;
      },
      { name: "pure", pure: true },
    );
    const sum = add(pure(pure(1)), pure(pure(1)));
    expect(pure(1).key).toBe(pure(1).key);
    expect(pure(1).key).not.toBe(pure(2).key);
    expect(await sum.compute(SYNC)).toBe(2);
    expect(runs).toBe(2);
  });

  test("equal pure calls are one task, whenever they are made and lowered", () => {
    const pure = delayed((x: number) => x, { name: "pureLate", pure: true });
    const early = add(pure(1), pure(2));
    const { outputs } = early.lower();
    const late = add(pure(2), add(pure(1), pure(pure(3))));
    expect(unfused([...outputs, ...late.lower().outputs]).count).toBe(7);
    expect(pure(3).lower().outputs[0]?.layer).toBe(late.lower().outputs[0]?.layer);
  });

  test("what could not be lowered can be lowered when the cause is gone", () => {
    let broken = true;
    const given = valuesLayer([20]);
    const future = {
      [TASK](): TaskRef {
        if (broken) throw new Error("not there yet");
        return { layer: given, index: 0 };
      },
    };
    const pure = delayed((x: number) => x, { name: "pureBroken", pure: true });
    const sum = delayed((...all: unknown[]) => all.length)(pure(1), pure(1), future);
    expect(() => sum.lower()).toThrow("not there yet");
    broken = false;
    expect(unfused(sum.lower().outputs).count).toBe(3);
    expect(unfused(pure(1).lower().outputs).count).toBe(1);
  });

  test("a key stays the same when the value is lowered and persisted", async () => {
    const value = inc(1);
    const { key } = value;
    value.lower();
    expect(value.key).toBe(key);
    const kept = await value.persist(SYNC);
    expect(kept.key).toBe(key);
    expect(await inc(kept).compute(SYNC)).toBe(3);
  });

  test("tasks have the keys of their values", () => {
    const total = add(inc(1), inc.with({ key: "second" })(2));
    expect([...total.graph.keys()].sort()).toContain("second");
    expect(total.graph.outputs).toEqual([total.key]);
  });

  test("impure values cannot be named by content", () => {
    const pure = delayed((x: unknown) => x, { name: "pure", pure: true });
    expect(() => pure(new WeakMap())).toThrow(expect.objectContaining({ code: "TokenizeFailed" }));
  });
});

describe("lowering", () => {
  testHere("shares tasks between values that are lowered one after the other", async () => {
    let runs = 0;
    const count = delayed(() => ++runs, { name: "count" });
    const shared = count();
    const left = inc(shared);
    left.lower();
    const right = inc(shared);
    right.lower();
    expect(await compute(left, right, SYNC)).toEqual([2, 2]);
    expect(runs).toBe(1);
  });

  test("a hundred thousand calls of one function are one template and one column", () => {
    const calls = Array.from({ length: 100_000 }, (_, i) => inc(i));
    const graph = optimize(delayed(calls));
    expect(graph.count).toBe(100_001);
    expect(graph.templates.length).toBe(2);
    expect(graph.segments.length).toBe(1);
    expect(graph.segments[0]?.columns[0]?.data).toBeInstanceOf(Float64Array);
  });

  test("lists of any length share a template", () => {
    const sum = delayed((xs: number[]) => xs.length, { name: "sum" });
    const lists = [2, 3, 4].map((n) => sum(Array.from({ length: n }, () => inc(1))));
    expect(
      optimize(lists)
        .templates.map(({ name }) => name)
        .sort(),
    ).toEqual(["inc", "sum"]);
  });

  test("a chain of a hundred thousand calls does not overflow the stack", async () => {
    let value = inc(0);
    for (let i = 1; i < 100_000; i++) value = inc(value);
    expect(await value.compute(SYNC)).toBe(100_000);
  });
});

describe("parts of results", () => {
  const divmod = delayed(
    (a: number, b: number): [number, string] => [Math.floor(a / b), `r${a % b}`],
    {
      name: "divmod",
      nout: 2,
    },
  );

  test("nout results can be taken apart", async () => {
    const [q, r] = divmod(7, 2).unpack();
    expectTypeOf(q).toEqualTypeOf<Delayed<number>>();
    expectTypeOf(r).toEqualTypeOf<Delayed<string>>();
    expect(await compute(q, r, SYNC)).toEqual([3, "r1"]);
    expect(divmod(7, 2).length).toBe(2);
    expect([...divmod(7, 2)].length).toBe(2);
    expect(() => [...(inc(1) as unknown as Iterable<unknown>)]).toThrow(/nout/);
    expect(() => delayed(inc.fn, { nout: -1 })).toThrow(/nout/);
  });

  test("items, properties and methods of results are tasks; equal ones are the same", async () => {
    const text = delayed(() => ({ name: "warp", tags: new Map([["k", [1, 2]]]) }), {
      name: "make",
    })();
    expect(await text.get("name").call("toUpperCase").compute(SYNC)).toBe("WARP");
    expect(text.get("name").key).toBe(text.get("name").key);
    const twice = delayed([text.get("name"), text.get("name")]);
    expect(unfused(twice.lower().outputs).count).toBe(3);
    expect(await text.get("tags").call("get", "k").compute(SYNC)).toEqual([1, 2]);
    expectTypeOf(text.get("name").call("indexOf", "a")).toEqualTypeOf<Delayed<number>>();
    const wrong = (text.get("name") as unknown as Delayed<{ upper(): string }>).call("upper");
    const failed: unknown = await wrong.compute(SYNC).catch((e: unknown) => e);
    expect(String(failed)).toMatch(/upper is no method/);
  });
});

describe("looking at one", () => {
  test("it is no promise and says what to do", async () => {
    const value = inc(1);
    expect(await value).toBe(value);
    expect("then" in value).toBe(false);
    expect(String(value)).toBe(`Delayed(${value.key}; not computed: use await x.compute())`);
    expect(inspect(value)).toBe(String(value));
    expect(JSON.stringify({ value })).toContain("not computed");
    expect(() => (value as unknown as number) * 2).toThrow(/await x.compute\(\)/);
  });

  test("its graph lists layers and tasks", () => {
    const { graph } = add(inc(1), inc(2));
    expect(graph.count).toBe(3);
    expect(graph.toString()).toMatch(/3 tasks: inc, add/);
  });
});

describe("bad input", () => {
  testHere("a circle with a lazy value is refused, one without is a literal", async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const see = delayed((x: unknown) => x, { name: "see" });
    expect(await see(circle).compute(SYNC)).toBe(circle);
    circle.push(inc(1));
    expect(() => see({ a: circle })).toThrow(expect.objectContaining({ code: "CycleInGraph" }));
  });

  test("empty names", () => {
    expect(() => delayed(inc.fn, { name: "" })).toThrow(/name is empty/);
  });
});

describe("decorator form", () => {
  class Scale {
    factor: number;
    constructor(factor: number) {
      this.factor = factor;
    }
    times(x: number): number {
      return this.factor * x;
    }
  }
  const context = { kind: "method", name: "times" } as unknown as ClassMethodDecoratorContext;

  test("makes the calls of a method lazy and takes the object along", async () => {
    // Node 20 has no decorator syntax: what `@delayed.method times(x) {…}` does, by hand.
    const lazy = delayed.method(Scale.prototype.times, context);
    const result: unknown = lazy.call(new Scale(3), 4);
    expect(result).toBeInstanceOf(Delayed);
    expect((result as Delayed).key).toMatch(/^times-/);
    expect(await (result as Delayed).compute(SYNC)).toBe(12);
    const pure = delayed.method({ pure: true, name: "scaled" })(Scale.prototype.times, context);
    const twice = [pure.call(new Scale(2), 1), pure.call(new Scale(2), 1)] as unknown as Delayed[];
    expect(twice[0]?.key).toBe(twice[1]?.key);
    expect(twice[0]?.key).toMatch(/^scaled-/);
  });
});

test("types: arguments may be lazy at any depth, results are those of the function", () => {
  const mean = delayed(
    (xs: number[], options: { weights: number[] }) => xs.length + options.weights.length,
  );
  expectTypeOf(mean([inc(1), 2], { weights: [inc(2)] })).toEqualTypeOf<Delayed<number>>();
  // @ts-expect-error: a text is no number, lazy or not.
  mean([delayed(() => "a")()], { weights: [] });
  expectTypeOf(delayed(async () => 1)()).toEqualTypeOf<Delayed<number>>();
  expectTypeOf(delayed([inc(1), inc(2)])).toEqualTypeOf<Delayed<number[]>>();
  // Not called: nobody would wait for it.
  const several = () => compute(inc(1), { a: inc(1) }, "x", SYNC);
  expectTypeOf(several).returns.resolves.toEqualTypeOf<[number, { a: number }, string]>();
});
