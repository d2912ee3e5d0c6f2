/**
 * @file What a member of a gang may do with the others: messages in order between any two, and what
 * is built on them. Members in threads of one process send through shared memory
 * (`gang-memory.ts`), others over a connection between their threads. All of a collective's members
 * call it, in the same order.
 */
import type { Actor } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { GangAgreement } from "./gang-agreement.ts";
import { type BoxName, GangBoxes, type Letter } from "./gang-boxes.ts";
import { GangMemory, type SendOptions } from "./gang-memory.ts";
import {
  checkOut,
  partEnds,
  type ReducibleArray,
  type Reduction,
  reduceArrays,
} from "./gang-reduce.ts";
import type { GangSeat } from "./gang-seat.ts";
import { BARRIER, checkSubject, NO_SUBJECT, rootedSubject, subjectOf } from "./gang-subjects.ts";

/** Up to so many bytes it is faster that one member reduces alone. */
const REDUCED_ALONE_BYTES = 2 ** 13;
/** Who waits for so long in a collective tells the others in which. */
const LONG_MS = 1000;

export class GangContext {
  /** Number of this member, from 0. */
  readonly rank: number;
  /** How many members there are. */
  readonly size: number;
  readonly #peers: readonly Actor<GangSeat>[];
  /** The first member of each process, in order. */
  readonly #firsts: readonly number[];
  readonly #boxes = new GangBoxes();
  readonly #memory: GangMemory | undefined;
  readonly #agreement: GangAgreement;
  readonly #sent = new Map<string, number>();

  /**
   * `processes` are the ranks in each process; `buffer` is what those of this one share, if there
   * are several. @internal
   */
  constructor(
    rank: number,
    peers: readonly Actor<GangSeat>[],
    processes: readonly (readonly number[])[],
    buffer: SharedArrayBuffer | undefined,
  ) {
    this.rank = rank;
    this.size = peers.length;
    this.#peers = peers;
    this.#agreement = new GangAgreement(rank);
    this.#firsts = processes.map((ranks) => ranks[0]!);
    if (buffer === undefined) return;
    const near = processes.find((ranks) => ranks.includes(rank))!;
    this.#memory = new GangMemory(buffer, near, near.indexOf(rank), this.#boxes);
  }

  /**
   * Sends a copy of a value; resolves when it is on its way, and later where the other has many to
   * read. Errors: `Lost` when a member is gone, and the gang with it.
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
    const outside =
      this.#firsts.length === 1 ? undefined : async () => await this.#meet(this.#firsts);
    await this.#together(BARRIER, async () => {
      if (this.#memory !== undefined) await this.#memory.barrier(outside);
      else await outside?.();
    });
  }

  /** The value of member `root`, for all. */
  async broadcast<T>(value: T, root: number = 0): Promise<T> {
    const subject = this.#orEndForAll(() => rootedSubject("broadcast", this.#checkRoot(root)));
    return await this.#together(subject, async () => await this.#broadcast(value, root, subject));
  }

  /** The values of all members by rank at member `root`; undefined at the others. */
  async gather<T>(value: T, root: number = 0): Promise<T[] | undefined> {
    const subject = this.#orEndForAll(() => rootedSubject("gather", this.#checkRoot(root)));
    return await this.#together(subject, async () => await this.#gather(value, root, subject));
  }

