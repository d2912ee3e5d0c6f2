/**
 * @file Local arrays as values at rest: kind `ndarray`, one buffer of elements. Arrays that are
 * dense in any order of axes are written as they lie, and decoded arrays are views over the value's
 * own bytes. A result whose block has room in front becomes a value without being copied at all
 * (`finishInPlace`).
 */
import { headroom, writeHeader } from "../codec/frame.ts";
import { registerCodec } from "../codec/registry.ts";
import { type DType, itemsizeOf, slotsOf, toDType, viewOf } from "../core/dtype.ts";
import { sizeOfShape } from "../core/indexing.ts";
import { HEADER_ROOM_BYTES } from "./allocation.ts";
import { contiguousStrides, type Layout } from "./layout.ts";
import { isNDArray, NDArray } from "./ndarray.ts";
import { Storage } from "./storage.ts";

const KIND = "ndarray";

/**
 * What a value says about its array; axes lie in C order unless `order` lists them from slowest to
 * fastest.
 */
interface Meta {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly order?: readonly number[];
}

/**
 * Axes from slowest to fastest when the elements lie without gaps from `offset` on; undefined
 * otherwise.
 */
function denseOrder({ shape, strides }: Layout): number[] | undefined {
  const order = shape.map((_, axis) => axis);
  const stride = (axis: number): number => strides[axis] as number;
  order.sort((a, b) => (shape[a] === 1 || shape[b] === 1 ? 0 : stride(b) - stride(a)) || a - b);
  const expected = stridesInOrder(shape, order);
  const dense = shape.every((length, axis) => length === 1 || strides[axis] === expected[axis]);
  return dense || shape.includes(0) ? order : undefined;
}

function stridesInOrder(shape: readonly number[], order: readonly number[]): number[] {
  const ordered = contiguousStrides(order.map((axis) => shape[axis] as number));
  const strides = new Array<number>(shape.length);
  order.forEach((axis, i) => {
    strides[axis] = ordered[i] as number;
  });
  return strides;
}

function metaOf({ dtype, shape }: Layout, order: readonly number[]): Meta {
  const plain = order.every((axis, i) => axis === i);
  return plain ? { dtype, shape } : { dtype, shape, order };
}

function bytesOf(array: Layout): Uint8Array {
  const { values } = array.storage;
  const start = values.byteOffset + array.offset * itemsizeOf(array.dtype);
  return new Uint8Array(values.buffer, start, sizeOfShape(array.shape) * itemsizeOf(array.dtype));
}

registerCodec<NDArray>({
  kind: KIND,
  test: isNDArray,
  encode(array) {
    const order = denseOrder(array);
    const dense = order === undefined ? array.copy() : array;
    const axes = order ?? array.shape.map((_, axis) => axis);
    return { meta: metaOf(dense, axes), buffers: [bytesOf(dense)] };
  },
  decode(meta, buffers) {
    const { dtype: name, shape, order = shape.map((_, axis) => axis) } = meta as Meta;
    const dtype = toDType(name);
    const storage = new Storage(elementsOf(dtype, buffers[0] as Uint8Array));
    return NDArray.of({ dtype, shape, strides: stridesInOrder(shape, order), offset: 0, storage });
  },
});

/**
 * The elements where they lie; copied only when they are not aligned, as can be in a buffer from a
 * socket.
 */
function elementsOf(dtype: DType, bytes: Uint8Array): ReturnType<typeof viewOf> {
  const itemsize = itemsizeOf(dtype);
  const aligned = bytes.byteOffset % (itemsize / slotsOf(dtype)) === 0;
  const whole = aligned ? bytes : new Uint8Array(bytes);
  return viewOf(dtype, whole.buffer, whole.byteOffset, whole.byteLength / itemsize);
}

/** Where a value lies in the memory of its array's block. */
export interface PlacedValue {
  /** Byte offset of the value's header. */
  readonly offset: number;
  /** Length of the whole value. */
  readonly bytes: number;
}

/**
 * Turns an array's block into a value at rest by writing the header in front of the data; undefined
 * when the array does not cover a block of its own (a view of part of it, an input, foreign
 * memory): then it must be encoded.
 */
export function finishInPlace(array: NDArray): PlacedValue | undefined {
  const { block } = array.storage;
  const order = denseOrder(array);
  const covers = array.offset === 0 && array.nbytes === block?.bytes;
  if (block === undefined || order === undefined || !covers || !array.storage.isWhole) {
    return undefined;
  }
  const meta = metaOf(array, order);
  if (headroom(KIND, meta, [block.bytes]) > HEADER_ROOM_BYTES) return undefined;
  const offset = block.offset - HEADER_ROOM_BYTES;
  const room = HEADER_ROOM_BYTES + block.bytes;
  const target = new Uint8Array(block.memory.buffer, offset, room);
  return { offset, bytes: writeHeader(target, KIND, meta, [block.bytes], HEADER_ROOM_BYTES) };
}
