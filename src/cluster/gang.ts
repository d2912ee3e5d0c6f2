/**
 * @file Gangs as clients see them: n objects of a class, each in a task thread of its own, placed
 * all or not at all. When one dies, all are told; a new epoch may begin from the last checkpoint.
 */
import type { Actor } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import { unique } from "./call-facts.ts";
import type { Client } from "./client.ts";
import { getClient } from "./context.ts";
import { Queue } from "./coordination/queue.ts";
import type { Future } from "./future.ts";
import { type GangSeat, takeSeat } from "./gang-seat.ts";
import { describeGiven, isClass } from "./given.ts";

/** Time in which all members must have found places. */
const PLACE_MS = 30_000;
/** How often a gang that begins anew looks whether there are threads enough. */
const LOOK_MS = 100;

type Methods<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K];
};
type MethodOf<T, K> = K extends keyof T
  ? T[K] extends (...args: infer A) => infer R
    ? { readonly args: A; readonly result: Awaited<R> }
    : never
  : never;

/** A class whose objects are members of a gang. */
export type MemberClass<A extends unknown[], T> = new (...args: A) => T;

interface Seat {
  readonly actor: Actor<GangSeat>;
  readonly task: Future<void>;
}

/** A gang that runs. */
export class Gang<T extends object> {
  readonly size: number;
  readonly #client: Client;
  readonly #make: MemberClass<never[], T>;
  readonly #args: readonly unknown[];
  #seats: readonly Seat[] = [];
  #tasks: readonly Future<void>[] = [];
  #states: readonly unknown[] | undefined;
  #failure: HeddleError | undefined;
  #isReleased = false;
  /** Resolves when the epoch has ended. */
  #ended: Promise<undefined> = Promise.resolve(undefined);
  #end: () => void = () => undefined;
  #epoch = 0;

  private constructor(
    client: Client,
    size: number,
    make: MemberClass<never[], T>,
    args: readonly unknown[],
  ) {
    this.#client = client;
    this.size = size;
    this.#make = make;
    this.#args = args;
  }

  /** @internal */
  static async start<T extends object>(
    client: Client,
    size: number,
    make: MemberClass<never[], T>,
    args: readonly unknown[],
  ): Promise<Gang<T>> {
    const gang = new Gang<T>(client, size, make, args);
    await gang.#place(performance.now() + PLACE_MS);
    return gang;
  }

  /** How often the gang has been placed, from 1. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why the gang does not run any more, if so. */
  get failure(): HeddleError | undefined {
    return this.#failure;
  }

