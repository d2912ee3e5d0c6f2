/**
 * @file A client's connection to an engine: posts messages (one list for each turn of the event loop), keeps what the
 * engine tells about tasks in the client machine, and reads values from the shared memory.
 */
import type { MessagePort } from "node:worker_threads";
import { decodeValue, prepareValue } from "../codec/index.ts";
import { type ErrorCode, HeddleError } from "../core/errors.ts";
import type { WasmMemory } from "../core/wasm.ts";
import { decodeTaskError } from "../functions/index.ts";
import { ClientMachine, STATUS } from "../machine/client/client.ts";
import "../ndarray/codec.ts";
import { registerMemory } from "../ndarray/allocation.ts";
import { NDArray } from "../ndarray/ndarray.ts";
import { TAG, ValuePages } from "../threads/value-pages.ts";
import { valueBytes } from "../threads/value-view.ts";
import type { ClientMessage, EngineMessage, Query, WireError } from "./messages.ts";
import { taskFailed } from "./sync.ts";

/** Where the tasks of an accepted graph are. */
export interface Accepted {
  readonly base: number;
  readonly ids?: Int32Array;
}

type Answer = (message: EngineMessage) => void;

/** Keeps the process alive (or not) while something is awaited. */
export interface Keeper {
  ref(): void;
  unref(): void;
}

export class EngineLink {
  readonly machine: ClientMachine = new ClientMachine();
  /** The client of this connection: what holds its futures' values, for graphs that use them. */
  owner: object = this;
  readonly #port: MessagePort;
  readonly #keeper: Keeper;
  readonly #memories: WasmMemory[] = [];
  readonly #pages: ValuePages;
  readonly #answers = new Map<number, Answer>();
  readonly #progress = new Map<number, (message: never) => void>();
  #outgoing: ClientMessage[] = [];
  #nextRequest = 1;
  #awaited = 0;
  #closed: HeddleError | undefined;
  /** Rejects everything that is being awaited when the connection ends. */
  readonly #ending: Promise<never>;
  #end!: (error: HeddleError) => void;
  /** Shown warnings of the engine; replaced by tests and front ends. */
  onWarning: (message: string) => void = (message) => process.emitWarning(message, "HeddleWarning");

