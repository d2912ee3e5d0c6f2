/** @file Actors on the embedded engine and on a cluster of processes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { referenceOf } from "../../dist/actors/actor.js";
import { getWorker, isActor } from "../../dist/cluster/index.js";
import { type Actor, Client, getClient, isHeddleError, LocalCluster } from "../../dist/index.js";

class Counter {
  n: number;
  readonly seen: number[] = [];

  constructor(start = 0) {
    this.n = start;
  }

  increment(by = 1): number {
    this.n += by;
    return this.n;
  }

  note(value: number): void {
    this.seen.push(value);
  }

  /** Loses what another call does meanwhile, unless there is none. */
  async slowly(): Promise<number> {
    const { n } = this;
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    this.n = n + 1;
    return this.n;
  }

  /** Ends when so many calls of it are under way. */
  async together(count: number): Promise<void> {
    this.n++;
    while (this.n < count) await new Promise(setImmediate);
  }

  get double(): number {
    return 2 * this.n;
  }

  fail(): never {
    throw new RangeError("that is too far");
  }

  sum(values: Float64Array): number {
    values[0] = values[0]! + 1;
    return values.reduce((a, b) => a + b, 0);
  }

  where(): { pid: number; address: string } {
    return { pid: process.pid, address: getWorker().address };
  }

  async submitted(x: number): Promise<number> {
    return await getClient()
      .submit((y: number) => y * 2, x)
      .result();
  }

  end(): void {
    process.kill(process.pid, "SIGKILL");
  }
}

class Player {
  other: Actor<Player> | undefined;

  meet(other: Actor<Player>): void {
    this.other = other;
  }

  async rally(strokes: number): Promise<number> {
    if (strokes === 0 || this.other === undefined) return 0;
    return 1 + (await this.other.rally(strokes - 1).result());
  }
}

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );

describe.each(["embedded", "processes"])("actors on %s", (engine) => {
  let client: Client;
  let cluster: LocalCluster | undefined;

  beforeAll(async () => {
    if (engine === "processes") {
      cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 2, dashboardAddress: null });
      client = new Client(cluster);
    } else client = new Client({ threads: 2 });
    await client.ready;
  });

  afterAll(async () => {
    await client.close();
    await cluster?.close();
  });

  const counter = async (start?: number): Promise<Actor<Counter>> =>
    await client.options({ actor: true }).submit(Counter, start).result();

  test("the state stays between calls, and fields and getters can be read", async () => {
    const one = await counter(40);
    expect(isActor(one)).toBe(true);
    expect(await one.increment().result()).toBe(41);
    expect(await one.increment(2).result()).toBe(43);
    expect(await one.n.result()).toBe(43);
    expect(await one.double.result()).toBe(86);
    expect(String(one)).toContain("Actor<Counter>");
  });

  test("calls run in the order in which they were made", async () => {
    const one = await counter();
    const numbers = Array.from({ length: 300 }, (_, i) => i);
    await Promise.all(numbers.map((i) => one.note(i).result()));
    expect(await one.seen.result()).toEqual(numbers);
  });

  test("asynchronous methods run one at a time, unless more are asked for", async () => {
    const one = await counter();
    await Promise.all([1, 2, 3].map(() => one.slowly().result()));
    expect(await one.n.result()).toBe(3);
    const loose = await client.options({ actor: true, concurrency: 3 }).submit(Counter).result();
    await Promise.all([1, 2, 3].map(() => loose.together(3).result()));
    expect(await loose.n.result()).toBe(3);
  });

  test("what a method throws comes back as it was", async () => {
    const one = await counter();
    const error = (await failure(one.fail().result())) as Error;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe("that is too far");
    expect(error.stack).toContain("fail");
    expect(await one.fail().exception()).toBeInstanceOf(RangeError);
    expect(await one.increment().result()).toBe(1);
  });

  test("a constructor that throws fails the future", async () => {
    class Broken {
      constructor() {
        throw new TypeError("no way");
      }
    }
    const error = await failure(client.options({ actor: true }).submit(Broken).result());
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  test("what the language calls is not the actor's", async () => {
    class Shown {
      toString(): string {
        return "not me";
      }
      name(): string {
        return "me";
      }
    }
    const shown = await client.options({ actor: true }).submit(Shown).result();
    expect(String(shown)).toContain("Actor<Shown>");
    expect(await shown.name().result()).toBe("me");
    class Awaited {
      // biome-ignore lint/suspicious/noThenProperty: that is what is refused.
      then(): void {}
    }
    const error = await failure(client.options({ actor: true }).submit(Awaited).result());
    expect((error as Error).cause).toMatchObject({ code: "NotSupported" });
  });

  test("how long a call is waited for is checked", async () => {
    const one = await counter();
    expect(await one.increment().result({ timeoutMs: 2 ** 40 })).toBe(1);
    for (const timeoutMs of [Number.NaN, -1, "5", Symbol("soon"), null]) {
      const error = await failure(one.increment().result({ timeoutMs: timeoutMs as number }));
      expect(isHeddleError(error, "InvalidArgument"), String(error)).toBe(true);
    }
    const late = await failure(one.increment().result({ timeout: 5 } as never));
    expect((late as Error).message).toContain('did you mean "timeoutMs"');
  });

  test("arguments are copies", async () => {
    const one = await counter();
    const values = Float64Array.of(1, 2, 3);
    expect(await one.sum(values).result()).toBe(7);
    expect(await one.sum(values).result()).toBe(7);
  });

  test("tasks get actors, as futures and as values, and call them", async () => {
    const future = client.options({ actor: true }).submit(Counter, 0);
    const one = await future.result();
    const add = async (actor: Actor<Counter>, by: number): Promise<number> =>
      await actor.increment(by).result();
    await client.submit(add, future, 100).result();
    const adds = [1, 2, 3, 4, 5, 6].map((by) => client.submit(add, one, by).result());
    await Promise.all(adds);
    expect(await one.n.result()).toBe(121);
    expect(await one.submitted(21).result()).toBe(42);
  });

  test("actors that call each other do not wait for each other for ever", async () => {
    const make = client.options({ actor: true });
    const [a, b] = await Promise.all([make.submit(Player).result(), make.submit(Player).result()]);
    await a.meet(b).result();
    await b.meet(a).result();
    expect(await a.rally(9).result()).toBe(9);
  });

  test("an actor outlives its future while somebody has it", async () => {
    const future = client.options({ actor: true }).submit(Counter, 7);
    const one = await future.result();
    future.release();
    await client.submit((x: number) => x, 1).result();
    expect(await one.increment().result()).toBe(8);
  });

  test("an actor goes when nobody refers to it", async () => {
    const future = client.options({ actor: true }).submit(Counter, 7);
    const one = await future.result();
    expect(await one.increment().result()).toBe(8);
    future.release();
    referenceOf(one).release();
    let error: unknown;
    while (error === undefined) error = await one.increment().exception();
    expect(isHeddleError(error, "Lost")).toBe(true);
    expect((error as Error).message).toContain("nobody referred to it");
  });

  test("a published actor stays until it is unpublished", async () => {
    const future = client.options({ actor: true }).submit(Counter, 7);
    const one = await future.result();
    await client.publishDataset("counters", { all: [one] });
    future.release();
    referenceOf(one).release();
    for (let i = 0; i < 5; i++)
      await client
        .options({ pure: false })
        .submit(() => 1)
        .result();
    const { all } = (await client.getDataset("counters")) as { all: [Actor<Counter>] };
    expect(await all[0].increment().result()).toBe(8);
    referenceOf(all[0]).release();
    await client.unpublishDataset("counters");
    let error: unknown;
    while (error === undefined) error = await one.increment().exception();
    expect(isHeddleError(error, "Lost")).toBe(true);
  });

  test("a member that is not there is named", async () => {
    const one = (await counter()) as unknown as Record<string, undefined>;
    expect(one["decrement"]).toBeUndefined();
    expect(() => client.options({ actor: true }).submit((() => 1) as never)).toThrow(
      /takes a class/,
    );
  });
});

