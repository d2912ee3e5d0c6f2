/**
 * @file Collections as arguments of submitted calls. Each is lowered to one task that gives its
 * computed value; those of one turn of the event loop form one graph, whose outputs the calls then
 * depend on like on futures. So a collection given to many calls is computed once, and let go when
 * the last of them has read it.
 */
import type { Collection } from "../core/collection.ts";
import {
  type Arg,
  keyOf,
  type Layer,
  regularOffsets,
  type TaskFunction,
  type TaskRef,
} from "../core/graph.ts";
import { isSingleTask, TASK } from "../core/single-task.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { tokenizeCall } from "../core/token.ts";
import type { Submission } from "./future.ts";
import { type GraphOptions, graphOf } from "./run-collections.ts";

/** The collections that are computed for the calls of one turn. */
export class LazyInputs {
  readonly submission: Submission;
  readonly #tasks: TaskRef[] = [];
  readonly #locals = new Map<Collection, number>();

  constructor(submission: Submission) {
    this.submission = submission;
  }

  /** Local id, within the submission, of the task that gives the collection's value. */
  add(collection: Collection): number {
    let local = this.#locals.get(collection);
    if (local === undefined) {
      local = this.#tasks.push(valueTask(collection)) - 1;
      this.#locals.set(collection, local);
    }
    return local;
  }

  /** The key of a task that `add` gave. */
  keyOf(local: number): string {
    const { layer, index } = this.#tasks[local] as TaskRef;
    return keyOf(layer, index);
  }

  /** The graph that computes all of them; waits for the ids of futures that it uses. */
  async graph(options: GraphOptions = {}): Promise<TaskGraph> {
    return await graphOf(this.#tasks, options);
  }
}

/** The one task whose value is the computed collection. */
function valueTask(collection: Collection): TaskRef {
  if (isSingleTask(collection)) return collection[TASK]();
  const { outputs, finish, finishTask } = collection.lower();
  const fn: TaskFunction = finishTask?.fn ?? ((values: readonly unknown[]) => finish(values));
  const rest = (finishTask?.args ?? []).map((value): Arg => ({ kind: "const", value }));
  const inputs = [...new Set(outputs.map(({ layer }) => layer))];
  const keys = outputs.map(({ layer, index }) => `${layer.name}#${index}`);
  const layer: Layer = {
    name: `finish-${tokenizeCall(keys, fn, ...(finishTask?.args ?? []))}`,
    kind: "call",
    count: 1,
    templates: [{ name: "finish", fn, args: [{ kind: "deps", start: 0 }, ...rest] }],
    inputs,
    depOffsets: regularOffsets(1, outputs.length),
    deps: numbersIn(inputs, outputs),
    columns: [],
  };
  return { layer, index: 0 };
}

/** The tasks' numbers among those of the layers, counted one layer after the other. */
function numbersIn(layers: readonly Layer[], tasks: readonly TaskRef[]): Int32Array {
  const starts = new Map<Layer, number>();
  let start = 0;
  for (const layer of layers) {
    starts.set(layer, start);
    start += layer.count;
  }
  return Int32Array.from(tasks, ({ layer, index }) => (starts.get(layer) as number) + index);
}
