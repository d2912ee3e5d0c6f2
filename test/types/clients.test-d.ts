/** @file Types of clients and futures: what calls infer, and what must not compile. */
import { expectTypeOf, test } from "vitest";
import { arange, type DistArray } from "../../src/array/index.ts";
import { type Bag, range } from "../../src/bag/index.ts";
import {
  getTaskMetadata,
  group,
  performanceReport,
  type SupervisorPlugin,
} from "../../src/cluster/index.ts";
import {
  type Actor,
  type ActorFuture,
  asCompleted,
  Client,
  type Delayed,
  delayed,
  type Future,
  type FutureList,
  span,
  wait,
} from "../../src/index.ts";
import type { NDArray } from "../../src/ndarray/index.ts";

const client = new Client({ embedded: true });
const add = (a: number, b: number): number => a + b;
const two = delayed(() => 2)();
const bag = range(3);

test("arguments may be values, futures, delayed values and collections", () => {
  const one = client.submit(async (x: number) => x, 1);
  expectTypeOf(one).toEqualTypeOf<Future<number>>();
  expectTypeOf(client.submit(add, one, two)).toEqualTypeOf<Future<number>>();
  expectTypeOf(client.submit(add, arange(3).sum(), 1)).toEqualTypeOf<Future<number>>();
  client.submit((items: number[]) => items.length, bag);
  client.submit((items: number[]) => items.length, client.map(add, [1], [2]));
  client.submit((o: { xs: number[] }) => o.xs.length, { xs: [one, two, 3] });
  client.submit((a: NDArray<"float64">) => a.size, arange(3).astype("float64"));
  // @ts-expect-error a text is no number
  client.submit(add, 1, "2");
  const text = client.submit(() => "2");
  // @ts-expect-error nor is what becomes one
  client.submit(add, 1, text);
});

test("lists of map may be mixed", () => {
  const futures = client.map(add, [1, 2], [two, client.submit(() => 1)]);
  expectTypeOf(futures).toEqualTypeOf<FutureList<number>>();
  expectTypeOf(client.map(add, futures, new Set([1]))).toEqualTypeOf<FutureList<number>>();
  // @ts-expect-error a number is no list
  client.map(add, [1], 5);
});

test("futures of different types are waited for together", async () => {
  const mixed = [client.submit(() => 1), client.submit(() => "s")] as const;
  type Mixed = Future<number> | Future<string>;
  for await (const future of asCompleted(mixed)) {
    expectTypeOf(future).toEqualTypeOf<Mixed>();
    expectTypeOf(await future.result()).toEqualTypeOf<number | string>();
  }
  for await (const pair of asCompleted([...mixed], { withResults: true })) {
    expectTypeOf(pair).toEqualTypeOf<[Future<number>, number] | [Future<string>, string]>();
  }
  for await (const pair of asCompleted([mixed[0]], { withResults: true })) {
    expectTypeOf(pair).toEqualTypeOf<[Future<number>, number]>();
  }
  const completed = asCompleted<number | string>([]);
  completed.add(mixed[0]);
  completed.update(new Set(mixed));
  const { done, notDone } = await wait(mixed);
  expectTypeOf([...done, ...notDone]).toEqualTypeOf<Future<number | string>[]>();
  // @ts-expect-error a value is no future
  asCompleted([mixed[0], 1]);
});

test("futures and lists of them are arguments of delayed calls", () => {
  const total = delayed((xs: number[]) => xs.length);
  expectTypeOf(total(client.map(add, [1], [2]))).toEqualTypeOf<Delayed<number>>();
  expectTypeOf(delayed(add)(client.submit(add, 1, 2), 3)).toEqualTypeOf<Delayed<number>>();
  // @ts-expect-error the results are texts
  total(client.map((x: number) => String(x), [1]));
});

test("compute gives futures, or the values with sync", () => {
  expectTypeOf(client.compute(two)).toEqualTypeOf<Future<number>>();
  expectTypeOf(client.compute([two, bag])).toEqualTypeOf<[Future<number>, Future<number[]>]>();
  expectTypeOf(client.compute(two, { sync: true })).toEqualTypeOf<Promise<number>>();
  expectTypeOf(client.compute([two, bag], { sync: true, priority: 1 })).toEqualTypeOf<
    Promise<[number, number[]]>
  >();
  const list: Delayed<number>[] = [two];
  expectTypeOf(client.compute(list)).toEqualTypeOf<Future<number>[]>();
  expectTypeOf(client.persist(bag)).toEqualTypeOf<Promise<Bag<number>>>();
  const x = arange(3).astype("float64");
  expectTypeOf(client.persist([x, bag])).toEqualTypeOf<
    Promise<[DistArray<"float64">, Bag<number>]>
  >();
  // @ts-expect-error no collection
  client.compute(5);
});

test("a future knows the type of its value", () => {
  expectTypeOf(client.submit(add, 1, 2).result()).toEqualTypeOf<Promise<number>>();
});

class Counter {
  n = 0;
  constructor(start: number) {
    this.n = start;
  }
  increment(by: number): number {
    return this.n + by;
  }
  async later(): Promise<string> {
    return "";
  }
}

test("methods of actors give futures of what they return", async () => {
  const future = client.options({ actor: true }).submit(Counter, 1);
  expectTypeOf(future).toEqualTypeOf<Future<Actor<Counter>>>();
  const counter = await future.result();
  expectTypeOf(counter.increment(1)).toEqualTypeOf<ActorFuture<number>>();
  expectTypeOf(counter.later()).toEqualTypeOf<ActorFuture<string>>();
  expectTypeOf(counter.n).toEqualTypeOf<ActorFuture<number>>();
  // @ts-expect-error a text is no number
  counter.increment("1");
  // @ts-expect-error the constructor needs a number
  client.options({ actor: true }).submit(Counter, "1");
  const gang = await group(2, Counter, 1);
  expectTypeOf(gang.call("later")).toEqualTypeOf<Promise<string[]>>();
  // @ts-expect-error there is no such method
  await gang.call("decrement");
});

test("executors give promises, and what wraps a function gives what it gives", () => {
  const executor = client.getExecutor({ retries: 1 });
  expectTypeOf(executor.submit(add, 1, client.submit(add, 1, 2))).toEqualTypeOf<Promise<number>>();
  expectTypeOf(executor.map(String, [1])).toEqualTypeOf<AsyncIterableIterator<string>>();
  // @ts-expect-error a text is no number
  void executor.submit(add, 1, "2");
  expectTypeOf(performanceReport("a.html", async () => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(span("load", () => client.submit(add, 1, 2))).toEqualTypeOf<Future<number>>();
  const collected = getTaskMetadata(() => "x");
  expectTypeOf(collected).resolves.toHaveProperty("value").toEqualTypeOf<string>();
  expectTypeOf(client.recreateTaskLocally(client.submit(add, 1, 2))).resolves.toBeNumber();
  expectTypeOf(client.get({ x: 1 }, ["x"])).toEqualTypeOf<Promise<unknown[]>>();
});

test("plugins of supervisors are registered like others", () => {
  const plugin: SupervisorPlugin = { restart: true, setup: ({ workers }) => workers.length };
  expectTypeOf(client.registerPlugin(plugin, { target: "supervisors" })).resolves.toBeVoid();
});
