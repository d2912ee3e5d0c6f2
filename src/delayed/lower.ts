/**
 * @file From delayed calls to one layer: all calls below the wanted one that have no task yet
 * become the tasks of a new layer, written as columns. Each call then knows its task, so two values
 * that share calls share tasks however often they are lowered, and building a graph bit by bit
 * costs no more than building it at once.
 */
import type { Column, Layer, SerialKeys, TaskRef, Template } from "../core/graph.ts";
import { TASK } from "../core/single-task.ts";
import { tokenize } from "../core/token.ts";
import {
  type Call,
  type CallNode,
  callKey,
  callOf,
  INDEX,
  isCallNode,
  KEY_STEM,
  nextSerial,
  type Shape,
  STATE,
} from "./call.ts";
import type { Source } from "./unpack.ts";

/** Gives `root`, and every call it depends on, a task. */
export function lowerCalls(root: CallNode): void {
  const batch = new Batch();
  batch.collect(root);
  const layer = batch.toLayer();
  for (const node of batch.nodes) node[STATE] = layer;
}

class Batch {
  /** The delayed values of this batch; each holds its position as its `INDEX`. */
  readonly nodes: CallNode[] = [];
  readonly #calls: Call[] = [];
  readonly #inputs: Layer[] = [];
  /** Where the tasks of each input begin among the numbers that dependencies use. */
  readonly #inputStart = new Map<Layer, number>();
  #inputTasks = 0;

  /** Depth first without recursion, dependencies before their users: ids then ascend. */
  collect(root: CallNode): void {
    const path: CallNode[] = [root];
    const next: number[] = [0];
    while (path.length > 0) {
      const top = path.length - 1;
      const node = path[top] as CallNode;
      const { inputs, shape } = node[STATE] as Call;
      const end = inputs.length - shape.literals;
      let at = next[top] as number;
      let below: CallNode | undefined;
      while (at < end && below === undefined) below = this.#visit(inputs[at++] as Source);
      next[top] = at;
      if (below !== undefined) {
        path.push(below);
        next.push(0);
        continue;
      }
      path.pop();
      next.pop();
      node[INDEX] = this.nodes.push(node) - 1;
      this.#calls.push(node[STATE] as Call);
    }
  }

  /** The source itself when it is a call that has no place in this batch yet. */
  #visit(source: Source): CallNode | undefined {
    if (!isCallNode(source)) this.#addInput(taskOf(source).layer);
    else {
      const state = source[STATE];
      if (!("shape" in state)) this.#addInput(state);
      else if (source[INDEX] < 0) return source;
    }
    return undefined;
  }

  #addInput(layer: Layer): void {
    if (this.#inputStart.has(layer)) return;
    this.#inputStart.set(layer, this.#inputTasks);
    this.#inputTasks += layer.count;
    this.#inputs.push(layer);
  }

  toLayer(): Layer {
    const calls = this.#calls;
    const { shapes, shapeOf } = this.#shapes();
    const { depOffsets, deps } = this.#edges();
    const keys = this.#keys(shapes, shapeOf);
    const pure = calls.every(({ shape }) => shape.pure);
    const word = pure ? tokenize(keys) : `${KEY_STEM}${nextSerial().toString(16)}`;
    return {
      name: `delayed-${word}`,
      kind: "call",
      count: calls.length,
      templates: shapes.map((shape) => shape.template),
      ...(shapes.length > 1 && { templateOf: shapeOf }),
      inputs: this.#inputs,
      self: true,
      depOffsets,
      deps,
      columns: this.#columns(),
      keys,
      pure,
    };
  }

  /** The distinct templates: literals have their own column each, whatever the shape. */
  #shapes(): { shapes: Shape[]; shapeOf: Uint16Array | Int32Array } {
    const shapes: Shape[] = [];
    const numberOf = new Map<Template, number>();
    const shapeOf = new Int32Array(this.#calls.length);
    let last: Shape | undefined;
    let number: number | undefined;
    for (let i = 0; i < shapeOf.length; i++) {
      const { shape } = this.#calls[i] as Call;
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

  #edges(): { depOffsets: Int32Array; deps: Int32Array } {
    const count = this.#calls.length;
    const depOffsets = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) {
      const { inputs, shape } = this.#calls[i] as Call;
      depOffsets[i + 1] = (depOffsets[i] as number) + inputs.length - shape.literals;
    }
    const deps = new Int32Array(depOffsets[count] as number);
    let at = 0;
    for (const { inputs, shape } of this.#calls) {
      const end = inputs.length - shape.literals;
      for (let k = 0; k < end; k++) deps[at++] = this.#number(inputs[k] as Source);
    }
    return { depOffsets, deps };
  }

  #number(source: Source): number {
    if (isCallNode(source) && callOf(source) !== undefined) return this.#inputTasks + source[INDEX];
    const { layer, index } = taskOf(source);
    return (this.#inputStart.get(layer) as number) + index;
  }

  #columns(): Column[] {
    const calls = this.#calls;
    let width = 0;
    for (const { shape } of calls) width = Math.max(width, shape.literals);
    return Array.from({ length: width }, (_, column) => makeColumn(calls, column));
  }

  /** Eight bytes a key while all are counters; a chosen or content key needs the text of all. */
  #keys(shapes: readonly Shape[], nameOf: Uint16Array | Int32Array): string[] | SerialKeys {
    const calls = this.#calls;
    if (calls.some(({ key }) => typeof key === "string")) return calls.map(callKey);
    const serials = Float64Array.from(calls, ({ key }) => key as number);
    const names = shapes.map(({ template }) => template.name);
    return { stem: KEY_STEM, serials, names, nameOf };
  }
}

function taskOf(source: Source): TaskRef {
  return TASK in source ? source[TASK]() : source;
}

/** The `column`-th literal of every call: as doubles when all of them are numbers. */
function makeColumn(calls: readonly Call[], column: number): Column {
  const data = new Float64Array(calls.length);
  for (let i = 0; i < data.length; i++) {
    const { inputs, shape } = calls[i] as Call;
    if (column >= shape.literals) continue;
    const literal = inputs[inputs.length - shape.literals + column];
    if (typeof literal !== "number") return valueColumn(calls, column);
    data[i] = literal;
  }
  return { kind: "number", data };
}

function valueColumn(calls: readonly Call[], column: number): Column {
  const data = calls.map(({ inputs, shape }) =>
    column < shape.literals ? inputs[inputs.length - shape.literals + column] : undefined,
  );
  return { kind: "value", data };
}
