/**
 * @file What the running task reads: its literals, and its inputs decoded from the heap. One object
 * serves all tasks of a thread in turn, because arguments are read before the function is called.
 */
import { decodeValue } from "../codec/index.ts";
import type { ColumnReader, Invocation } from "../core/invoke.ts";
import { taskKey } from "../core/task-graph.ts";
import { NDArray, revoke } from "../ndarray/ndarray.ts";
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
  /** Local arrays over the inputs' bytes: no longer valid when the task has ended. */
  #arrays: NDArray[] = [];

  constructor(pages: ValuePages, heap: ThreadHeap) {
    this.#pages = pages;
    this.#heap = heap;
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
    const value = decodeValue(valueBytes(memory, this.#pages.wordOf(id)));
    if (value instanceof NDArray) this.#arrays.push(value);
    return value;
  }

  /**
   * The task has ended: its input arrays fail from now on instead of reading what may be others'
   * bytes.
   */
  revokeInputs(): void {
    if (this.#arrays.length === 0) return;
    for (const array of this.#arrays) revoke(array);
    this.#arrays = [];
  }

  /** Hands the input arrays over to a task that goes on. */
  takeInputs(): NDArray[] {
    const arrays = this.#arrays;
    this.#arrays = [];
    return arrays;
  }
}

/** The context of a running task. */
export class LocalContext implements TaskContext {
  id = 0;
  #local: LocalGraph | undefined;
  readonly #suspend: () => () => void;

  constructor(suspend: () => () => void) {
    this.#suspend = suspend;
  }

  aim(id: number, local: LocalGraph): void {
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
}
