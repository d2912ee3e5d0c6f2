/**
 * @file From block arithmetic to layers. `Blocks` says which tasks hold the blocks of a lowered
 * array; a `LayerPlan` collects what a new layer depends on, numbers it, and turns per-block values
 * into constants or columns.
 */
import {
  type Arg,
  type Column,
  type Layer,
  type LayerKind,
  regularOffsets,
  type Template,
} from "../core/graph.ts";
import { optionsInForce } from "./annotations.ts";
import { blockAt } from "./axis-plans.ts";
import { type Chunks, gridOf, offsetsOf, product } from "./chunks.ts";
import { blocksBelow, type Cut, isIdentity, stridesOf } from "./cut.ts";
import { cutBlock } from "./tasks.ts";

/** Which tasks hold the blocks of an array. */
export interface Blocks {
  readonly chunks: Chunks;
  readonly layers: readonly Layer[];
  /**
   * Task of each block in C order, numbered over the tasks of `layers`, one layer after the other.
   */
  readonly tasks: Int32Array;
}

/** An array as a task uses it: blocks, seen through a view or as they are. */
export interface Operand {
  readonly blocks: Blocks;
  readonly cut: Cut | null;
}

/** The numbers `first`, `first + step`, …, `count` of them. */
export function countUp(count: number, first = 0, step = 1): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = first + i * step;
  return numbers;
}

/** The number of each layer's first task, and at last that of all tasks. */
export function firstTasks(layers: readonly Layer[]): Float64Array {
  return offsetsOf(layers.map((layer) => layer.count));
}

/** The blocks of one layer whose tasks are the blocks of a grid in C order. */
export function blocksOfLayer(layer: Layer, chunks: Chunks): Blocks {
  return { chunks, layers: [layer], tasks: countUp(layer.count) };
}

/** Values by position along one axis of a grid. */
export interface AxisValues {
  readonly axis: number;
  readonly values: ArrayLike<number>;
}

/**
 * For each cell of a grid in C order: `base` plus the values that belong to the cell's positions.
 */
export function spread(
  grid: readonly number[],
  base: number,
  parts: readonly AxisValues[],
): Float64Array {
  const perAxis = grid.map((length) => new Float64Array(length));
  for (const { axis, values } of parts) {
    const sums = perAxis[axis] as Float64Array;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (values[i] as number);
  }
  let cells = Float64Array.of(base);
  for (const sums of perAxis) {
    const next = new Float64Array(cells.length * sums.length);
    let at = 0;
    for (const start of cells) for (const value of sums) next[at++] = start + value;
    cells = next;
  }
  return cells;
}

/** What `LayerPlan.finish` needs besides what was collected. */
export interface LayerParts {
  readonly word: string;
  readonly token: string;
  readonly kind: LayerKind;
  readonly template: Omit<Template, "name"> & { readonly name?: string };
  readonly pure?: boolean;
}

/** Collects the dependencies and literals of one layer over a grid of tasks. */
export class LayerPlan {
  readonly grid: readonly number[];
  readonly count: number;
  readonly #layers: Layer[] = [];
  readonly #starts = new Map<Layer, number>();
  readonly #deps: Int32Array[] = [];
  readonly #columns: Column[] = [];
  #tasksBelow = 0;

  constructor(grid: readonly number[]) {
    this.grid = grid;
    this.count = product(grid);
  }

  /** Numbers tasks of `blocks` as this layer's dependencies are numbered. */
  number(blocks: Blocks, tasks: Int32Array = blocks.tasks): Int32Array {
    const starts = blocks.layers.map((layer) => this.#startOf(layer));
    if (starts.length === 1) {
      const [start] = starts as [number];
      return start === 0 ? tasks : tasks.map((task) => task + start);
    }
    const first = firstTasks(blocks.layers);
    return tasks.map((task) => {
      const k = blockAt(first, task);
      return task - (first[k] as number) + (starts[k] as number);
    });
  }

  #startOf(layer: Layer): number {
    let start = this.#starts.get(layer);
    if (start === undefined) {
      start = this.#tasksBelow;
      this.#starts.set(layer, start);
      this.#layers.push(layer);
      this.#tasksBelow += layer.count;
    }
    return start;
  }