  constructor(port: MessagePort, keeper: Keeper) {
    this.#port = port;
    this.#keeper = keeper;
    this.#ending = new Promise((_, reject) => {
      this.#end = reject;
    });
    this.#ending.catch(() => undefined);
    this.#pages = new ValuePages((index) => {
      throw new HeddleError("InvariantViolated", `page ${index} of the values never came`);
    });
    port.on("message", (messages: EngineMessage[]) => {
      for (const message of messages) this.#receive(message);
    });
    port.unref();
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  post(message: ClientMessage): void {
    if (this.#closed !== undefined) return;
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(message);
  }

  /** Posts a message that is answered. */
  async ask<M extends EngineMessage>(make: (request: number) => ClientMessage): Promise<M> {
    if (this.#closed !== undefined) throw this.#closed;
    const request = this.#nextRequest++;
    return await this.hold(
      new Promise<M>((resolve) => {
        this.#answers.set(request, resolve as Answer);
        this.post(make(request));
      }),
    );
  }

  /**
   * Posts a message that the engine answers with where the tasks are. `accepted` runs before any later message of the
   * engine is read, so nothing said about these tasks is missed.
   */
  submit(
    make: (request: number) => ClientMessage,
    accepted: (place: Accepted) => void,
    progress?: (message: Extract<EngineMessage, { kind: "progress" }>) => void,
  ): void {
    const request = this.#nextRequest++;
    if (progress !== undefined) this.#progress.set(request, progress);
    this.#awaited++;
    if (this.#awaited === 1) this.#keeper.ref();
    this.#answers.set(request, (message) => {
      this.#awaited--;
      if (this.#awaited === 0) this.#keeper.unref();
      if (message.kind === "accepted") accepted(message);
    });
    this.post(make(request));
  }

  async query(what: Query, ids?: Int32Array): Promise<unknown> {
    const from = ids === undefined ? {} : { ids };
    const answer = await this.ask((request) => ({ kind: "query", request, what, ...from }));
    return answer.kind === "answer" ? answer.value : undefined;
  }

  /** Keeps the process alive until the promise has settled. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    this.#awaited++;
    if (this.#awaited === 1) this.#keeper.ref();
    try {
      return await Promise.race([promise, this.#ending]);
    } finally {
      this.#awaited--;
      if (this.#awaited === 0) this.#keeper.unref();
    }
  }

  /** Resolves when the ids have settled, however they did. */
  async settled(ids: Int32Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    const first = ids[0];
    if (first === undefined) return;
    const last = ids[ids.length - 1]!;
    const isRange = last - first === ids.length - 1;
    await this.hold(
      new Promise<void>((resolve) => {
        if (isRange) this.machine.waitRange(first, last, resolve);
        else this.machine.wait(ids, resolve);
      }),
    );
  }

  /**
   * The values of settled tasks; throws the error of the first that has none. `caller` was made where the values were
   * asked for: its stack is appended to that of the task's error.
   */
  async values(ids: Int32Array, caller?: Error): Promise<unknown[]> {
    const values = new Array<unknown>(ids.length);
    const away: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (this.machine.statusOf(id) !== STATUS.finished) {
        const error = await this.failure(id, caller);
        throw error ?? new HeddleError("Cancelled", "the future was released");
      }
      const tag = this.#pages.tagOf(id);
      if (tag === TAG.heap || tag === TAG.none) away.push(i);
      else values[i] = this.#pages.inline(id);
    }
    if (away.length > 0) await this.#readAway(ids, away, values, caller);
    return values;
  }

  /** Values of the heap: kept in memory by the engine until they have been copied. */
  async #readAway(
    all: Int32Array,
    indices: readonly number[],
    values: unknown[],
    caller: Error | undefined,
  ): Promise<void> {
    const ids = Int32Array.from(indices, (i) => all[i]!);
    const answer = await this.ask((request) => ({ kind: "read", request, ids }));
    if (answer.kind === "read" && answer.missing.length > 0) {
      // Lost while we asked: wait until it has been computed again.
      await this.settled(ids);
      const again = await this.values(ids, caller);
      indices.forEach((i, k) => {
        values[i] = again[k];
      });
      return;
    }
    try {
      for (let k = 0; k < ids.length; k++) values[indices[k]!] = await this.#value(ids[k]!);
    } finally {
      this.post({ kind: "unpin", ids });
    }
  }

  /** Why a settled task has no value. */
  async failure(id: number, caller?: Error): Promise<HeddleError | undefined> {
    const status = this.machine.statusOf(id);
    if (status === STATUS.cancelled) {
      return new HeddleError("Cancelled", "the task was cancelled", { fields: { id } });
    }
    const failure = this.machine.failureOf(id);
    if (status !== STATUS.error || failure === undefined) return undefined;
    const { culprit, attempts } = failure;
    const error = failure.error as WireError;
    if ("encoded" in error) {
      return taskFailed(culprit, await decodeTaskError(error.encoded, caller?.stack), attempts);
    }
    return new HeddleError(error.code as ErrorCode, error.message, {
      fields: { key: culprit, attempts },
    });
  }

  /** No more is heard of a watched graph. */
  endProgress(progress: (message: never) => void): void {
    for (const [request, known] of this.#progress) {
      if (known === progress) this.#progress.delete(request);
    }
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.post({ kind: "close" });
    this.#flush();
    this.#closed = new HeddleError("CommClosed", reason);
    this.#port.close();
    this.#end(this.#closed);
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#port.postMessage(this.#outgoing);
    this.#outgoing = [];
  }

  async #value(id: number): Promise<unknown> {
    if (this.#pages.tagOf(id) !== TAG.heap) return this.#pages.inline(id);
    const memory = this.#memories[this.#pages.arenaOf(id)]!;
    const bytes = valueBytes(memory, this.#pages.wordOf(id));
    await prepareValue(bytes);
    const value = decodeValue(bytes);
    // What leaves the engine is a copy: the chunk may move or go as soon as it is unpinned.
    return value instanceof NDArray ? value.copy() : decodeValue(bytes.slice());
  }

  #receive(message: EngineMessage): void {
    switch (message.kind) {
      case "done":
        return this.machine.done(message.ids);
      case "failed":
        return this.machine.failed(message.ids, message);
      case "cancelled":
        return this.machine.cancelled(message.ids);
      case "reset":
        return this.machine.reset(message.ids);
      case "page":
        return this.#pages.add(message.buffer);
      case "arena":
        registerMemory(message.memory);
        this.#memories.push(message.memory);
        return;
      case "warn":
        return this.onWarning(message.message);
      case "closed":
        return;
      case "progress":
        this.#progress.get(message.request)?.(message as never);
        return;
      case "accepted":
      case "read":
      case "answer": {
        const answer = this.#answers.get(message.request);
        this.#answers.delete(message.request);
        answer?.(message);
      }
    }
  }
}
