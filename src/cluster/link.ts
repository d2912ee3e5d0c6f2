/**
 * @file A client's connection to an engine: posts messages (one list for each turn of the event
 * loop), and keeps what the engine tells about tasks in the client machine. How values are read is
 * the business of its `LinkValues`.
 */
import { type ErrorCode, HeddleError } from "../core/errors.ts";
import { failedStep } from "../core/step-failure.ts";
import { decodeTaskError } from "../functions/index.ts";
import { ClientMachine, STATUS } from "../machine/client/client.ts";
import { IdList } from "../machine/id-list.ts";
import { collectGarbage } from "../ndarray/collect-garbage.ts";
import { workerContext } from "../threads/worker-context.ts";
import { type ControlOp, unsettle } from "./control/ops.ts";
import { LinkAsker } from "./coordination/asker.ts";
import { type LinkValues, loadArrays } from "./link-values.ts";
import type { ClientMessage, EngineMessage, Query, WireError } from "./messages.ts";
import type { ReceiveValue } from "./run-collections.ts";
import { SharedValues } from "./shared-values.ts";
import { taskFailed } from "./sync.ts";
import { answerToUnsendable } from "./unsendable.ts";

/** Where the tasks of an accepted graph are. */
export interface Accepted {
  /** Number of the request; none where the tasks were there before. */
  readonly request?: number;
  readonly base: number;
  readonly ids?: Int32Array;
}

type Answer = (message: EngineMessage) => void;

/** How values are read; see `values`. */
interface Reading {
  readonly caller: Error | undefined;
  readonly receive: ReceiveValue | undefined;
}

/** Who hears what becomes of a submission. */
export interface SubmitHandlers {
  readonly accepted: (place: Accepted) => void;
  readonly failed: (error: HeddleError) => void;
  readonly progress?: ((message: Extract<EngineMessage, { kind: "progress" }>) => void) | undefined;
}

/** Values read together: few before their size is known, then about as many bytes. */
const READS_FIRST = 4;
const READS_MAX = 65_536;

/** Time between two collections, as a multiple of what the first took. */
const COLLECT_SHARE = 10;

/** Keeps the process alive (or not) while something is awaited. */
export interface Keeper {
  ref(): void;
  unref(): void;
}

/** What is used of a `MessagePort`; users' compilers need not know Node's types for it. */
export interface LinkPort {
  on(event: "message", listener: (messages: EngineMessage[]) => void): unknown;
  postMessage(messages: readonly ClientMessage[]): void;
  unref(): void;
  close(): void;
}

/** What is asked about the workers that there are, or of each of them. */
const CONCERNS_WORKERS: ReadonlySet<ControlOp["kind"]> = new Set<ControlOp["kind"]>([
  "run",
  "versions",
  "has-what",
  "processing",
  "call-stack",
  "profile-start",
  "retire",
  "replicate",
  "rebalance",
  "restart",
  "dump",
  "logs",
]);

export class EngineLink {
  readonly machine: ClientMachine = new ClientMachine();
  /** Asks the coordination machine. */
  readonly coordination: LinkAsker = new LinkAsker(this);
  /** The client of this connection: what holds its futures' values, for graphs that use them. */
  owner: object = this;
  /** Set when workers are on their way: whoever asks about workers waits until they are there. */
  populated: Promise<void> | undefined;
  /** Set where each connection is made for itself: resolves when this one can be used. */
  ready: Promise<void> | undefined;
  readonly #port: LinkPort;
  readonly #keeper: Keeper;
  readonly #values: LinkValues;
  readonly #answers = new Map<number, Answer>();
  readonly #progress = new Map<number, (message: never) => void>();
  #outgoing: ClientMessage[] = [];
  readonly #released: IdList = new IdList();
  #nextRequest = 1;
  /** Number of the last request that was accepted. */
  #seen = 0;
  #collectAgainMs = 0;
  #closed: HeddleError | undefined;
  /** Who waits for an answer: called when the connection ends instead. */
  readonly #awaiting = new Set<(error: HeddleError) => void>();
  /** Who follows tasks without waiting for them. */
  readonly #following = new Set<() => void>();
  /** What keeps the connection open. */
  readonly #reasons = new Set<Promise<void>>();
  /** Shown warnings of the engine; replaced by tests and front ends. */
  onWarning: (message: string) => void = (message) => process.emitWarning(message, "HeddleWarning");

