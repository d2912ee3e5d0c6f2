/**
 * @file Handles on tasks of an engine. A Future is deliberately not thenable: it survives `await`,
 * and its value is asked for with `result()`. A FutureList is one range of tasks; its Future
 * objects are made when they are looked at.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { isActor, referenceOf } from "../actors/actor.ts";
import { refuseClass } from "../codec/registry.ts";
import type { HeddleError } from "../core/errors.ts";
import type { Layer, TaskRef } from "../core/graph.ts";
import { checkFunction, checkOptionNames } from "../core/options.ts";
import { SingleTaskBase, TASK, TASKS, TaskListBase } from "../core/single-task.ts";
import { inspectAsText } from "../core/symbols.ts";
import { checkFlag } from "../core/task-options.ts";
import { TOKEN, tokenize } from "../core/token.ts";
import type { GroupCounts } from "../diagnostics/feed.ts";
import { STATUS } from "../machine/client/client.ts";
import type { Accepted, EngineLink } from "./link.ts";
import { within } from "./timeout.ts";
import { waitInTask } from "./wait-in-task.ts";

export type FutureStatus = "pending" | "finished" | "error" | "cancelled";

/** Marks futures of every copy of the package. */
const FUTURE: symbol = Symbol.for("heddle.future");

/** The tasks of one graph, as far as futures need them. */
export class Submission {
  readonly link: EngineLink;
  /** Resolves when the engine has taken the graph; rejects when it could not be submitted. */
  readonly accepted: Promise<void>;
  /** Set when the engine has taken it. */
  place: Accepted | undefined;
  /** Set when it could not be submitted. */
  error: unknown;
  /** Counts the tasks behind those of the submission, where there are any. */
  counter: { counts(): Promise<GroupCounts[]> } | undefined;
  /** Calls from now on are part of another submission; set where calls are collected. */
  endCalls: (() => void) | undefined;
  /** Of what types the values are, where the client has brought them. */
  types: readonly string[] | undefined;
  /** Number of the request that it was, once the engine has taken it. */
  #request = 0;
  #holds: (() => void)[] = [];
  #taken: ((place: Accepted) => void)[] = [];
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(link: EngineLink) {
    this.link = link;
    this.accepted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.accepted.catch(() => undefined);
  }

  /** Runs `hold` as soon as the tasks have ids, before anything else is heard of them. */
  whenPlaced(hold: () => void): void {
    if (this.place !== undefined) hold();
    else this.#holds.push(hold);
  }

  /** Runs `taken` with where the whole graph is, after all holds. */
  whenTaken(taken: (place: Accepted) => void): void {
    this.#taken.push(taken);
  }

  /** Runs `done` once the engine has taken the graph, or could not be given it. */
  whenSubmitted(done: () => void): void {
    this.whenPlaced(done);
    this.accepted.catch(done);
  }

  /**
   * Refers to `count` tasks from `first` on; returns what ends that. Must not refer to a future, or
   * it would never go.
   */
  hold(first: number, count: number): () => void {
    let isNeeded = true;
    let isHeld = false;
    const release = (): void => {
      isNeeded = false;
      if (!isHeld) return;
      isHeld = false;
      this.link.release(this.idsOf(first, count));
    };
    this.whenPlaced(() => {
      for (const id of this.idsOf(first, count)) this.link.machine.retain(id);
      isHeld = true;
      // After all holds, so that a task which another hold keeps is not let go in between.
      if (!isNeeded) queueMicrotask(release);
    });
    return release;
  }

