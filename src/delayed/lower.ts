/**
 * @file From delayed calls to one layer: all calls below the wanted one that have no task yet
 * become the tasks of a new layer, written as columns. Each call then knows its task, so two values
 * that share calls share tasks however often they are lowered, and building a graph bit by bit
 * costs no more than building it at once. Equal pure calls become one task here, also with those
 * that were lowered before.
 */
import type { Column, Layer, SerialKeys, TaskRef, Template } from "../core/graph.ts";
import { TASK } from "../core/single-task.ts";
import { tokenize } from "../core/token.ts";
import {
  type CallNode,
  callKey,
  INDEX,
  INPUTS,
  isCallNode,
  isPending,
  KEY,
  KEY_STEM,
  nextSerial,
  type PendingCall,
  type Shape,
  STATE,
  settle,
} from "./call.ts";
import { GrowingList } from "./growing-list.ts";
import { pureTasks } from "./pure-tasks.ts";
import type { Source } from "./unpack.ts";

/** Gives `root`, and every call it depends on, a task. */
export function lowerCalls(root: PendingCall): void {
  const batch = new Batch();
  try {
    batch.collect(root);
    if (batch.calls.length > 0) batch.settle();
  } catch (error) {
    batch.undo();
    throw error;
  }
}

class Batch {
  /** The calls that become tasks; each holds its position as its `INDEX`. */
  readonly calls: PendingCall[] = [];
  /** Calls that are equal to one of `calls`, and have its `INDEX`. */
  readonly #twins: CallNode[] = [];
  readonly #pure = pureTasks.open();
  readonly #inputs: Layer[] = [];
  /** Where the tasks of each input begin among the numbers that dependencies use. */
  readonly #inputStart = new Map<Layer, number>();
  #inputTasks = 0;
  /** By edge: the position of a call, or `~n` for the `n`-th task of the inputs. */
  readonly #edges = new GrowingList();
  /** Where the edges of each call end. */
  readonly #edgeEnds = new GrowingList();

  /** Depth first without recursion, dependencies before their users: ids then ascend. */
  collect(root: PendingCall): void {
    if (this.#visit(root) === undefined) return;
    const path: PendingCall[] = [root];
    const next: number[] = [0];
    while (path.length > 0) {
      const top = path.length - 1;
      const node = path[top] as PendingCall;
      const inputs = node[INPUTS];
      const end = inputs.length - node[STATE].literals;
      let at = next[top] as number;
      let below: PendingCall | undefined;
      while (at < end && below === undefined) below = this.#visit(inputs[at++] as Source);
      next[top] = at;
      if (below !== undefined) {
        path.push(below);
        next.push(0);
        continue;
      }
      path.pop();
      next.pop();
      this.#add(node, end);
    }
  }

  /** The source itself when it is a call that has no place in this batch yet. */
  #visit(source: Source): PendingCall | undefined {
    if (!isCallNode(source)) this.#addInput(taskOf(source).layer);
    else if (!isPending(source)) this.#addInput(source[STATE] as Layer);
    else if (source[INDEX] < 0 && !this.#isTwin(source)) return source;
    return undefined;
  }

  /** Whether an equal call has a task, or will get one: then this one is that task too. */
  #isTwin(call: PendingCall): boolean {
    if (!call[STATE].pure) return false;
    const known = pureTasks.get(call[KEY] as string);
    if (known === undefined) return false;
    if (known.layer === undefined) {
      call[INDEX] = known.index;
      this.#twins.push(call);
    } else {
      settle(call, known.layer, known.index);
      this.#addInput(known.layer);
    }
    return true;
  }

  #addInput(layer: Layer): void {
    if (this.#inputStart.has(layer)) return;
    this.#inputStart.set(layer, this.#inputTasks);
    this.#inputTasks += layer.count;
    this.#inputs.push(layer);
  }

  /** Everything that the call depends on has its number now. */
  #add(call: PendingCall, dependencies: number): void {
    const index = this.calls.push(call) - 1;
    call[INDEX] = index;
    if (call[STATE].pure) pureTasks.add(this.#pure, call[KEY] as string, index);
    const inputs = call[INPUTS];
    for (let k = 0; k < dependencies; k++) this.#edges.push(this.#number(inputs[k] as Source));
    this.#edgeEnds.push(this.#edges.length);
  }

