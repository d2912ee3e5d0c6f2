/**
 * @file Waiting for futures: all of them, the first, or one after the other as they finish.
 */

import { HeddleError, isHeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { Fifo } from "../machine/coordination/fifo.ts";
import type { Future, Submission } from "./future.ts";
import { textOf } from "./given.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import { within } from "./timeout.ts";

export interface AsCompletedOptions {
  /** Yields `[future, value]`; a failed task throws at its turn. Default false. */
  readonly withResults?: boolean;
}

/** Futures that are done, and those that are not. */
export interface WaitResult<R> {
  readonly done: Future<R>[];
  readonly notDone: Future<R>[];
}

/** The value of a future. */
export type ResultOf<F> = F extends Future<infer R> ? R : never;

/** A future with its value. */
export type WithResult<F> = F extends Future<infer R> ? [Future<R>, R] : never;

/**
 * Yields futures in the order in which they finish; more may be added with `add` while it runs.
 *
 * @example
 * import { asCompleted, Client } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const futures = client.map((x: number) => x * x, [1, 2, 3]);
 *   let sum = 0;
 *   for await (const future of asCompleted(futures)) sum += await future.result();
 *   console.log(sum); // 14
 * });
 */
export function asCompleted<R>(
  futures: Futures<R>,
  options: { readonly withResults: true },
): AsCompleted<R, [Future<R>, R]>;
export function asCompleted<R>(
  futures: Futures<R>,
  options?: AsCompletedOptions,
): AsCompleted<R, Future<R>>;
export function asCompleted<F extends Future>(
  futures: Iterable<F>,
  options: { readonly withResults: true },
): AsCompleted<ResultOf<F>, WithResult<F>>;
export function asCompleted<F extends Future>(
  futures: Iterable<F>,
  options?: AsCompletedOptions,
): AsCompleted<ResultOf<F>, F>;
export function asCompleted<R>(
  futures: Futures<R>,
  options: AsCompletedOptions = {},
): AsCompleted<R, unknown> {
  checkOptionNames("asCompleted", options, ["withResults"]);
  checkFlag("asCompleted", "withResults", options.withResults);
  return new AsCompleted<R, unknown>(futures, options.withResults ?? false);
}

/** The iterator of {@link asCompleted}. */
export class AsCompleted<R, Item> implements AsyncIterable<Item> {
  readonly #withResults: boolean;
  #ready = new Fifo<Future<R>>();
  #pending = 0;
  #wake: (() => void) | undefined;

  /** @internal */
  constructor(futures: Futures<R>, withResults: boolean) {
    this.#withResults = withResults;
    this.update(futures);
  }

  /** Adds a future while the iteration runs. */
  add(future: Future<R>): void {
    this.#pending++;
    future.addDoneCallback(() => {
      this.#pending--;
      this.#ready.push(future);
      this.#wake?.();
    });
  }

  /** Adds several futures. */
  update(futures: Futures<R>): void {
    for (const future of futuresIn("asCompleted", futures)) this.add(future);
  }

  /** Futures not yet yielded. */
  get count(): number {
    return this.#pending + this.#ready.length;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Whether the next one is there without waiting. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Forgets all futures. */
  clear(): void {
    this.#ready = new Fifo();
    this.#pending = 0;
  }

  /** Yields all futures that are ready, together; waits for one if none is. */
  async *batches(): AsyncGenerator<Item[]> {
    while (this.count > 0) {
      await this.#untilReady();
      const ready = [...this.#ready];
      this.#ready = new Fifo();
      yield await Promise.all(ready.map((future) => this.#item(future)));
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    while (this.count > 0) {
      await this.#untilReady();
      const future = this.#ready.shift();
      if (future !== undefined) yield await this.#item(future);
    }
  }

  async #item(future: Future<R>): Promise<Item> {
    return (this.#withResults ? [future, await future.result()] : future) as Item;
  }

  async #untilReady(): Promise<void> {
    while (this.#ready.length === 0 && this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Options of {@link wait}. */
export interface WaitOptions {
  /** Whether to wait for all futures, the default, or for the first that is done. */
  readonly returnWhen?: "allCompleted" | "firstCompleted";
  /** Rejects with `Timeout` after this long; default: waits without end. */
  readonly timeoutMs?: number;
}

/**
 * Waits until all futures are done (or the first, with `returnWhen: "firstCompleted"`). Failures do
 * not throw. Errors: `Timeout` after `timeoutMs`; `InvalidArgument` for what is no future.
 */
export function wait<R>(futures: Futures<R>, options?: WaitOptions): Promise<WaitResult<R>>;
export function wait<F extends Future>(
  futures: Iterable<F>,
  options?: WaitOptions,
): Promise<WaitResult<ResultOf<F>>>;
export async function wait<R>(
  futures: Futures<R>,
  options: WaitOptions = {},
): Promise<WaitResult<R>> {
  checkOptionNames("wait", options, ["returnWhen", "timeoutMs"]);
  const { returnWhen = "allCompleted", timeoutMs } = options;
  if (returnWhen !== "allCompleted" && returnWhen !== "firstCompleted") {
    throw new HeddleError(
      "InvalidArgument",
      `wait: returnWhen is ${textOf(returnWhen)}; it may be "allCompleted" or "firstCompleted"`,
    );
  }
  const list = futuresIn("wait", futures);
  const waits = list.map((future) => future.exception().then(undefined, () => undefined));
  const isFirst = returnWhen === "firstCompleted" && waits.length > 0;
  const ended: Promise<unknown> = isFirst ? Promise.race(waits) : Promise.all(waits);
  await within(timeoutMs, "wait", ended);
  return { done: list.filter((f) => f.done), notDone: list.filter((f) => !f.done) };
}

const forgotten = new WeakSet<Future>();

/**
 * Lets tasks run to their end although nobody keeps their futures; their values are dropped then.
 * The process stays alive until they have ended, and `client.close()` waits for them; cancel what
 * should not go on. If one fails, a `HeddleWarning` names it.
 */
export function fireAndForget(futures: Futures): void {
  for (const future of futuresIn("fireAndForget", futures)) {
    if (forgotten.has(future)) continue;
    forgotten.add(future);
    const { submission, local } = future;
    submission.link.keepOpenFor(ended(submission, local, submission.hold(local, 1)));
  }
}

/** Must not refer to a future: that would be kept until its task has ended. */
async function ended(submission: Submission, local: number, release: () => void): Promise<void> {
  const { link } = submission;
  try {
    await submission.accepted;
    const ids = submission.idsOf(local, 1);
    await link.settled(ids);
    const error = await link.failure(ids[0] as number);
    if (error !== undefined) throw error;
  } catch (error) {
    if (isHeddleError(error, "Cancelled")) return;
    const reason = error instanceof Error ? error.message : String(error);
    link.onWarning(`a task given to fireAndForget failed: ${reason}`);
  } finally {
    release();
  }
}
