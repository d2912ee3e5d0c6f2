/**
 * @file An engine as an executor: for code that is written against "something that runs functions",
 * not against clients. What Python's `concurrent.futures.Executor` gives as a future is a promise
 * here, as everywhere in JavaScript.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import type { Future, FutureList } from "./future.ts";
import type { Lazy, LazyLists } from "./types.ts";

/** What submits calls: a client, or `client.options(...)`. */
export interface Submitter {
  submit<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...args: Lazy<A>
  ): Future<Awaited<R>>;
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: LazyLists<A>
  ): FutureList<Awaited<R>>;
}

/** Options of `executor.shutdown`. */
export interface ShutdownOptions {
  /** Whether to wait for what runs; default true. */
  readonly wait?: boolean;
  /** Whether what has not ended is cancelled; default false. */
  readonly cancel?: boolean;
}

/**
 * Runs functions on an engine and gives promises of their values, as `client.getExecutor()` makes
 * it. Ends with `shutdown()` or `await using`; the client stays.
 *
 * @example
 * import { Client } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const executor = client.getExecutor();
 *   console.log(await executor.submit((x: number) => x + 1, 41)); // 42
 *   for await (const square of executor.map((x: number) => x * x, [1, 2])) console.log(square);
 *   await executor.shutdown();
 * });
 */
export class ClientExecutor {
  readonly #submitter: Submitter;
  readonly #running = new Set<Future | FutureList>();
  #isOpen = true;

  /** @internal */
  constructor(submitter: Submitter) {
    this.#submitter = submitter;
  }

  /**
   * Runs `fn(...args)`. Rejects as `future.result()` does. Errors: `InvalidArgument` after
   * `shutdown`.
   */
  async submit<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...args: Lazy<A>
  ): Promise<Awaited<R>> {
    this.#checkOpen();
    const future = this.#submitter.submit(fn, ...args);
    this.#running.add(future);
    try {
      return await future.result();
    } finally {
      this.#running.delete(future);
    }
  }

  /**
   * Runs `fn` for each element of the lists, all at once; gives the values in order, each when it
   * is there. Who leaves the loop early cancels the rest.
   */
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: LazyLists<A>
  ): AsyncIterableIterator<Awaited<R>> {
    this.#checkOpen();
    const futures = this.#submitter.map(fn, ...lists);
    this.#running.add(futures);
    const ended = (): boolean => this.#running.delete(futures);
    futures.settled().then(ended, ended);
    return valuesOf(futures);
  }

  /** Takes no more calls; resolves when those that run have ended. */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    checkOptionNames("executor.shutdown", options, ["wait", "cancel"]);
    checkFlag("executor.shutdown", "wait", options.wait);
    checkFlag("executor.shutdown", "cancel", options.cancel);
    const { wait = true, cancel = false } = options;
    this.#isOpen = false;
    const running = [...this.#running];
    if (cancel) await Promise.all(running.map((one) => one.cancel()));
    if (wait) await Promise.all(running.map(settled));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #checkOpen(): void {
    if (this.#isOpen) return;
    throw new HeddleError("InvalidArgument", "the executor was shut down: make another one");
  }
}

async function* valuesOf<R>(futures: FutureList<R>): AsyncIterableIterator<R> {
  let isDone = false;
  try {
    for (let i = 0; i < futures.length; i++) yield await (futures.at(i) as Future<R>).result();
    isDone = true;
  } finally {
    if (!isDone) await futures.cancel();
  }
}

async function settled(running: Future | FutureList): Promise<void> {
  if ("settled" in running) await running.settled();
  else await running.exception().catch(() => undefined);
}