  /**
   * Calls a method of all members; resolves to what they return, by rank. Errors: what a method
   * throws; `Lost`, naming the dead, when a member has died: then all others fail, too; `Cancelled`
   * when the gang is released meanwhile.
   */
  async call<K extends keyof Methods<T> & string>(
    method: K,
    ...args: MethodOf<T, K>["args"]
  ): Promise<MethodOf<T, K>["result"][]> {
    return (await this.#callAll(method, args)) as MethodOf<T, K>["result"][];
  }

  async #callAll(method: string, args: readonly unknown[]): Promise<unknown[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const calls = this.#seats.map(({ actor }) => actor.call(method, args).result());
    // A member that goes on, whatever becomes of the others, holds nobody up.
    const settled = await Promise.race([Promise.allSettled(calls), this.#ended]);
    // Who has died is known before what the others make of it.
    if (this.#failure !== undefined) throw this.#failure;
    if (settled === undefined) throw released();
    return settled.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }

  /** Keeps what each member's `checkpoint()` returns: `restart` gives it to `restore(state)`. */
  async checkpoint(): Promise<void> {
    this.#states = await this.#callAll("checkpoint", []);
  }

  /**
   * Begins a new epoch: all members are made anew, from the last checkpoint if there is one. A
   * worker that takes a dead one's place is waited for. Errors: `NoWorkers` when there are not so
   * many free threads within 30 seconds.
   */
  async restart(): Promise<void> {
    this.#leave();
    const endMs = performance.now() + PLACE_MS;
    while ((await this.#threads()) < this.size && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    await this.#place(endMs);
  }

  /** How many task threads there are, free or not. */
  async #threads(): Promise<number> {
    return (await this.#client.schedulerInfo()).threads;
  }

  /** Ends the gang and frees its slots. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#leave();
    await Promise.allSettled(this.#tasks.map((task) => task.exception()));
  }

  async #place(endMs: number): Promise<void> {
    this.#failure = undefined;
    const threads = await this.#threads();
    if (threads < this.size) throw noPlace(this.size, `the cluster has ${threads} task threads`);
    const name = `gang-${unique()}`;
    const queue = new Queue<Actor<GangSeat>>(name, { client: this.#client });
    const options = this.#client.options({ pure: false });
    const tasks = Array.from({ length: this.size }, () => options.submit(takeSeat, name));
    this.#tasks = tasks;
    const actors: Actor<GangSeat>[] = [];
    try {
      while (actors.length < this.size) {
        actors.push(await queue.get({ timeoutMs: Math.max(0, endMs - performance.now()) }));
      }
    } catch (cause) {
      for (const actor of actors) actor.leave();
      await this.#client.cancel([...tasks], { force: true });
      throw noPlace(this.size, `${actors.length} had places after ${PLACE_MS} ms`, cause);
    } finally {
      await queue.close().catch(() => undefined);
    }
    this.#epoch++;
    this.#ended = new Promise((resolve) => {
      this.#end = () => resolve(undefined);
    });
    this.#seats = actors.map((actor, i) => ({ actor, task: tasks[i] as Future<void> }));
    for (const [rank, { actor }] of this.#seats.entries()) this.#watch(this.#epoch, rank, actor);
    try {
      await this.#begin(actors);
    } catch (error) {
      this.#leave();
      throw this.#failure ?? error;
    }
  }

  async #begin(actors: readonly Actor<GangSeat>[]): Promise<void> {
    const states = this.#states;
    const common = { make: this.#make, args: this.#args };
    // Nobody's constructor finds another one who is not there yet.
    await Promise.all(actors.map((actor, rank) => actor.meet(rank, actors).result()));
    await Promise.all(
      actors.map((actor, rank) => {
        const state = states === undefined ? {} : { state: { value: states[rank] } };
        return actor.start({ ...common, ...state }).result();
      }),
    );
  }

  /** The first that dies ends the epoch. */
  #watch(epoch: number, rank: number, actor: Actor<GangSeat>): void {
    actor
      .wait()
      .exception()
      .then((error) => {
        if (error === undefined || epoch !== this.#epoch || this.#isReleased) return;
        if (this.#failure !== undefined) return;
        const message = `member ${rank} of the gang is gone: ${(error as Error).message}`;
        this.#failure = new HeddleError("Lost", message, {
          cause: error,
          fields: { dead: [rank] },
        });
        for (const seat of this.#seats) seat.actor.abort("Lost", message, [rank]);
        this.#end();
      })
      .catch(() => undefined);
  }

  #leave(): void {
    for (const { actor } of this.#seats) actor.leave();
    this.#seats = [];
    this.#end();
    for (const task of this.#tasks) task.cancel({ force: true }).catch(() => undefined);
  }
}

function released(): HeddleError {
  return new HeddleError("Cancelled", "the gang was released while its members were called");
}

function noPlace(size: number, why: string, cause?: unknown): HeddleError {
  return new HeddleError(
    "NoWorkers",
    `a gang of ${size} needs ${size} free task threads at once, one for each member: ${why}. ` +
      "Make it smaller, add workers, or end what holds their threads.",
    { cause, fields: { size } },
  );
}

function checkGang(size: unknown, make: unknown): void {
  if (!Number.isSafeInteger(size) || (size as number) < 1) {
    throw new HeddleError(
      "InvalidArgument",
      `group: size is ${describeGiven(size)}; it must be an integer of at least 1, the number of ` +
        "members",
    );
  }
  if (isClass(make)) return;
  throw new HeddleError(
    "InvalidArgument",
    "group takes a size and a class, then the arguments of its constructor, but was given " +
      `${describeGiven(make)} in place of the class`,
  );
}

/**
 * A gang: `size` objects of a class, each in a task thread of its own that runs nothing else, on
 * all workers together. They are placed all or not at all, know each other (`getGang()`), and send
 * to each other directly. When one dies, calls of all fail, and `restart` begins anew. The gang is
 * one of the current client: `client.asCurrent(() => group(...))` says which.
 *
 * Errors: `NoWorkers` when there are not so many free threads; `InvalidArgument` for a size that is
 * no positive integer, and for what is no class.
 *
 * @example
 * import { Client } from "heddle";
 * import { getGang, group } from "heddle/distributed";
 * class Trainer {
 *   async step(): Promise<number> {
 *     const { rank, size } = getGang();
 *     const [sum] = await getGang().allReduce(Float64Array.of(rank + 1));
 *     return (sum ?? 0) / size;
 *   }
 * }
 * await Client.with({ threads: 2 }, async () => {
 *   const gang = await group(2, Trainer);
 *   console.log(await gang.call("step")); // [ 1.5, 1.5 ]
 *   await gang.release();
 * });
 */
export async function group<A extends unknown[], T extends object>(
  size: number,
  make: new (...args: A) => T,
  ...args: A
): Promise<Gang<T>> {
  checkGang(size, make);
  return await Gang.start<T>(getClient(), size, make as never, args);
}