  #number(source: Source): number {
    if (isCallNode(source) && isPending(source)) return source[INDEX];
    const { layer, index } = taskOf(source);
    return ~((this.#inputStart.get(layer) as number) + index);
  }

  #toLayer(): Layer {
    const { calls } = this;
    const { shapes, shapeOf } = this.#shapes();
    const keys = this.#keys(shapes, shapeOf);
    const pure = shapes.every((shape) => shape.pure);
    const word = pure ? tokenize(keys) : `${KEY_STEM}${nextSerial().toString(16)}`;
    return {
      name: `delayed-${word}`,
      kind: "call",
      count: calls.length,
      templates: shapes.map((shape) => shape.template),
      ...(shapes.length > 1 && { templateOf: shapeOf }),
      inputs: this.#inputs,
      self: true,
      ...this.#dependencies(),
      columns: this.#columns(shapes),
      keys,
      pure,
    };
  }

  /** Makes the calls tasks of a new layer. */
  settle(): void {
    const layer = this.#toLayer();
    pureTasks.close(this.#pure, layer);
    for (const call of this.#twins) settle(call, layer, call[INDEX]);
    for (const [index, call] of this.calls.entries()) settle(call, layer, index);
  }

  /** Leaves everything as it was, after an error. */
  undo(): void {
    pureTasks.forget(this.#pure, this.calls.map(callKey));
    for (const call of this.#twins) call[INDEX] = -1;
    for (const call of this.calls) call[INDEX] = -1;
  }

  /** The distinct templates: literals have their own column each, whatever the shape. */
  #shapes(): { shapes: Shape[]; shapeOf: Uint16Array | Int32Array } {
    const shapes: Shape[] = [];
    const numberOf = new Map<Template, number>();
    const shapeOf = new Int32Array(this.calls.length);
    let last: Shape | undefined;
    let number: number | undefined;
    for (let i = 0; i < shapeOf.length; i++) {
      const shape = (this.calls[i] as PendingCall)[STATE];
      if (shape !== last) {
        last = shape;
        number = numberOf.get(shape.template);
        number ??= shapes.push(shape) - 1;
        numberOf.set(shape.template, number);
      }
      shapeOf[i] = number as number;
    }
    return { shapes, shapeOf: shapes.length <= 65536 ? new Uint16Array(shapeOf) : shapeOf };
  }

  /** A layer's own tasks are numbered after those of all its inputs. */
  #dependencies(): { depOffsets: Int32Array; deps: Int32Array } {
    const deps = this.#edges.toArray();
    for (let e = 0; e < deps.length; e++) {
      const dep = deps[e] as number;
      deps[e] = dep < 0 ? ~dep : dep + this.#inputTasks;
    }
    const depOffsets = new Int32Array(this.calls.length + 1);
    depOffsets.set(this.#edgeEnds.toArray(), 1);
    return { depOffsets, deps };
  }

  #columns(shapes: readonly Shape[]): Column[] {
    const width = shapes.reduce((most, { literals }) => Math.max(most, literals), 0);
    return Array.from({ length: width }, (_, column) => makeColumn(this.calls, column));
  }

  /** Eight bytes a key while all are counters; a chosen or content key needs the text of all. */
  #keys(shapes: readonly Shape[], nameOf: Uint16Array | Int32Array): string[] | SerialKeys {
    const { calls } = this;
    const serials = new Float64Array(calls.length);
    for (let i = 0; i < serials.length; i++) {
      const key = (calls[i] as PendingCall)[KEY];
      if (typeof key === "string") return calls.map(callKey);
      serials[i] = key;
    }
    const names = shapes.map(({ template }) => template.name);
    return { stem: KEY_STEM, serials, names, nameOf };
  }
}

function taskOf(source: Source): TaskRef {
  return TASK in source ? source[TASK]() : source;
}

/** The `column`-th literal of every call: as doubles when all of them are numbers. */
function makeColumn(calls: readonly PendingCall[], column: number): Column {
  const data = new Float64Array(calls.length);
  for (let i = 0; i < data.length; i++) {
    const call = calls[i] as PendingCall;
    if (column >= call[STATE].literals) continue;
    const literal = literalOf(call, column);
    if (typeof literal !== "number") return valueColumn(calls, column);
    data[i] = literal;
  }
  return { kind: "number", data };
}

function valueColumn(calls: readonly PendingCall[], column: number): Column {
  const data = calls.map((call) =>
    column < call[STATE].literals ? literalOf(call, column) : undefined,
  );
  return { kind: "value", data };
}

function literalOf(call: PendingCall, column: number): unknown {
  const inputs = call[INPUTS];
  return inputs[inputs.length - call[STATE].literals + column];
}
