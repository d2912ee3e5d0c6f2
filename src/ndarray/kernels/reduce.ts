/**
 * @file Reductions of a kernel's values, in stages: each stage reduces one dimension of the
 * simplified loop nest (the innermost reduced one), so that every back end needs only two forms:
 * lines along the innermost dimension, and rows added to a row. Stages after the first reduce the
 * partial results of the one before.
 */
import { type AnyTypedArray, type DType, isBig, kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxes, sizeOfShape } from "../../core/indexing.ts";
import { broadcastStrides, contiguousStrides, type Layout } from "../layout.ts";
import { simplifyNest } from "../nest.ts";
import { allocateStorage, emptyLayout, releaseStorage } from "../storage.ts";
import type { Kernel, KernelNode, Reduction } from "./ir.ts";
import { argLine, type LineMode, lineReducer } from "./js-reduce.ts";
import type { ReduceOp } from "./rules.ts";

/** One dimension to reduce. Strides are by operand (the kernel's inputs), in elements. */
export interface Stage {
  readonly kernel: Kernel;
  readonly op: ReduceOp;
  readonly inputs: readonly Layout[];
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  /**
   * The dimension that is reduced: the last (`inner`), or an earlier one (`outer`: the last one is
   * kept).
   */
  readonly dimension: number;
  readonly mode: LineMode;
  /** Where results go; strides along all dimensions, 0 along the reduced one. */
  readonly out: Layout;
}

/** Runs one stage; the wasm back end's returns false for what it does not know. */
export type RunStage = (stage: Stage) => boolean;

