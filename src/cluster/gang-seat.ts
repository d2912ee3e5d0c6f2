/**
 * @file A member of a gang in its task thread: an actor of ours that has the user's object and the
 * boxes of what the other members have sent. Members send to each other directly. The task that
 * made it goes on, and so holds its slot, until the member leaves.
 */

import type { Actor } from "../actors/actor.ts";
import { actorOf, referenceOf } from "../actors/actor.ts";
import { type ErrorCode, HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { currentTask, runOutsideTask } from "../threads/task-context.ts";
import { getClient } from "./context.ts";
import { Queue } from "./coordination/queue.ts";
import type { Letter } from "./gang-boxes.ts";
import { GangContext } from "./gang-context.ts";
import {
  hearOffers,
  offeredMemory,
  offerMemory,
  ranksByProcess,
  refuseOffer,
} from "./gang-offers.ts";
import * as self from "./gang-seat.ts";

/** What a member is told when all have their places. */
export interface GangStart {
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
  #failure: HeddleError | undefined;
  /** Under which name memory is shared with the other members of this process. */
  #memory: string | undefined;
  #leave: () => void = () => undefined;
  readonly #left: Promise<void>;

  constructor() {
    hearOffers();
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** Takes the member's place among the others: from now on they can send to it. */
  async meet(rank: number, peers: readonly Actor<GangSeat>[]): Promise<void> {
    const handles = peers.map((peer) => referenceOf(peer).handle);
    const processes = ranksByProcess(handles.map(({ place }) => place));
    const near = processes.find((ranks) => ranks.includes(rank)) ?? [];
    let buffer: SharedArrayBuffer | undefined;
    if (near.length > 1) {
      const [first = 0, ...others] = near;
      this.#memory = handles[first]!.id;
      if (this.#failure !== undefined) throw this.#failure;
      const threads = others.map((other) => handles[other]!.place.thread);
      buffer =
        rank === first
          ? await offerMemory(this.#memory, near.length, threads)
          : await offeredMemory(this.#memory);
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#context = new GangContext(rank, peers, processes, buffer);
  }

  /** Makes the member. */
  async start({ make, args, state }: GangStart): Promise<void> {
    current = this.#context;
    this.#member = new make(...(args as never[])) as Member;
    if (state !== undefined) await this.#member["restore"]?.(state.value);
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const member = this.#member as Member;
    if (typeof member[method] === "function") return await member[method](...args);
    throw new HeddleError("InvalidArgument", `the members of the gang have no method ${method}`);
  }

  /** Another member has sent something; returns when there is room for more. */
  async deliver(letter: Letter): Promise<void> {
    await this.#context?.deliver(letter);
  }

  /** Another member has waited for long in a collective. */
  compare(from: number, number: number, subject: number): void {
    this.#context?.compare(from, number, subject);
  }

  /** Returns when the member leaves. */
  async wait(): Promise<void> {
    await this.#left;
  }

  /** Whoever waits for another member fails with this. */
  abort(code: ErrorCode, message: string, dead: readonly number[]): void {
    this.#failure ??= new HeddleError(code, message, { fields: { dead } });
    if (this.#memory !== undefined) refuseOffer(this.#memory, this.#failure);
    this.#context?.abort(this.#failure);
  }

  leave(): void {
    this.abort("Cancelled", "the gang was released", []);
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