  /** `values` makes what reads values; default: in the memory shared with the engine. */
  constructor(
    port: LinkPort,
    keeper: Keeper,
    values: (link: EngineLink) => LinkValues = (link) => new SharedValues(link),
  ) {
    this.#port = port;
    this.#keeper = keeper;
    this.#values = values(this);
    port.on("message", (messages) => {
      for (const message of messages) this.#receive(message);
    });
    port.unref();
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  post(message: ClientMessage): void {
    if (this.#closed !== undefined) return;
    this.#postReleased();
    this.#push(message);
  }

  #push(message: ClientMessage): void {
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
   * Posts a message that the engine answers with where the tasks are. `accepted` runs before any
   * later message of the engine is read, so nothing said about these tasks is missed.
   */
  submit(make: (request: number) => ClientMessage, on: SubmitHandlers): void {
    if (this.#closed !== undefined) return on.failed(this.#closed);
    const request = this.#nextRequest++;
    if (on.progress !== undefined) this.#progress.set(request, on.progress);
    this.#await(on.failed);
    this.#answers.set(request, (message) => {
      this.#endAwait(on.failed);
      if (message.kind === "refused") {
        on.failed(new HeddleError(message.code as ErrorCode, message.message));
      }
      if (message.kind !== "accepted") return;
      this.#postReleased();
      this.#seen = request;
      on.accepted(message);
    });
    this.post(make(request));
  }

  /** Drops one reference to each task; the engine hears of those that were the last. */
  release(ids: Int32Array): void {
    if (this.#closed !== undefined) return;
    const isFirst = this.#released.length === 0;
    const last = this.machine.release(ids);
    this.#values.forget(last);
    for (const id of last) this.#released.push(id);
    if (isFirst && this.#released.length > 0) queueMicrotask(() => this.#postReleased());
  }

  /** Futures go one by one when they are collected: their ids travel together. */
  #postReleased(): void {
    if (this.#released.length === 0 || this.#closed !== undefined) return;
    this.#push({ kind: "release", ids: this.#released.take(), seen: this.#seen });
  }

  async query(what: Query, ids?: Int32Array): Promise<unknown> {
    if (what === "info") await this.whenPopulated();
    const from = ids === undefined ? {} : { ids };
    const answer = await this.ask((request) => ({ kind: "query", request, what, ...from }));
    if (answer.kind === "controlled") return unsettle(answer.outcome);
    return answer.kind === "answer" ? answer.value : undefined;
  }

  /** Asks something beside work. Throws the error that came in place of an answer. */
  async control(op: ControlOp): Promise<unknown> {
    if (CONCERNS_WORKERS.has(op.kind)) await this.whenPopulated();
    const answer = await this.ask((request) => ({ kind: "control", request, op }));
    return answer.kind === "controlled" ? unsettle(answer.outcome) : undefined;
  }

  /** Resolves when the workers are there that are on their way. */
  async whenPopulated(): Promise<void> {
    if (this.populated !== undefined) await this.hold(this.populated);
  }

  /** Keeps the process alive until the promise has settled. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    let end: (error: HeddleError) => void = () => undefined;
    try {
      // Not a race with one promise for all: that would keep every value ever waited for.
      return await new Promise<T>((resolve, reject) => {
        end = reject;
        this.#await(end);
        promise.then(resolve, reject);
      });
    } finally {
      this.#endAwait(end);
    }
  }

  #await(end: (error: HeddleError) => void): void {
    this.#awaiting.add(end);
    if (this.#awaiting.size === 1) this.#keeper.ref();
  }

  #endAwait(end: (error: HeddleError) => void): void {
    if (this.#awaiting.delete(end) && this.#awaiting.size === 0) this.#keeper.unref();
  }

  /** The client does not end the connection before the promise, which must not reject. */
  keepOpenFor(promise: Promise<void>): void {
    this.#reasons.add(promise);
    const end = (): boolean => this.#reasons.delete(promise);
    promise.then(end, end);
  }

  /** Whether something keeps the connection open. */
  get isKeptOpen(): boolean {
    return this.#reasons.size > 0;
  }

  /** Resolves when nothing keeps the connection open. */
  async mayClose(): Promise<void> {
    while (this.isKeptOpen) await Promise.all(this.#reasons);
  }

  /** Number of the last request. */
  get lastRequest(): number {
    return this.#nextRequest - 1;
  }

  /**
   * Cancels tasks, but for those that were asked for again after the request `before`; resolves
   * when all have settled.
   */
  async cancel(ids: Int32Array, force: boolean, before: number): Promise<void> {
    this.post({ kind: "cancel", ids, force, before });
    await this.settled(ids);
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

  /** Calls `done` when the ids have settled, or the connection has ended; keeps nothing alive. */
  whenSettled(ids: Int32Array, done: () => void): void {
    const once = (): void => {
      if (this.#following.delete(once)) done();
    };
    this.#following.add(once);
    if (this.#closed === undefined) this.machine.wait(ids, once);
    else once();
  }

  /** Of what type a task's value is, as far as is known. */
  typeOf(id: number): string | undefined {
    if (this.machine.statusOf(id) !== STATUS.finished) return undefined;
    return this.#values.typeOf(id);
  }

  /** Whether the task has settled and has no value, as far as is known. */
  hasFailed(id: number): boolean {
    const status = this.machine.statusOf(id);
    return status === STATUS.error || status === STATUS.cancelled;
  }

  /** How many of these tasks have a value, and how many will have none. */
  countSettled(ids: Int32Array): { done: number; failed: number } {
    let done = 0;
    let failed = 0;
    for (const id of ids) {
      const status = this.machine.statusOf(id);
      if (status === STATUS.finished) done++;
      else if (status !== STATUS.pending) failed++;
    }
    return { done, failed };
  }

  /**
   * The values of settled tasks; throws the error of the first that has none. `caller` was made
   * where the values were asked for: its stack is appended to that of the task's error. `receive`
   * gets the number of a value of the heap and the value where it lies; what it gives is kept, and
   * a copy of the value where that is undefined.
   */
  async values(ids: Int32Array, caller?: Error, receive?: ReceiveValue): Promise<unknown[]> {
    const values = new Array<unknown>(ids.length);
    const away: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      // A value that was lost meanwhile is being computed again.
      while (this.machine.statusOf(id) === STATUS.pending) await this.settled(Int32Array.of(id));
      if (this.machine.statusOf(id) !== STATUS.finished) {
        const error = await this.failure(id, caller);
        throw error ?? new HeddleError("Cancelled", "the future was released");
      }
      if (this.#values.isKnown(id)) values[i] = this.#values.known(id);
      else away.push(i);
    }
    if (away.length > 0) await this.#readAway(ids, away, values, { caller, receive });
    return values;
  }

  /**
   * Values of the heap, which the engine keeps in memory until they have been copied: a few at a
   * time, since those that are on disk must come back for it.
   */
  async #readAway(
    all: Int32Array,
    indices: readonly number[],
    values: unknown[],
    { caller, receive }: Reading,
  ): Promise<void> {
    let count = READS_FIRST;
    for (let at = 0; at < indices.length; ) {
      const batch = indices.slice(at, at + count);
      const ids = Int32Array.from(batch, (i) => all[i]!);
      const here = receive && ((k: number, value: unknown) => receive(batch[k] as number, value));
      const read = await this.#values.read(ids, here);
      // Lost while we asked: wait until they have been computed again.
      const together = read?.values ?? (await this.values(ids, caller, here));
      batch.forEach((i, k) => {
        values[i] = together[k];
      });
      at += batch.length;
      const fitting = Math.floor(
        this.#values.batchBytes / Math.max(1, (read?.bytes ?? 0) / batch.length),
      );
      count = Math.min(READS_MAX, Math.max(1, fitting));
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
      await loadArrays();
      const thrown = await decodeTaskError(error.encoded, caller?.stack);
      const { key, cause } = failedStep(thrown) ?? { key: culprit, cause: thrown };
      return taskFailed(key, cause, attempts);
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

  /** The connection is over before it began. */
  refuse(error: HeddleError): this {
    this.close(error);
    this.ready = Promise.reject(error);
    this.ready.catch(() => undefined);
    return this;
  }

  /** Ends the connection: for a reason, which becomes `CommClosed`, or with the error itself. */
  close(reason: string | HeddleError): void {
    if (this.#closed !== undefined) return;
    this.post({ kind: "close" });
    this.#flush();
    this.#closed = typeof reason === "string" ? new HeddleError("CommClosed", reason) : reason;
    this.#port.close();
    this.#answers.clear();
    this.#values.close();
    for (const end of [...this.#awaiting]) {
      this.#endAwait(end);
      end(this.#closed);
    }
    for (const end of [...this.#following]) end();
  }

  /**
   * Finds forgotten futures; what finalisers release reaches the engine. Costs at most a tenth of
   * the time.
   */
  #collect(): void {
    const startMs = performance.now();
    if (startMs < this.#collectAgainMs) return;
    collectGarbage();
    this.#collectAgainMs = startMs + COLLECT_SHARE * (performance.now() - startMs);
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (outgoing.length === 0) return;
    try {
      this.#port.postMessage(outgoing);
    } catch {
      for (const message of outgoing) this.#postAlone(message);
    }
  }

  /** A list is posted as a whole or not at all: what of it cannot be, hurts nobody else. */
  #postAlone(message: ClientMessage): void {
    try {
      this.#port.postMessage([message]);
    } catch (error) {
      this.#receive(answerToUnsendable(message, error));
    }
  }

  #receive(message: EngineMessage): void {
    switch (message.kind) {
      case "done":
        this.#values.heard(message);
        return this.machine.done(message.ids);
      case "failed":
        return this.machine.failed(message.ids, message);
      case "cancelled":
        return this.machine.cancelled(message.ids);
      case "reset":
        return this.machine.reset(message.ids);
      case "page":
      case "arena":
        return this.#values.heard(message);
      case "warn":
        // For people: a task thread's own client is nobody's.
        if (workerContext() === undefined) this.onWarning(message.message);
        return;
      case "collect":
        return this.#collect();
      case "coordinated":
        return this.coordination.heard(message.news);
      case "printed":
        // What a task thread printed would come round again.
        if (workerContext() !== undefined) return;
        process[message.stream === 2 ? "stderr" : "stdout"].write(message.text);
        return;
      case "closed":
      case "placed":
        return;
      case "progress":
        this.#progress.get(message.request)?.(message as never);
        return;
      case "accepted":
      case "refused":
      case "read":
      case "controlled":
      case "answer": {
        const answer = this.#answers.get(message.request);
        this.#answers.delete(message.request);
        answer?.(message);
      }
    }
  }
}