  /**
   * The element-wise sum (or product, smallest, largest) of the members' arrays, for all; always
   * taken in the order of ranks, so that it is the same each time, wherever members are. The array
   * must stay as it is until then. Large ones are reduced by all members, a part each. With `out`,
   * which may be the array itself, the result is written there: new memory for each takes longer
   * than all else.
   *
   * Errors: `InvalidArgument` for what cannot be reduced, and when members give arrays of different
   * types or lengths, or reductions, which ends the gang's epoch for all.
   */
  async allReduce<A extends ReducibleArray>(
    array: A,
    how: Reduction = "sum",
    options: { readonly out?: A } = {},
  ): Promise<A> {
    const subject = this.#orEndForAll(() => {
      checkOptionNames("allReduce", options, ["out"]);
      checkOut(array, options.out);
      return subjectOf(array, how);
    });
    return await this.#together(subject, async () =>
      array.byteLength > REDUCED_ALONE_BYTES
        ? await this.#reduceInParts(array, how, options.out, subject)
        : await this.#reduceAlone(array, how, options.out, subject),
    );
  }

  /** The first member reduces for all. */
  async #reduceAlone<A extends ReducibleArray>(
    array: A,
    how: Reduction,
    out: A | undefined,
    subject: number,
  ): Promise<A> {
    const arrays = await this.#gather(array, 0, subject);
    const reduced = arrays === undefined ? array : reduceArrays(arrays, how);
    const total = await this.#broadcast(reduced, 0, subject);
    if (out === undefined) return total;
    out.set(total);
    return out;
  }

  /** Each member reduces a part for all. */
  async #reduceInParts<A extends ReducibleArray>(
    array: A,
    how: Reduction,
    out: A | undefined,
    subject: number,
  ): Promise<A> {
    const ends = partEnds(array.length, this.size);
    const startOf = (rank: number): number => ends[rank - 1] ?? 0;
    const part = (rank: number): A => array.subarray(startOf(rank), ends[rank]) as A;
    const sent = { subject, stays: true };
    const sending = this.#others.map((to) => this.#send(to, "own", part(to), sent));
    const [parts] = await Promise.all([this.#collect(part(this.rank), subject), ...sending]);
    const total = reduceArrays(parts, how, this.rank > 0);
    const telling = this.#others.map((to) => this.#send(to, "own", total, sent));
    const [totals] = await Promise.all([this.#collect(total, subject), ...telling]);
    const result = out ?? (array.slice() as A);
    for (const [rank, one] of totals.entries()) result.set(one, startOf(rank));
    // All have what was sent to them, and nobody else has seen what came.
    this.#memory?.recycle([
      ...new Set([...totals, ...parts.filter((_, rank) => rank !== this.rank)]),
    ]);
    return result;
  }

  /** Takes in a letter; resolves when there is room for more. @internal */
  async deliver(letter: Letter): Promise<void> {
    if (this.#boxes.failure !== undefined) throw this.#boxes.failure;
    this.#boxes.put(letter);
    await this.#boxes.room(letter.from, letter.box);
  }

  /** Another member waits in one of its collectives. @internal */
  compare(from: number, number: number, subject: number): void {
    this.#orEndForAll(() => this.#agreement.hear(from, number, subject));
  }

  /** All who wait fail, and who comes later. @internal */
  abort(error: HeddleError): void {
    this.#boxes.abort(error);
    this.#memory?.close();
  }

  get #others(): number[] {
    return this.#peers.flatMap((_, rank) => (rank === this.rank ? [] : [rank]));
  }

  async #broadcast<T>(value: T, root: number, subject: number): Promise<T> {
    if (this.rank !== root) return (await this.#recv(root, "own", subject)) as T;
    await Promise.all(this.#others.map((to) => this.#send(to, "own", value, { subject })));
    return value;
  }

  async #gather<T>(value: T, root: number, subject: number): Promise<T[] | undefined> {
    if (this.rank === root) return await this.#collect(value, subject);
    await this.#send(root, "own", value, { subject });
    return undefined;
  }

  /** What all send to this member, by rank. */
  async #collect<T>(own: T, subject: number): Promise<T[]> {
    const values: T[] = [];
    for (let from = 0; from < this.size; from++) {
      values.push(from === this.rank ? own : ((await this.#recv(from, "own", subject)) as T));
    }
    return values;
  }

  /** These members wait for each other. */
  async #meet(ranks: readonly number[]): Promise<void> {
    const [first = 0, ...others] = ranks;
    const here = async (to: number): Promise<void> =>
      await this.#send(to, "own", null, { subject: BARRIER });
    if (this.rank === first) {
      for (const from of others) await this.#recv(from, "own", BARRIER);
      await Promise.all(others.map(here));
    } else {
      await here(first);
      await this.#recv(first, "own", BARRIER);
    }
  }

  /** A collective, which all members have to be in. */
  async #together<R>(subject: number, run: () => Promise<R>): Promise<R> {
    const number = this.#orEndForAll(() => this.#agreement.begin(subject));
    const waiting = setInterval(() => {
      for (const to of this.#others) {
        // That a member is gone is heard otherwise.
        this.#peers[to]!.compare(this.rank, number, subject)
          .result()
          .catch(() => undefined);
      }
    }, LONG_MS);
    try {
      return await run();
    } finally {
      clearInterval(waiting);
    }
  }

  #checkRoot(root: number): number {
    if (this.#peers[root] === undefined) throw noMember(root, this.size);
    return root;
  }

  /** Members that do not agree on what they do would wait for each other for ever. */
  #orEndForAll<R>(check: () => R): R {
    try {
      return check();
    } catch (error) {
      const { code, message } = error as HeddleError;
      for (const peer of this.#peers) peer.abort(code, message, []);
      throw error;
    }
  }

  async #send(to: number, box: BoxName, value: unknown, options: SendOptions = {}): Promise<void> {
    if (this.#boxes.failure !== undefined) throw this.#boxes.failure;
    const peer = this.#peers[to];
    if (peer === undefined) throw noMember(to, this.size);
    const key = `${box}${to}`;
    const number = this.#sent.get(key) ?? 0;
    const { subject = NO_SUBJECT } = options;
    const memory = to === this.rank ? undefined : this.#memory;
    const sending =
      memory?.has(to) === true
        ? memory.send(to, box, number, value, options)
        : peer.deliver({ from: this.rank, box, number, subject, value }).result();
    // A value that cannot travel has no number: nobody waits for it.
    this.#sent.set(key, number + 1);
    await sending;
  }

  /** The next letter of another member, which must be about the same in what all do together. */
  async #recv(from: number, box: BoxName, subject: number = NO_SUBJECT): Promise<unknown> {
    if (this.#peers[from] === undefined) throw noMember(from, this.size);
    const ranks = [this.rank, from] as const;
    return await this.#boxes.take(from, box, (its) => {
      this.#orEndForAll(() => checkSubject(subject, its, ranks));
    });
  }
}

function noMember(rank: number, size: number): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `there is no member ${rank} of the gang; ranks go from 0 to ${size - 1}`,
  );
}
