/**
 * @file A member of a gang in its task thread: an actor of ours that has the user's object and the
 * boxes of what the other members have sent. Members send to each other directly. The task that
 * made it goes on, and so holds its slot, until the member leaves.
 */

import type { Actor } from "../actors/actor.ts";
import { actorOf, referenceOf } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { currentTask, runOutsideTask } from "../threads/task-context.ts";
import { getClient } from "./context.ts";
import { Queue } from "./coordination/queue.ts";
import { GangContext, type Letter } from "./gang-context.ts";
import * as self from "./gang-seat.ts";

/** What a member is told when all have their places. */
export interface GangStart {
  readonly rank: number;
  readonly peers: readonly Actor<GangSeat>[];
  readonly make: new (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  /** What `checkpoint` gave in an earlier epoch. */
  readonly state?: { readonly value: unknown };
}

let current: GangContext | undefined;

/**
 * The gang that this thread is a member of: for the constructor and the methods of a class given to
 * `group`. Errors: `InvalidArgument` anywhere else.
 */
export function getGang(): GangContext {
  if (current !== undefined) return current;
  throw new HeddleError(
    "InvalidArgument",
    "getGang works inside of members of a gang only: see group",
  );
}

type Member = Record<string, ((...args: unknown[]) => unknown) | undefined>;

/** What a gang's members are to each other and to their client. */
export class GangSeat {
  #member: Member | undefined;
  #context: GangContext | undefined;
  #leave: () => void = () => undefined;
  readonly #left: Promise<void>;

  constructor() {
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** Makes the member. */
  async start({ rank, peers, make, args, state }: GangStart): Promise<void> {
    this.#context = new GangContext(rank, peers);
    current = this.#context;
    this.#member = new make(...(args as never[])) as Member;
    if (state !== undefined) await this.#member["restore"]?.(state.value);
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const member = this.#member as Member;
    if (typeof member[method] === "function") return await member[method](...args);
    throw new HeddleError("InvalidArgument", `the members of the gang have no method ${method}`);
  }

  has(method: string): boolean {
    return typeof this.#member?.[method] === "function";
  }

  /** Another member has sent something; returns when there is room for more. */
  async deliver(letter: Letter): Promise<void> {
    await this.#context?.deliver(letter);
  }

  /** Returns when the member leaves. */
  async wait(): Promise<void> {
    await this.#left;
  }

  abort(message: string, dead: readonly number[]): void {
    this.#context?.abort(new HeddleError("Lost", message, { fields: { dead } }));
  }

  leave(): void {
    if (current === this.#context) current = undefined;
    this.#leave();
  }
}

/** The task of a member: puts its seat into the queue and stays until it is left. */
export async function takeSeat(queue: string): Promise<void> {
  const { actorHost } = await import("../actors/host.ts");
  const key = currentTask()?.key ?? "gang";
  const spec = { key, concurrency: Number.POSITIVE_INFINITY, gone: () => undefined };
  const seat = actorOf(await actorHost.make(GangSeat, [], spec)) as Actor<GangSeat>;
  await referenceOf(seat).held;
  currentTask()?.onEnd(() => {
    seat.leave();
  });
  // A task that waits lends its slot: another member might come to the same thread.
  await runOutsideTask(async () => {
    await new Queue(queue, { client: getClient() }).put(seat);
  });
  await seat.wait().settled;
  referenceOf(seat).release();
}

referToAll(import.meta.url, self);