test("each worker gets as many actors, and those of a dead one are lost", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  const client = new Client(cluster);
  client.ready.catch(() => undefined);
  try {
    await client.waitForWorkers(2);
    const make = client.options({ actor: true });
    const futures = [1, 2, 3, 4].map((n) => make.submit(Counter, n));
    const actors = await Promise.all(futures.map((future) => future.result()));
    const places = await Promise.all(actors.map((actor) => actor.where().result()));
    const first = places[0]!.pid;
    expect(places.filter(({ pid }) => pid === first)).toHaveLength(2);
    const lost = await failure(actors[0]!.end().result());
    expect(isHeddleError(lost, "Lost")).toBe(true);
    expect((lost as Error).message).toContain(futures[0]!.key);
    const again = await failure(actors[0]!.increment().result());
    expect(isHeddleError(again, "Lost")).toBe(true);
    const future = await futures[0]!.exception();
    expect(isHeddleError(future?.cause, "Lost")).toBe(true);
    const other = actors[places.findIndex(({ pid }) => pid !== first)]!;
    expect(await other.increment(10).result()).toBeGreaterThan(10);
  } finally {
    await client.close();
    await cluster.close();
  }
});

test("an actor whose thread runs a long task is busy, not lost, for who comes first", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  const client = new Client(cluster);
  try {
    await client.waitForWorkers(2);
    const one = await client.options({ actor: true }).submit(Counter).result();
    const { address } = await one.where().result();
    const other = Object.keys(await client.run(() => 1)).find((worker) => worker !== address);
    const block = (): void => {
      const endMs = performance.now() + 1500;
      while (performance.now() < endMs);
    };
    const busy = client.options({ workers: address }).submit(block);
    const add = async (actor: Actor<Counter>): Promise<number> => await actor.increment().result();
    expect(
      await client
        .options({ workers: other as string })
        .submit(add, one)
        .result(),
    ).toBe(1);
    await busy.result();
  } finally {
    await client.close();
    await cluster.close();
  }
});
