/** @file Arrays at rest: round trips, views over the value's own bytes, finishing in place. */
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue } from "../../../src/codec/index.ts";
import { DTYPES } from "../../../src/core/dtype.ts";
import { finishInPlace } from "../../../src/ndarray/codec.ts";
import * as nd from "../../../src/ndarray/index.ts";

function bytesOf(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

describe("kind ndarray", () => {
  it.each(DTYPES)("%s comes back with its elements, shape and dtype", (dtype) => {
    for (const shape of [[], [0], [3], [2, 3], [2, 0, 3]]) {
      const array = nd.zeros(shape, { dtype });
      array.storage.values.forEach((_, i, all) => {
        all[i] = (typeof all[i] === "bigint" ? BigInt(i) : i % 2) as never;
      });
      const back = decodeValue(bytesOf(array)) as nd.NDArray;
      expect([back.dtype, back.shape]).toEqual([dtype, shape]);
      expect(back.copy().storage.values).toEqual(array.storage.values);
    }
  });

  it("keeps the order of axes of dense arrays, and packs the others", () => {
    const base = nd.arange(24).reshape([2, 3, 4]);
    const turned = base.transpose([2, 0, 1]);
    const back = decodeValue(bytesOf(turned)) as nd.NDArray;
    expect([back.strides, back.toArray()]).toEqual([turned.strides, turned.toArray()]);
    const part = base.at(":, ::2, 1:");
    const packed = decodeValue(bytesOf(part)) as nd.NDArray;
    expect([packed.isContiguous, packed.toArray()]).toEqual([true, part.toArray()]);
    expect(bytesOf(part).length).toBeLessThan(bytesOf(base).length);
  });

  it("decodes to views: what is written to the bytes is seen by the array", () => {
    const bytes = bytesOf(nd.zeros(4));
    const array = decodeValue(bytes) as nd.NDArray<"float64">;
    array.data[1] = 5;
    expect((decodeValue(bytes) as nd.NDArray).toArray()).toEqual([0, 5, 0, 0]);
  });

  it("decodes from bytes that are not aligned by copying", () => {
    const bytes = bytesOf(nd.arange(3));
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect((decodeValue(shifted.subarray(1)) as nd.NDArray).toArray()).toEqual([0, 1, 2]);
  });

  it("arrays in plain objects travel too", () => {
    const back = decodeValue(bytesOf({ a: nd.ones(2), b: [nd.arange(2)] })) as { a: nd.NDArray };
    expect(back.a.toArray()).toEqual([1, 1]);
  });
});

describe("finishInPlace", () => {
  it("makes the array's own block a value, without moving the data", () => {
    const array = nd.arange(10).reshape([2, 5]);
    const placed = finishInPlace(array);
    const { block } = array.storage;
    if (placed === undefined || block === undefined) throw new Error("not finished in place");
    expect([placed.offset + 256, placed.bytes]).toEqual([block.offset, 256 + 80]);
    const bytes = new Uint8Array(block.memory.buffer, placed.offset, placed.bytes);
    const back = decodeValue(bytes) as nd.NDArray<"int64">;
    expect(back.memory).toBe(array.memory);
    array.set(99, 0, 0);
    expect(back.get(0, 0)).toBe(99);
  });

  it("takes dense arrays in any order of axes", () => {
    const array = nd.arange(6).reshape([2, 3]).T;
    const placed = finishInPlace(array);
    const { block } = array.storage;
    if (placed === undefined || block === undefined) throw new Error("not finished in place");
    const bytes = new Uint8Array(block.memory.buffer, placed.offset, placed.bytes);
    expect((decodeValue(bytes) as nd.NDArray).toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
  });

  it("leaves views of a part, reversed arrays and foreign bytes to be encoded", () => {
    const array = nd.arange(10);
    expect(finishInPlace(array.at("2:"))).toBeUndefined();
    expect(finishInPlace(array.at("::-1"))).toBeUndefined();
    expect(finishInPlace(array.broadcastTo([3, 10]))).toBeUndefined();
    expect(finishInPlace(nd.fromArray([nd.complex(1)]).real)).toBeUndefined();
    expect(finishInPlace(decodeValue(bytesOf(array)) as nd.NDArray)).toBeUndefined();
  });
});
