/**
 * @file What a member of a gang may do with the others: messages in order between any two, and what
 * is built on them. All of a collective's members call it, in the same order.
 */
import type { Actor } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import type { GangSeat } from "./gang-seat.ts";

/** A message between members. */
export interface Letter {
  readonly from: number;
  /** Collectives do not mix with what users send. */
  readonly box: "user" | "own";
  /** Counts the letters of a box. */
  readonly number: number;
  readonly value: unknown;
}

/** How `allReduce` puts elements together. */
export type Reduction = "sum" | "product" | "min" | "max";

/** Arrays that can be reduced. */
export type ReducibleArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

const REDUCE: Readonly<Record<Reduction, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  product: (a, b) => a * b,
  min: Math.min,
  max: Math.max,
};

/** So many letters of one sender may wait; then it waits. */
const WAITING_MAX = 64;

interface Box {
  /** Letters that have come, by number: they may overtake each other. */
  readonly letters: Map<number, unknown>;
  /** Number of the next letter to be read. */
  next: number;
  sent: number;
  /** Who waits for a letter. */
  readonly readers: (() => void)[];
  /** Senders that wait for room. */
  readonly senders: (() => void)[];
}

export class GangContext {
  /** Number of this member, from 0. */
  readonly rank: number;
  /** How many members there are. */
  readonly size: number;
  readonly #peers: readonly Actor<GangSeat>[];
  readonly #boxes = new Map<string, Box>();
  #failure: HeddleError | undefined;

  /** @internal */
  constructor(rank: number, peers: readonly Actor<GangSeat>[]) {
    this.rank = rank;
    this.size = peers.length;
    this.#peers = peers;
  }

  /**
   * Sends a copy of a value; resolves when it has come, and later where the other has many to read.
   * Errors: `Lost` when a member is gone, and the gang with it.
   */
  async send(to: number, value: unknown): Promise<void> {
    await this.#send(to, "user", value);
  }

  /** The next value of another member, in the order in which it sent them. Errors as for `send`. */
  async recv(from: number): Promise<unknown> {
    return await this.#recv(from, "user");
  }

  /** Resolves when all members have come here. */
  async barrier(): Promise<void> {
    await this.#gather(undefined, 0);
    await this.broadcast(undefined, 0);
  }

  /** The value of member `root`, for all. */
  async broadcast<T>(value: T, root: number = 0): Promise<T> {
    if (this.rank !== root) return (await this.#recv(root, "own")) as T;
    await Promise.all(this.#others.map((to) => this.#send(to, "own", value)));
    return value;
  }

  /** The values of all members by rank at member `root`; undefined at the others. */
  async gather<T>(value: T, root: number = 0): Promise<T[] | undefined> {
    return await this.#gather(value, root);
  }

  /**
   * The element-wise sum (or product, smallest, largest) of the members' arrays, for all; always
   * taken in the order of ranks, so that it is the same each time.
   */
  async allReduce<A extends ReducibleArray>(array: A, how: Reduction = "sum"): Promise<A> {
    const arrays = await this.#gather(array, 0);
    if (arrays === undefined) return (await this.#recv(0, "own")) as A;
    const total = array.slice() as A;
    const reduce = REDUCE[how];
    for (const other of arrays.slice(1)) {
      for (let i = 0; i < total.length; i++) total[i] = reduce(total[i]!, other[i]!);
    }
    return await this.broadcast(total, 0);
  }

  /** @internal */
  async deliver({ from, box, number, value }: Letter): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const to = this.#box(from, box);
    to.letters.set(number, value);
    wake(to.readers);
    while (to.letters.size > WAITING_MAX && this.#failure === undefined) {
      await new Promise<void>((resolve) => to.senders.push(resolve));
    }
  }

  /** All who wait fail. @internal */
  abort(error: HeddleError): void {
    this.#failure ??= error;
    for (const box of this.#boxes.values()) {
      wake(box.readers);
      wake(box.senders);
    }
  }

  get #others(): number[] {
    return this.#peers.flatMap((_, rank) => (rank === this.rank ? [] : [rank]));
  }

  async #gather<T>(value: T, root: number): Promise<T[] | undefined> {
    if (this.rank !== root) {
      await this.#send(root, "own", value);
      return undefined;
    }
    const values: T[] = [];
    for (let from = 0; from < this.size; from++) {
      values.push(from === root ? value : ((await this.#recv(from, "own")) as T));
    }
    return values;
  }

  async #send(to: number, box: Letter["box"], value: unknown): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const peer = this.#peers[to];
    if (peer === undefined) throw noMember(to, this.size);
    const number = this.#box(to, box).sent++;
    await peer.deliver({ from: this.rank, box, number, value }).result();
  }

  async #recv(from: number, name: Letter["box"]): Promise<unknown> {
    if (this.#peers[from] === undefined) throw noMember(from, this.size);
    const box = this.#box(from, name);
    const number = box.next++;
    while (!box.letters.has(number)) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => box.readers.push(resolve));
    }
    const value = box.letters.get(number);
    box.letters.delete(number);
    box.senders.shift()?.();
    return value;
  }

  #box(other: number, name: Letter["box"]): Box {
    const key = `${name}${other}`;
    const known = this.#boxes.get(key);
    if (known !== undefined) return known;
    const letters = new Map<number, unknown>();
    const box: Box = { letters, next: 0, sent: 0, readers: [], senders: [] };
    this.#boxes.set(key, box);
    return box;
  }
}

function wake(waiting: (() => void)[]): void {
  for (const resume of waiting.splice(0)) resume();
}

function noMember(rank: number, size: number): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `there is no member ${rank} of the gang; ranks go from 0 to ${size - 1}`,
  );
}
