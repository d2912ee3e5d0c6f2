/**
 * @file Brings the operands of a kernel into one memory: a kernel instance is bound to one, while
 * arrays may lie in different arenas or in ordinary buffers. Usually everything is there already;
 * otherwise inputs are staged in one block together with the outputs, and the outputs are copied
 * out.
 */
import {
  type AnyTypedArray,
  type DType,
  itemsizeOf,
  type TypedArrayOf,
  viewOf,
} from "../../core/dtype.ts";
import { sizeOfShape } from "../../core/indexing.ts";
import type { WasmMemory } from "../../core/wasm.ts";
import { type Block, currentAllocator } from "../allocation.ts";
import { contiguousStrides, isContiguous } from "../layout.ts";
import { NDArray } from "../ndarray.ts";
import "../private-allocator.ts";
import { allocateStorage, type Storage } from "../storage.ts";

/**
 * What a kernel is to write: a new array like this, or an existing contiguous array that it changes
 * in place.
 */
export interface OutputSpec<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
}

/** Where the operands lie, in bytes from the start of `memory`. */
export interface Placed {
  readonly memory: WasmMemory;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly scratch: number;
}

const ALIGNMENT = 64;

/** The array itself if its elements lie without gaps in C order, else a copy in which they do. */
export function contiguous<D extends DType>(array: NDArray<D>): NDArray<D> {
  return isContiguous(array.shape, array.strides) ? array : array.copy();
}

/** A new array of undefined content. */
export function emptyArray<D extends DType>(
  dtype: D,
  shape: readonly number[],
  near?: WasmMemory,
): NDArray<D> {
  const storage = allocateStorage(dtype, sizeOfShape(shape), near);
  return NDArray.of({ dtype, shape, strides: contiguousStrides(shape), offset: 0, storage });
}

/** Byte address of the first element within the array's memory. */
export function addressOf(array: NDArray): number {
  return array.storage.values.byteOffset + array.offset * itemsizeOf(array.dtype);
}

/**
 * Runs `kernel` over contiguous inputs, outputs and scratch that all lie in one memory.
 *
 * @returns the outputs, in the order given.
 */
export function runKernel(
  inputs: readonly NDArray[],
  targets: readonly (OutputSpec | NDArray)[],
  scratchBytes: number,
  kernel: (placed: Placed) => void,
): NDArray[] {
  const given = [...inputs, ...targets].filter((x) => x instanceof NDArray);
  const near = given.find((array) => array.memory !== undefined)?.memory;
  const outputs = targets.map((target) =>
    target instanceof NDArray ? target : emptyArray(target.dtype, target.shape, near),
  );
  const scratch = scratchBytes > 0 ? currentAllocator().allocate(scratchBytes, near) : undefined;
  try {
    const memory = commonMemory([...inputs, ...outputs], scratch);
    if (memory === undefined) runStaged(inputs, outputs, scratchBytes, kernel);
    else {
      kernel({
        memory,
        inputs: inputs.map(addressOf),
        outputs: outputs.map(addressOf),
        scratch: scratch?.offset ?? 0,
      });
    }
  } finally {
    if (scratch !== undefined) currentAllocator().release?.(scratch);
  }
  return outputs;
}

/** The one memory in which all of them lie, if there is one. */
function commonMemory(
  arrays: readonly NDArray[],
  scratch: Block | undefined,
): WasmMemory | undefined {
  const memory = scratch?.memory ?? arrays[0]?.memory;
  return arrays.every((array) => array.memory === memory) ? memory : undefined;
}

function runStaged(
  inputs: readonly NDArray[],
  outputs: readonly NDArray[],
  scratchBytes: number,
  kernel: (placed: Placed) => void,
): void {
  let bytes = 0;
  const reserve = (size: number): number => {
    const at = bytes;
    bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    return at;
  };
  const inputsAt = inputs.map((array) => reserve(array.nbytes));
  const outputsAt = outputs.map((array) => reserve(array.nbytes));
  const scratchAt = reserve(scratchBytes);
  const block = currentAllocator().allocate(bytes);
  try {
    const at = (offset: number): number => block.offset + offset;
    inputs.forEach((array, i) => {
      stagedView(array, block, at(inputsAt[i] as number)).set(elementsOf(array) as never);
    });
    // Outputs too: they may be existing arrays that the kernel changes in place.
    outputs.forEach((array, i) => {
      stagedView(array, block, at(outputsAt[i] as number)).set(elementsOf(array) as never);
    });
    kernel({
      memory: block.memory,
      inputs: inputsAt.map(at),
      outputs: outputsAt.map(at),
      scratch: at(scratchAt),
    });
    outputs.forEach((array, i) => {
      elementsOf(array).set(stagedView(array, block, at(outputsAt[i] as number)) as never);
    });
  } finally {
    currentAllocator().release?.(block);
  }
}

function stagedView(array: NDArray, block: Block, at: number): AnyTypedArray {
  return viewOf(array.dtype, block.memory.buffer, at, sizeOfShape(array.shape));
}

/** Keeps the bytes of a view in place while the view is in use, even if its array is not. */
const storageOfView = new WeakMap<ArrayBufferView, Storage>();

/**
 * The elements of a contiguous array, as a typed array over just them; not to be kept beyond the
 * call.
 */
export function elementsOf<D extends DType>(array: NDArray<D>): TypedArrayOf<D> {
  const { values } = array.storage;
  const view = viewOf(array.dtype, values.buffer, addressOf(array), array.size);
  storageOfView.set(view, array.storage);
  return view;
}
