/**
 * @file Runs kernels on layouts: broadcasts the inputs, makes the result beside the largest of
 * them, simplifies the loops and picks a back end. Results keep the memory order of their inputs,
 * as in NumPy.
 */
import type { DType } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { broadcastShapes, resolveAxes, sizeOfShape } from "../../core/indexing.ts";
import type { WasmMemory } from "../../core/wasm.ts";
import { broadcastStrides, contiguousStrides, type Layout } from "../layout.ts";
import { simplifyNest } from "../nest.ts";
import { allocateStorage, releaseStorage } from "../storage.ts";
import { argAlongAxis, flattened } from "./arg-reduce.ts";
import type { Kernel, KernelNode, Reduction } from "./ir.ts";
import { runLoops } from "./js-backend.ts";
import {
  argReduce,
  identityKernel,
  type RunStage,
  reducedShape,
  reduceKernel,
  runStageJs,
  type Stage,
  temporaryFor,
} from "./reduce.ts";
import { runStageWasm, runStoreWasm } from "./wasm/backend.ts";

/**
 * Which back end computes: `wasm` (default) where it can and JavaScript otherwise, or JavaScript
 * only.
 */
export type Backend = "wasm" | "js";

/** Computes a kernel; into `out`, when inputs, which must have the result's dtype and shape. */
export function executeKernel(
  kernel: Kernel,
  inputs: readonly Layout[],
  out?: Layout,
  backend: Backend = "wasm",
): Layout {
  checkInputs(kernel, inputs);
  const shape = broadcastShapes(...inputs.map((x) => x.shape));
  const result =
    kernel.reduction === undefined
      ? elementwise(kernel, inputs, out ?? emptyLike(kernel, inputs, shape), backend)
      : reduce(kernel, inputs, shape, backend);
  if (out === undefined || out === result) return result;
  const copy = identityKernel(result.dtype);
  return elementwise(copy, [result], out, backend);
}

/** The elements of a layout cast to another dtype, as a new layout. */
export function castLayout<D extends DType>(
  source: Layout,
  dtype: D,
): Layout & { readonly dtype: D } {
  const kernel: Kernel = {
    inputs: [source.dtype],
    nodes: [
      { kind: "input", index: 0, dtype: source.dtype },
      { kind: "cast", arg: 0, dtype },
    ],
    output: 1,
  };
  return executeKernel(kernel, [source]) as Layout & { readonly dtype: D };
}

function checkInputs(kernel: Kernel, inputs: readonly Layout[]): void {
  const bad = kernel.inputs.findIndex((dtype, i) => inputs[i]?.dtype !== dtype);
  if (bad < 0 && inputs.length === kernel.inputs.length) return;
  throw new HeddleError(
    "DTypeMismatch",
    `This kernel takes arrays of [${kernel.inputs.join(", ")}], not of ` +
      `[${inputs.map((x) => x.dtype).join(", ")}].`,
  );
}

function elementwise(
  kernel: Kernel,
  inputs: readonly Layout[],
  out: Layout,
  backend: Backend,
): Layout {
  if (sizeOfShape(out.shape) === 0) return out;
  const operands = [out, ...inputs];
  const strides = operands.map((x) => broadcastStrides(x.shape, x.strides, out.shape));
  const nest = simplifyNest({ shape: out.shape, strides });
  if (backend === "wasm" && runStoreWasm(kernel, nest, operands)) return out;
  runLoops(kernel, {
    ...nest,
    values: operands.map((x) => x.storage.values),
    offsets: operands.map((x) => x.offset),
  });
  return out;
}

function reduce(
  kernel: Kernel,
  inputs: readonly Layout[],
  shape: readonly number[],
  backend: Backend,
): Layout {
  const { op, axes, keepdims } = kernel.reduction as Reduction;
  if (op === "argmin" || op === "argmax") {
    const plain = valuesOf(kernel, inputs, shape, backend);
    const fast = backend === "wasm" ? argWithKernels(op, plain, axes, keepdims) : undefined;
    return fast ?? argReduce(op, plain, axes, keepdims);
  }
  const runJs: RunStage = (stage) => {
    const values = materialize(stage, backend);
    runStageJs(values);
    if (values !== stage) releaseStorage((values.inputs[0] as Layout).storage);
    return true;
  };
  const runners = backend === "wasm" ? [runStageWasm, runJs] : [runJs];
  return reduceKernel(kernel, inputs, shape, runners);
}