  /**
   * The engine has taken the graph. Where `outputs` is given, the tasks of the submission are these
   * tasks of the graph.
   */
  settle(place: Accepted, outputs?: Int32Array): void {
    const { base, ids } = place;
    const idOf = (local: number): number => ids?.[local] ?? base + local;
    this.#request = place.request ?? 0;
    this.place = outputs === undefined ? place : { base, ids: outputs.map(idOf) };
    for (const hold of this.#holds) hold();
    this.#holds = [];
    for (const taken of this.#taken) taken(place);
    this.#taken = [];
    this.#resolve();
  }

  /** Cancels tasks as they have been asked for until now: asked for again they are others. */
  async cancel(idsOf: () => Int32Array, force: boolean): Promise<void> {
    this.endCalls?.();
    const { lastRequest } = this.link;
    await this.accepted;
    await this.link.cancel(idsOf(), force, Math.max(lastRequest, this.#request));
  }

  fail(error: unknown): void {
    this.error = error;
    this.#holds = [];
    this.#reject(error);
  }

  /** Task ids of `count` local ones from `first` on, once the engine has taken the graph. */
  idsOf(first: number, count: number): Int32Array {
    const { place } = this;
    if (place?.ids !== undefined) return place.ids.slice(first, first + count);
    const ids = new Int32Array(place === undefined ? 0 : count);
    for (let i = 0; i < ids.length; i++) ids[i] = (place as Accepted).base + first + i;
    return ids;
  }

  /** Task ids of these local ones, once the engine has taken the graph. */
  idsAt(locals: Int32Array): Int32Array {
    return locals.map((local) => this.idOf(local) as number);
  }

  /** Task id of a local one, once the engine has taken the graph. */
  idOf(local: number): number | undefined {
    const { place } = this;
    if (place === undefined) return undefined;
    return place.ids === undefined ? place.base + local : place.ids[local];
  }
}

const layers = new WeakMap<Future | FutureList, Layer>();

/** The layer of the tasks that a future or a list stands for; keeps it while it is used. */
function layerOf(futures: Future | FutureList, count: number, facts: Partial<Layer>): Layer {
  const known = layers.get(futures);
  if (known !== undefined) return known;
  const ids = new Int32Array(count);
  const ready = futures.ids().then((found) => ids.set(found));
  ready.catch(() => undefined);
  const layer: Layer = {
    name: `future-${tokenize(futures)}`,
    kind: "data",
    count,
    templates: [],
    inputs: [],
    depOffsets: new Int32Array(count + 1),
    deps: new Int32Array(0),
    columns: [],
    held: Object.assign(
      {
        engine: futures.submission.link.owner,
        ids,
        ready,
        measure: async () => await bytesOf(futures),
      },
      { futures },
    ),
    pure: false,
    ...facts,
  };
  layers.set(futures, layer);
  return layer;
}

/** What the values take, those that are not there yet as much as the others. */
async function bytesOf(futures: Future | FutureList): Promise<number | undefined> {
  const ids = await futures.ids();
  const sizes = await futures.submission.link.control({ kind: "sizes", ids });
  const known = [...(sizes as Map<string, number>).values()];
  if (known.length === 0) return undefined;
  return (known.reduce((sum, bytes) => sum + bytes, 0) / known.length) * ids.length;
}

const releases = new FinalizationRegistry<() => void>((release) => release());

/**
 * A value that is being computed on the engine. Released when it is collected, or by `release()`,
 * or by `using`.
 */
export class Future<R = unknown> extends SingleTaskBase<R> {
  readonly key: string;
  readonly #submission: Submission;
  readonly #local: number;
  #released = false;

  /** @internal */
  constructor(submission: Submission, local: number, key: string) {
    super();
    this.#submission = submission;
    this.#local = local;
    this.key = key;
    this.#release = submission.hold(local, 1);
    releases.register(this, this.#release, this);
  }

  readonly #release: () => void;

  /** `"pending"`, `"finished"`, `"error"` or `"cancelled"`; known without fetching the value. */
  get status(): FutureStatus {
    if (this.#submission.error !== undefined) return "error";
    const id = this.#submission.idOf(this.#local);
    if (this.#released) return "cancelled";
    if (id === undefined) return "pending";
    return statusName(this.#submission.link.machine.statusOf(id));
  }

  /** Whether the task has finished, failed or been cancelled. */
  get done(): boolean {
    return this.status !== "pending";
  }

  /**
   * Of what type the value is, known without fetching it: its class (`"NDArray"`, `"Array"`,
   * `"Map"`; `"Object"` for plain objects and your own classes), or for a plain value what `typeof`
   * says. Undefined until the task has finished.
   */
  get type(): string | undefined {
    if (this.status !== "finished") return undefined;
    const id = this.#submission.idOf(this.#local) as number;
    return this.#submission.types?.[this.#local] ?? this.#submission.link.typeOf(id);
  }

  get cancelled(): boolean {
    return this.status === "cancelled";
  }

  /**
   * The value, when it is there; with `timeoutMs`, not later than that.
   *
   * Errors: `TaskFailed` with the user's error as `cause`; `Cancelled`; `KilledWorker`; `Lost`;
   * `Timeout`, after which the task goes on.
   */
  async result(options: { readonly timeoutMs?: number } = {}): Promise<R> {
    const caller = new Error();
    checkOptionNames("future.result", options, ["timeoutMs"]);
    const id = await within(options.timeoutMs, `future ${this.key}`, this.#settled());
    const [value] = await this.#submission.link.values(Int32Array.of(id), caller);
    if (isActor(value)) {
      // Until its thread knows of the one who has it, the future keeps it.
      referenceOf(value).whenHeld(this.#submission.hold(this.#local, 1));
    }
    return value as R;
  }

  /** The error of a failed task, or undefined; waits for the task. */
  async exception(): Promise<HeddleError | undefined> {
    const id = await this.#settled();
    return await this.#submission.link.failure(id);
  }

  /** Stack of the user's error on the thread where it was thrown, or undefined. */
  async traceback(): Promise<string | undefined> {
    const cause = (await this.exception())?.cause;
    return cause instanceof Error ? cause.stack : undefined;
  }

  /**
   * Calls `callback` with this future once it has settled; what it throws becomes a warning.
   * Errors: `InvalidArgument` for what is no function.
   */
  addDoneCallback(callback: (future: this) => void): void {
    checkFunction("future.addDoneCallback", callback, "(future) => console.log(future.status)");
    const { link } = this.#submission;
    // The task that asks does not wait: it keeps its slot.
    const settled = this.id().then((id) => link.settled(Int32Array.of(id)));
    // A promise that the callback gives may reject, too.
    const call = async (): Promise<void> => await callback(this);
    settled.then(call, call).catch((error: unknown) => {
      link.onWarning(`a callback of the future ${this.key} failed: ${String(error)}`);
    });
  }

  /**
   * Cancels the task unless others want it; `force` cancels it for them too. A call that is
   * submitted later is not cancelled with it, even if it is the same: when the task still runs for
   * that one, this future gets the value as well.
   */
  async cancel(options: { force?: boolean } = {}): Promise<void> {
    checkCancelOptions(options);
    const idOf = (): number => this.#submission.idOf(this.#local) as number;
    await this.#submission.cancel(() => Int32Array.of(idOf()), options.force ?? false);
  }

  /** Tries a failed task again, from the task that failed first. */
  async retry(): Promise<void> {
    const id = await this.id();
    const { link } = this.#submission;
    if (link.machine.statusOf(id) !== STATUS.error) return;
    link.machine.reset(Int32Array.of(id));
    link.post({ kind: "retry", ids: Int32Array.of(id) });
  }

  /** Says that the value is not needed any more. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    releases.unregister(this);
    this.#release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Counts the tasks that lead to this one, for progress. @internal */
  get counter(): Submission["counter"] {
    return this.#submission.counter;
  }

  /** Number of the task in its engine. @internal */
  async id(): Promise<number> {
    await this.#submission.accepted;
    return this.#submission.idOf(this.#local) as number;
  }

  /** @internal */
  async ids(): Promise<Int32Array> {
    return Int32Array.of(await this.id());
  }

  /** The same when the engine has taken the graph already. @internal */
  get placedId(): number | undefined {
    return this.#submission.idOf(this.#local);
  }

  /** @internal */
  get submission(): Submission {
    return this.#submission;
  }

  /** Number of the task within its submission. @internal */
  get local(): number {
    return this.#local;
  }

  override toString(): string {
    return `Future(${this.key}, ${this.status}): await .result() for its value`;
  }

  async #settled(): Promise<number> {
    const id = await this.id();
    const { link } = this.#submission;
    await waitInTask(
      () => link.settled(Int32Array.of(id)),
      () => this.release(),
    );
    return id;
  }
}
inspectAsText(Future.prototype);
refuseClass(Future, {
  type: "Future",
  advice:
    "Its value belongs to this client: pass the future as an argument of the task, which then " +
    "gets the value, as in client.submit((value) => ..., future). A task that made it returns " +
    "await future.result().",
});

Object.defineProperty(Future.prototype, FUTURE, { value: true });
// In the graph of a collection, a future is a task whose value the engine has or will have.
Object.defineProperty(Future.prototype, TASK, {
  value(this: Future): TaskRef {
    const { key } = this;
    return { layer: layerOf(this, 1, { name: `future-${key}`, keys: [key] }), index: 0 };
  },
});
// In the token of what is given to a task, a future stands for its value: its key names it.
Object.defineProperty(Future.prototype, TOKEN, {
  value(this: Future): string {
    return this.key;
  },
});

/** Whether `value` is a future, of any copy of the package. */
export function isFuture(value: unknown): value is Future {
  return typeof value === "object" && value !== null && FUTURE in value;
}

/** The futures of one `map`: array-like, and one range of tasks for the engine. */
export class FutureList<R = unknown> extends TaskListBase<R> implements Iterable<Future<R>> {
  readonly length: number;
  readonly #submission: Submission;
  readonly #first: number;
  readonly #key: (index: number) => string;
  readonly #release: () => void;

  /** @internal */
  constructor(
    submission: Submission,
    first: number,
    length: number,
    key: (index: number) => string,
  ) {
    super();
    this.#submission = submission;
    this.#first = first;
    this.length = length;
    this.#key = key;
    this.#release = submission.hold(first, length);
    releases.register(this, this.#release, this);
  }

  /** The future at `index`; negative counts from the end. Undefined beyond the list. */
  at(index: number): Future<R> | undefined {
    const i = index < 0 ? this.length + index : index;
    if (!(i >= 0 && i < this.length)) return undefined;
    return new Future<R>(this.#submission, this.#first + i, this.#key(i));
  }

  *[Symbol.iterator](): Generator<Future<R>> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as Future<R>;
  }

  map<T>(fn: (future: Future<R>, index: number) => T): T[] {
    return Array.from(this, fn);
  }

  /** Part of the list, as of an array: negative positions count from the end. */
  slice(start = 0, end: number = this.length): FutureList<R> {
    const [from, to] = [start, end].map((at) => {
      const whole = Math.trunc(at) || 0;
      const position = whole < 0 ? this.length + whole : whole;
      return Math.min(this.length, Math.max(0, position));
    }) as [number, number];
    const key = this.#key;
    return new FutureList<R>(
      this.#submission,
      this.#first + from,
      Math.max(0, to - from),
      (index) => key(from + index),
    );
  }

  /**
   * All values, in order, when they are there; with `timeoutMs`, not later than that.
   *
   * Errors: that of the first task that failed; `Timeout`, after which the tasks go on.
   */
  async results(options: { readonly timeoutMs?: number } = {}): Promise<R[]> {
    const caller = new Error();
    checkOptionNames("futures.results", options, ["timeoutMs"]);
    const { length } = this;
    await within(options.timeoutMs, `${length} futures`, this.settled());
    return (await this.#submission.link.values(await this.ids(), caller)) as R[];
  }

  /**
   * Waits until every task of the list has finished, failed or been cancelled; makes no futures.
   */
  async settled(): Promise<void> {
    const ids = await this.ids();
    const { link } = this.#submission;
    await waitInTask(
      () => link.settled(ids),
      () => this.release(),
    );
  }

  /** How many have settled so far. */
  get doneCount(): number {
    const { place, link } = this.#submission;
    if (place === undefined) return 0;
    let count = 0;
    for (let i = 0; i < this.length; i++) {
      const id = this.#submission.idOf(this.#first + i) as number;
      if (link.machine.statusOf(id) !== STATUS.pending) count++;
    }
    return count;
  }

  /** Cancels all tasks of the list that nobody else wants. */
  async cancel(options: { force?: boolean } = {}): Promise<void> {
    checkCancelOptions(options);
    const submission = this.#submission;
    const idsOf = (): Int32Array => submission.idsOf(this.#first, this.length);
    await submission.cancel(idsOf, options.force ?? false);
  }

  /** Says that none of the values is needed any more. */
  release(): void {
    releases.unregister(this);
    this.#release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * First and last key, without making futures of them, which would hold their values. @internal
   */
  keyRange(): string[] {
    return this.length === 0 ? [] : [this.#key(0), this.#key(this.length - 1)];
  }

  /** The tasks, for what depends on them. @internal */
  get range(): { submission: Submission; first: number; count: number } {
    return { submission: this.#submission, first: this.#first, count: this.length };
  }

  /** Numbers of the tasks in their engine. @internal */
  async ids(): Promise<Int32Array> {
    await this.#submission.accepted;
    return this.#submission.idsOf(this.#first, this.length);
  }

  /** @internal */
  get submission(): Submission {
    return this.#submission;
  }

  override toString(): string {
    return `FutureList(${this.length} futures, ${this.doneCount} done)`;
  }
}
inspectAsText(FutureList.prototype);
refuseClass(FutureList, {
  type: "FutureList",
  advice:
    "Its values belong to this client: pass the list as an argument of the task, which then gets " +
    "an array of them. A task that made it returns await list.results().",
});
Object.defineProperty(FutureList.prototype, TASKS, {
  value(this: FutureList): TaskRef[] {
    const layer = layerOf(this, this.length, {});
    return Array.from({ length: this.length }, (_, index) => ({ layer, index }));
  },
});
Object.defineProperty(FutureList.prototype, TOKEN, {
  value(this: FutureList): unknown {
    return [this.length, ...this.keyRange()];
  },
});

function checkCancelOptions(options: { readonly force?: boolean }): void {
  checkOptionNames("cancel", options, ["force"]);
  checkFlag("cancel", "force", options.force);
}

function statusName(status: number): FutureStatus {
  if (status === STATUS.finished) return "finished";
  if (status === STATUS.error) return "error";
  return status === STATUS.pending ? "pending" : "cancelled";
}
