/**
 * @file Casts of floats that an integer cannot hold, on both back ends: what NumPy 2.4 gives on x86
 * (uint32 as its scalars do; its arrays differ by processor).
 */
import { describe, expect, test } from "vitest";
import { fromArray, NDArray } from "../../../../../src/ndarray/index.ts";
import { executeKernel } from "../../../../../src/ndarray/kernels/execute.ts";
import { KernelBuilder } from "../../../../../src/ndarray/kernels/ir.ts";

const given = [
  [Number.NaN, Infinity, -Infinity, 1e300, -1e300, 3e9, -3e9, 5e9],
  [1e19, -1e19, 2 ** 63, 300.5, -300.5, -1.5, 70000, 2147483647.5],
].flat();
const [I32, I64, U63] = ["-2147483648", "-9223372036854775808", "9223372036854775808"];
const small = "0 0 0 0 0 0 0 0 0 0 0";
const expected = {
  int8: `${small} 44 -44 -1 112 -1`,
  int16: `${small} 300 -300 -1 4464 -1`,
  int32: `${small.replaceAll("0", I32)} 300 -300 -1 70000 2147483647`,
  int64:
    `${I64} ${I64} ${I64} ${I64} ${I64} 3000000000 -3000000000 5000000000 ` +
    `${I64} ${I64} ${I64} 300 -300 -1 70000 2147483647`,
  uint8: `${small} 44 212 255 112 255`,
  uint16: `${small} 300 65236 65535 4464 65535`,
  uint32:
    "0 0 0 0 0 3000000000 1294967296 705032704 0 0 0 " +
    "300 4294966996 4294967295 70000 2147483647",
  uint64:
    `${U63} 0 ${U63} 0 ${U63} 3000000000 18446744070709551616 5000000000 ` +
    `10000000000000000000 ${U63} ${U63} ` +
    "300 18446744073709551316 18446744073709551615 70000 2147483647",
} as const;

describe.each(["wasm", "js"] as const)("casts on %s", (backend) => {
  test.each(Object.entries(expected))("to %s", (dtype, values) => {
    // Thrice as long, so that vectors and the rest behind them are both used.
    const source = fromArray([...given, ...given, ...given]);
    const k = new KernelBuilder();
    const kernel = k.build(k.cast(k.input("float64"), dtype as "int8"));
    const result = NDArray.of(executeKernel(kernel, [source], undefined, backend));
    const texts = (result.toArray({ int64: "bigint" }) as unknown[]).map(String);
    expect(texts).toEqual([values, values, values].join(" ").split(" "));
  });

  test("of float32 do the same", () => {
    const source = fromArray(Float32Array.of(Number.NaN, -Infinity, 3e9, 1.75, -7));
    const k = new KernelBuilder();
    const kernel = k.build(k.cast(k.input("float32"), "int32"));
    const result = NDArray.of(executeKernel(kernel, [source], undefined, backend));
    expect(result.toArray()).toEqual([Number(I32), Number(I32), Number(I32), 1, -7]);
  });
});