/** Shape of a reduction's result. */
export function reducedShape(
  shape: readonly number[],
  axes: readonly number[],
  keepdims: boolean,
): number[] {
  if (keepdims) return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/**
 * Reduces a kernel over inputs that broadcast to `shape`, trying `runners` in order for every
 * stage.
 */
export function reduceKernel(
  kernel: Kernel,
  inputs: readonly Layout[],
  shape: readonly number[],
  runners: readonly RunStage[],
): Layout {
  const reduction = kernel.reduction as Reduction;
  const axes = resolveAxes(reduction.axes, shape.length);
  const outShape = reducedShape(shape, axes, reduction.keepdims);
  const out = emptyLayout(reduction.dtype, outShape, inputs[0]?.storage.memory);
  const count = axes.reduce((product, axis) => product * (shape[axis] as number), 1);
  if (sizeOfShape(outShape) === 0) return out;
  if (count === 0) {
    out.storage.values.fill(identityOf(reduction.op, reduction.dtype) as never);
    return out;
  }
  const kept = { ...out, strides: keptStrides(out, shape, axes, reduction.keepdims) };
  const strides = inputs.map((x) => broadcastStrides(x.shape, x.strides, shape));
  const nest = simplifyNest({ shape, strides: [...strides, kept.strides] });
  const reduced = reducedDimensions(nest.shape, nest.strides.at(-1) as readonly number[], count);
  runStages(
    kernel,
    inputs,
    nest.shape,
    nest.strides.slice(0, -1),
    reduced,
    {
      ...kept,
      shape: nest.shape,
      strides: nest.strides.at(-1) as readonly number[],
    },
    runners,
  );
  return out;
}

/** Strides of the result along the axes of the unreduced shape: 0 along the reduced ones. */
function keptStrides(
  out: Layout,
  shape: readonly number[],
  axes: readonly number[],
  keepdims: boolean,
): number[] {
  let next = 0;
  return shape.map((_, axis) => {
    const reduced = axes.includes(axis);
    const own = reduced && !keepdims ? 0 : (out.strides[next++] as number);
    return reduced ? 0 : own;
  });
}

/**
 * Dimensions along which the result does not move; none when nothing is reduced (each line is one
 * element).
 */
function reducedDimensions(
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): number[] {
  if (count === 1) return [];
  return shape.map((_, d) => d).filter((d) => strides[d] === 0 && (shape[d] as number) > 1);
}

function runStages(
  kernel: Kernel,
  inputs: readonly Layout[],
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  reduced: readonly number[],
  out: Layout,
  runners: readonly RunStage[],
): void {
  const op = (kernel.reduction as Reduction).op;
  if (reduced.length === 0) {
    // A line of one element each: an extra innermost dimension of length 1 is what is reduced.
    const stage: Stage = {
      kernel,
      op,
      inputs,
      shape: [...shape, 1],
      strides: strides.map((own) => [...own, 0]),
      dimension: shape.length,
      mode: "inner",
      out: { ...out, strides: [...out.strides, 0] },
    };
    runFirst(runners, stage);
    return;
  }
  const dimension = reduced.at(-1) as number;
  const mode = dimension === shape.length - 1 ? "inner" : "outer";
  const stage = { kernel, op, inputs, shape, strides, dimension, mode } as const;
  if (reduced.length === 1) {
    runFirst(runners, { ...stage, out });
    return;
  }
  const partShape = shape.filter((_, d) => d !== dimension);
  const dtype = (kernel.nodes[kernel.output] as KernelNode).dtype;
  const part = emptyLayout(dtype, partShape, out.storage.memory);
  const partStrides = [...part.strides];
  partStrides.splice(dimension, 0, 0);
  runFirst(runners, { ...stage, out: { ...part, shape, strides: partStrides } });
  const rest = reduced.slice(0, -1);
  const outStrides = out.strides.filter((_, d) => d !== dimension);
  const next = identityKernel(dtype, kernel.reduction as Reduction);
  const final = { ...out, shape: partShape, strides: outStrides };
  runStages(next, [part], partShape, [part.strides], rest, final, runners);
  releaseStorage(part.storage);
}

function runFirst(runners: readonly RunStage[], stage: Stage): void {
  for (const run of runners) if (run(stage)) return;
}

const identities = new Map<DType, Kernel>();

/** The kernel whose values are its only input. */
export function identityKernel(dtype: DType, reduction?: Reduction): Kernel {
  let kernel = identities.get(dtype);
  if (kernel === undefined) {
    kernel = { inputs: [dtype], nodes: [{ kind: "input", index: 0, dtype }], output: 0 };
    identities.set(dtype, kernel);
  }
  return reduction === undefined ? kernel : { ...kernel, reduction };
}

/** What a sum, product, any or all of nothing is. */
function identityOf(op: ReduceOp, dtype: DType): number | bigint {
  if (op !== "sum" && op !== "prod" && op !== "any" && op !== "all") {
    throw new HeddleError(
      "InvalidShape",
      `${op} of an empty array has no value. Check size first, or reduce along another axis.`,
      { fields: { op } },
    );
  }
  const one = op === "prod" || op === "all";
  return isBig(dtype) ? BigInt(one) : Number(one);
}

/** A stage in JavaScript, over an input that has the kernel's values already. */
export function runStageJs(stage: Stage): boolean {
  const input = stage.inputs[0] as Layout;
  const { shape, dimension, out } = stage;
  const strides = stage.strides[0] as readonly number[];
  const reduce = lineReducer(stage.op, input.dtype, stage.mode);
  const write = slotWriter(out.storage.values, out.dtype);
  const count = shape[dimension] as number;
  const lengths = shape.filter((_, d) => d !== dimension);
  const visit = (d: number, at: number, to: number): void => {
    if (d === shape.length) {
      write(to, reduce(input.storage.values, at, strides[dimension] as number, count));
      return;
    }
    const length = d === dimension ? 1 : (shape[d] as number);
    for (let i = 0; i < length; i++) {
      visit(d + 1, at + i * (strides[d] as number), to + i * (out.strides[d] as number));
    }
  };
  if (!lengths.includes(0)) visit(0, input.offset, out.offset);
  return true;
}

function slotWriter(values: AnyTypedArray, dtype: DType): (at: number, value: unknown) => void {
  if (kindOf(dtype) !== "c") {
    return (at, value) => {
      values[at] = value as never;
    };
  }
  return (at, value) => {
    const [re, im] = value as [number, number];
    values[2 * at] = re;
    values[2 * at + 1] = im;
  };
}

/** argmin and argmax: lines in C order of the reduced axes, whatever the memory order. */
export function argReduce(
  op: "argmin" | "argmax",
  input: Layout,
  axesGiven: readonly number[] | null,
  keepdims: boolean,
): Layout {
  const axes = resolveAxes(axesGiven, input.shape.length);
  const out = emptyLayout("int64", reducedShape(input.shape, axes, keepdims), input.storage.memory);
  if (out.storage.values.length === 0) return out;
  const lengths = axes.map((axis) => input.shape[axis] as number);
  const count = sizeOfShape(lengths);
  if (count === 0) identityOf(op, "int64");
  const steps = axes.map((axis) => input.strides[axis] as number);
  const keptAxes = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const { values } = input.storage;
  let result = 0;
  const visit = (k: number, at: number): void => {
    if (k === keptAxes.length) {
      const offsets = lineOffsets(at, lengths, steps);
      out.storage.values[result++] = BigInt(
        argLine(op, input.dtype, values, offsets, count),
      ) as never;
      return;
    }
    const axis = keptAxes[k] as number;
    for (let i = 0; i < (input.shape[axis] as number); i++) {
      visit(k + 1, at + i * (input.strides[axis] as number));
    }
  };
  visit(0, input.offset);
  return out;
}

/** Walks the positions of a box in C order. */
function lineOffsets(
  start: number,
  lengths: readonly number[],
  steps: readonly number[],
): { next(): number } {
  const at = new Array<number>(lengths.length).fill(0);
  let offset = start;
  return {
    next() {
      const current = offset;
      for (let axis = lengths.length - 1; axis >= 0; axis--) {
        const next = (at[axis] as number) + 1;
        offset += steps[axis] as number;
        if (next < (lengths[axis] as number)) {
          at[axis] = next;
          return current;
        }
        offset -= next * (steps[axis] as number);
        at[axis] = 0;
      }
      return current;
    },
  };
}

/** A temporary for a kernel's values, laid out like the loop nest that computes them. */
export function temporaryFor(
  kernel: Kernel,
  shape: readonly number[],
  near: Layout | undefined,
): Layout {
  const dtype = (kernel.nodes[kernel.output] as KernelNode).dtype;
  const storage = allocateStorage(dtype, sizeOfShape(shape), near?.storage.memory);
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}
