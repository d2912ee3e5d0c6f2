/**
 * @file What the running task reads: its literals, and its inputs decoded from the heap. One object
 * serves all tasks of a thread in turn, because arguments are read before the function is called.
 */
import { decodeValue } from "../codec/index.ts";
import type { HeddleError } from "../core/errors.ts";
import type { ColumnReader, Invocation } from "../core/invoke.ts";
import { taskKey } from "../core/task-graph.ts";
import { NDArray, revoke } from "../ndarray/ndarray.ts";
import { InputChecks } from "./input-checks.ts";
import type { TaskContext } from "./task-context.ts";
import type { LocalGraph } from "./thread-graphs.ts";
import type { ThreadHeap } from "./thread-heap.ts";
import { TAG, type ValuePages } from "./value-pages.ts";
import { valueBytes } from "./value-view.ts";

export class TaskInputs implements Invocation {
  row = 0;
  columns: readonly ColumnReader[] = [];
  depCount = 0;
  readonly #pages: ValuePages;
  readonly #heap: ThreadHeap;
  #local: LocalGraph | undefined;
  #index = 0;
  /** In validate mode every input is compared with what it was. */
  readonly #validate: boolean;
  #held: HeldInputs;

  constructor(pages: ValuePages, heap: ThreadHeap, validate = false) {
    this.#pages = pages;
    this.#heap = heap;
    this.#validate = validate;
    this.#held = this.#noInputs();
  }

  /** From now on reads what task `index` of the graph is given. */
  aim(local: LocalGraph, index: number): void {
    const segment = local.segment(index);
    this.row = local.row(segment, index);
    this.columns = segment.columns;
    this.depCount = local.inputCount(index);
    this.#local = local;
    this.#index = index;
  }

  dep(k: number): unknown {
    const id = (this.#local as LocalGraph).input(this.#index, k);
    if (this.#pages.tagOf(id) !== TAG.heap) return this.#pages.inline(id);
    const memory = this.#heap.memory(this.#pages.arenaOf(id));
    const bytes = valueBytes(memory, this.#pages.wordOf(id));
    this.#held.checks?.add(this.#keyOf(id), bytes);
    const value = decodeValue(bytes);
    if (value instanceof NDArray) this.#held.arrays.push(value);
    return value;
  }

  /** Why the value of the running task must not be kept. */
  problem(): HeddleError | undefined {
    if (!this.#validate) return undefined;
    this.#held.task = this.#keyOf(this.#id);
    return this.#held.problem();
  }

  /**
   * The task has ended: its input arrays fail from now on instead of reading what may be others'
   * bytes.
   */
  revokeInputs(): void {
    if (this.#held.arrays.length > 0 || this.#validate) this.takeInputs().revoke();
  }

  /** Hands the inputs over to a task that goes on. */
  takeInputs(): HeldInputs {
    const held = this.#held;
    if (this.#validate) held.task = this.#keyOf(this.#id);
    this.#held = this.#noInputs();
    return held;
  }

  #noInputs(): HeldInputs {
    return new HeldInputs(this.#validate ? new InputChecks() : undefined);
  }

  get #id(): number {
    return (this.#local as LocalGraph).graph.base + this.#index;
  }

  #keyOf(id: number): string {
    const { graph } = this.#local as LocalGraph;
    const local = id - graph.base;
    const isOwn = local >= 0 && local < graph.count;
    return isOwn ? taskKey(graph.image, local) : "the value of an earlier call";
  }
}

/** What a running task holds of its inputs. */
export class HeldInputs {
  /** Local arrays over the inputs' bytes: no longer valid when the task has ended. */
  readonly arrays: NDArray[] = [];
  readonly checks: InputChecks | undefined;
  /** Key of the task, in validate mode. */
  task = "";

  constructor(checks: InputChecks | undefined) {
    this.checks = checks;
  }

  /** Why the task's value must not be kept. */
  problem(): HeddleError | undefined {
    return this.checks?.problem(this.task);
  }

  revoke(): void {
    for (const array of this.arrays) revoke(array);
  }
}

/** The context of a running task. */
export class LocalContext implements TaskContext {
  id = 0;
  #local: LocalGraph | undefined;
  readonly #suspend: () => () => void;
  #listeners: Set<(isGivenUp: boolean) => void> | undefined;
  #hasEnded = false;
  #isGivenUp = false;

  constructor(suspend: () => () => void) {
    this.#suspend = suspend;
  }

  aim(id: number, local: LocalGraph): void {
    this.#hasEnded = false;
    this.#isGivenUp = false;
    this.id = id;
    this.#local = local;
  }

  get key(): string {
    const { graph } = this.#local as LocalGraph;
    return taskKey(graph.image, this.id - graph.base);
  }

  suspend(): () => void {
    return this.#suspend();
  }

  onEnd(listener: (isGivenUp: boolean) => void): () => void {
    // A task that was given up may go on.
    if (this.#hasEnded) listener(this.#isGivenUp);
    this.#listeners ??= new Set();
    const listeners = this.#listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The task has ended, or was given up. */
  end(isGivenUp = false): void {
    this.#hasEnded = true;
    this.#isGivenUp = isGivenUp;
    if (this.#listeners === undefined) return;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners) listener(isGivenUp);
  }
}