/** argmin and argmax by kernels: along one axis, or over all of an array in C order. */
function argWithKernels(
  op: "argmin" | "argmax",
  plain: Layout,
  axes: readonly number[] | null,
  keepdims: boolean,
): Layout | undefined {
  const along = resolveAxes(axes, plain.shape.length);
  const whole = along.length === plain.shape.length;
  const flat = whole ? flattened(plain, sizeOfShape(plain.shape)) : plain;
  const axis = whole ? 0 : (along[0] as number);
  if (flat === undefined || (!whole && along.length !== 1)) return undefined;
  const found = argAlongAxis(op, flat, axis, (kernel, inputs) => executeKernel(kernel, inputs));
  if (found === undefined) return undefined;
  const shape = reducedShape(plain.shape, along, keepdims);
  return { ...found, shape, strides: contiguousStrides(shape) };
}

/** The kernel's values before reduction, broadcast to the full shape. */
function valuesOf(
  kernel: Kernel,
  inputs: readonly Layout[],
  shape: readonly number[],
  backend: Backend,
): Layout {
  const node = kernel.nodes[kernel.output] as KernelNode;
  if (node.kind === "input") {
    const input = inputs[node.index] as Layout;
    return { ...input, shape, strides: broadcastStrides(input.shape, input.strides, shape) };
  }
  const { reduction: _, ...plain } = kernel;
  return elementwise(plain, inputs, temporaryFor(kernel, shape, largest(inputs)), backend);
}

/** The same stage over an input that holds the kernel's values. */
function materialize(stage: Stage, backend: Backend): Stage {
  const node = stage.kernel.nodes[stage.kernel.output] as KernelNode;
  if (node.kind === "input" && stage.inputs.length === 1) return stage;
  const temporary = temporaryFor(stage.kernel, stage.shape, stage.out);
  const inputs = stage.inputs.map((x, k) => ({
    ...x,
    shape: stage.shape,
    strides: stage.strides[k] as readonly number[],
  }));
  const { reduction: _, ...plain } = stage.kernel;
  elementwise(plain, inputs, temporary, backend);
  return { ...stage, inputs: [temporary], strides: [temporary.strides] };
}

/** The input with the most bytes: results are made in its memory. */
function largest(inputs: readonly Layout[]): Layout | undefined {
  return inputs.reduce<Layout | undefined>(
    (best, x) => (best === undefined || sizeOfShape(x.shape) > sizeOfShape(best.shape) ? x : best),
    undefined,
  );
}

/** New storage of the kernel's dtype and `shape`, in the axis order of the largest input. */
function emptyLike(kernel: Kernel, inputs: readonly Layout[], shape: readonly number[]): Layout {
  const model = largest(inputs);
  const near: WasmMemory | undefined = model?.storage.memory;
  const { dtype } = kernel.nodes[kernel.output] as KernelNode;
  const storage = allocateStorage(dtype, sizeOfShape(shape), near);
  return { dtype, shape, strides: stridesLike(model, shape), offset: 0, storage };
}

/** Dense strides whose order of axes is that of `model`, or C order where it has none. */
function stridesLike(model: Layout | undefined, shape: readonly number[]): number[] {
  const order = shape.map((_, axis) => axis);
  if (model !== undefined && model.shape.length === shape.length) {
    const size = (axis: number): number => Math.abs(model.strides[axis] as number);
    const ordered = order.every((axis) => size(axis) > 0 || model.shape[axis] === 1);
    if (ordered)
      order.sort((a, b) => (shape[a] === 1 || shape[b] === 1 ? a - b : size(b) - size(a)) || a - b);
  }
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const axis of order.reverse()) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis] as number);
  }
  return strides;
}
