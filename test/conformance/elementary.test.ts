/**
 * @file Elementary functions over their whole ranges against results in higher precision, rounded
 * once: at most 2 units in the last place, on both back ends. Goldens come from
 * `generate/elementary.py`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { itemsizeOf, viewOf } from "../../src/core/dtype.ts";
import * as nd from "../../src/ndarray/index.ts";
import { runKernel } from "../../src/ndarray/kernels/evaluate.ts";
import type { Backend } from "../../src/ndarray/kernels/execute.ts";
import { KernelBuilder } from "../../src/ndarray/kernels/ir.ts";
import type { BinaryOp, UnaryOp } from "../../src/ndarray/kernels/rules.ts";
import type { NDArray } from "../../src/ndarray/ndarray.ts";
import { farthest, type Slots } from "../support/ulp.ts";

interface Case {
  readonly op: UnaryOp | BinaryOp;
  readonly dtype: "float32" | "float64";
  readonly args: readonly string[];
  readonly data: string;
}

const url = new URL("./goldens/elementary.json", import.meta.url);
const cases = JSON.parse(readFileSync(url, "utf8")) as readonly Case[];
const BACKENDS: readonly Backend[] = ["wasm", "js"];

function unpack(dtype: Case["dtype"], text: string): Slots {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return viewOf(dtype, bytes.buffer, 0, bytes.length / itemsizeOf(dtype));
}

function arrayOf(dtype: Case["dtype"], text: string): NDArray {
  const values = unpack(dtype, text);
  const array = nd.empty([values.length], { dtype });
  array.data.set(values as never);
  return array as unknown as NDArray;
}

describe.each(BACKENDS)("within 2 units in the last place, %s", (backend) => {
  it.each(cases.map((c) => [`${c.op} ${c.dtype}`, c] as const))("%s", (label, c) => {
    const k = new KernelBuilder();
    const inputs = c.args.map((text) => arrayOf(c.dtype, text));
    const [x, y] = inputs.map(() => k.input(c.dtype));
    const value =
      y === undefined
        ? k.unary(c.op as UnaryOp, x as never)
        : k.binary(c.op as BinaryOp, x as never, y);
    const result = runKernel(k.build(value), inputs, undefined, backend);
    const own = result.copy().data as Slots;
    const golden = unpack(c.dtype, c.data);
    const { distance, at } = farthest(own, golden);
    const text = `${label}: element ${at} is ${own[at]}, exactly ${golden[at]}`;
    expect(distance, text).toBeLessThanOrEqual(2);
  });
});