  /** One dependency of every task: the task numbers, in this layer's numbering. */
  dep(tasks: Int32Array): Arg {
    this.#deps.push(tasks);
    return { kind: "dep", index: this.#deps.length - 1 };
  }

  /** A number of every task: a constant when it is the same for all, else a column. */
  literal(values: Float64Array | Int32Array): Arg {
    const first = values[0];
    if (first !== undefined && isConstant(values)) {
      return { kind: "const", value: first };
    }
    this.#columns.push({ kind: "number", data: values });
    return { kind: "column", column: this.#columns.length - 1 };
  }

  /** A value of every task, of any kind. */
  value(values: readonly unknown[]): Arg {
    this.#columns.push({ kind: "value", data: values });
    return { kind: "column", column: this.#columns.length - 1 };
  }

  /** Per-axis numbers, by position along axes of this layer's grid. */
  axisLiteral(axis: number, values: ArrayLike<number>): Arg {
    if (isConstant(values)) return { kind: "const", value: values[0] ?? 0 };
    return this.literal(spread(this.grid, 0, [{ axis, values }]));
  }

  /** The shape of a task's block, as an argument. */
  shapeArg(chunks: Chunks): Arg {
    const items = chunks.map((blocks, axis) => this.axisLiteral(axis, blocks));
    return items.every((item) => item.kind === "const")
      ? { kind: "const", value: items.map((item) => (item as { value: unknown }).value) }
      : { kind: "array", items };
  }

  /**
   * A block of `operand` for every task, cut as its view says. `axes[k]` is the axis of this
   * layer's grid along which the operand's k-th axis runs (an axis of one block runs along any);
   * default: the same axes.
   */
  operand(operand: Operand, axes?: readonly number[]): Arg {
    const { blocks, cut } = operand;
    const below = gridOf(blocks.chunks);
    const strides = stridesOf(below);
    if (cut === null || isIdentity(cut, blocks.chunks)) {
      if (axes === undefined) return this.dep(this.number(blocks));
      const parts = below.flatMap((length, k): AxisValues[] => {
        const stride = strides[k] as number;
        const values = countUp(length, 0, stride);
        return length === 1 ? [] : [{ axis: axes[k] as number, values }];
      });
      return this.dep(this.number(blocks, pick(blocks.tasks, spread(this.grid, 0, parts))));
    }
    const numbers =
      axes === undefined ? blocksBelow(cut, blocks.chunks) : this.#numbersBelow(cut, strides, axes);
    const dep = this.dep(this.number(blocks, pick(blocks.tasks, numbers)));
    return this.#cutArg(dep, cut, axes, below.length);
  }

  #numbersBelow(cut: Cut, strides: readonly number[], axes: readonly number[]): Float64Array {
    let base = 0;
    for (const { axis, block } of cut.fixed) base += block * (strides[axis] as number);
    const parts = cut.axes.flatMap((axis, k): AxisValues[] => {
      if (axis.axis === -1) return [];
      const stride = strides[axis.axis] as number;
      if (axis.source.length > 1) {
        return [{ axis: axes[k] as number, values: axis.source.map((block) => block * stride) }];
      }
      base += (axis.source[0] as number) * stride;
      return [];
    });
    return spread(this.grid, base, parts);
  }

  #cutArg(dep: Arg, cut: Cut, axes: readonly number[] | undefined, ndimBelow: number): Arg {
    const straight =
      cut.fixed.length === 0 &&
      cut.axes.length === ndimBelow &&
      cut.axes.every((axis, k) => axis.whole && axis.axis === k);
    if (straight) return dep;
    const literals: Arg[] = cut.fixed.map(({ at }) => ({ kind: "const", value: at }));
    cut.axes.forEach((axis, k) => {
      if (axis.whole) return;
      const gridAxis = axes?.[k] ?? k;
      literals.push(this.axisLiteral(gridAxis, axis.start));
      literals.push(this.axisLiteral(gridAxis, axis.blocks));
    });
    const spec = {
      axes: cut.axes.map(({ axis }) => axis),
      steps: cut.axes.map(({ step }) => step),
      whole: cut.axes.map(({ whole }) => whole),
      fixed: cut.fixed.map(({ axis }) => axis),
    };
    const constant = literals.every((literal) => literal.kind === "const");
    const list: Arg = constant
      ? { kind: "const", value: literals.map((literal) => (literal as { value: unknown }).value) }
      : { kind: "array", items: literals };
    return { kind: "call", fn: cutBlock, args: [dep, { kind: "const", value: spec }, list] };
  }

  /** The layer: every task has the dependencies given to `dep`, in that order. */
  finish(parts: LayerParts): Layer {
    const arity = this.#deps.length;
    const deps = new Int32Array(this.count * arity);
    this.#deps.forEach((tasks, k) => {
      for (let i = 0; i < this.count; i++) deps[i * arity + k] = tasks[i] as number;
    });
    return this.finishWith(parts, regularOffsets(this.count, arity), deps);
  }

  /** The layer, with dependencies given as offsets into one list. */
  finishWith(parts: LayerParts, depOffsets: Int32Array, deps: Int32Array): Layer {
    const { word, token, kind, template, pure } = parts;
    const options = optionsInForce();
    return {
      name: `${word}-${token}`,
      kind,
      count: this.count,
      grid: this.grid,
      templates: [
        { ...template, name: template.name ?? word, ...(options === undefined ? {} : { options }) },
      ],
      inputs: this.#layers,
      depOffsets,
      deps,
      columns: this.#columns,
      ...(pure === undefined ? {} : { pure }),
    };
  }
}

/** Whether all values are the same; most grids answer at the first block or two. */
function isConstant(values: ArrayLike<number>): boolean {
  const first = values[0];
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

/** Items of `tasks` at the given positions. */
export function pick(tasks: Int32Array, at: ArrayLike<number>): Int32Array {
  const picked = new Int32Array(at.length);
  for (let i = 0; i < picked.length; i++) picked[i] = tasks[at[i] as number] as number;
  return picked;
}
