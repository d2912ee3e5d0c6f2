/**
 * @file Elementwise functions that are several kernel operations.
 */

import { isInteger, type Scalar } from "../../core/dtype.ts";
import type { KernelBuilder, Operand as KernelOperand, Ref } from "../../ndarray/kernels/ir.ts";
import type { Expr } from "../expression.ts";
import { elementwise } from "./elementwise.ts";
import { checkInteger } from "./errors.ts";

/** Rounded to a number of decimals, halves to even. */
export function round(x: Expr, decimals: number): Expr {
  checkInteger("round: decimals", decimals);
  if ((isInteger(x.dtype) || x.dtype === "bool") && decimals >= 0) return x;
  const scale = 10 ** Math.abs(decimals);
  return elementwise(
    "round",
    (k, [a]) => {
      const value = a as KernelOperand;
      if (decimals === 0) return k.unary("rint", value);
      // As NumPy does: scale, round, scale back, in this order.
      const [up, down] =
        decimals > 0 ? (["multiply", "divide"] as const) : (["divide", "multiply"] as const);
      const rounded = k.binary(down, k.unary("rint", k.binary(up, value, scale)), scale);
      return isInteger(x.dtype) ? k.cast(rounded, x.dtype) : rounded;
    },
    [x],
  );
}

/** Tolerances of {@link isclose}. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}

/** Whether `|a - b| <= atol + rtol * |b|`; infinities are close when equal. */
export function isclose(a: Expr | Scalar, b: Expr | Scalar, tolerance: Tolerance): Expr {
  return elementwise(
    "isclose",
    (k, [x, y]) => closeRule(k, x as KernelOperand, y as KernelOperand, tolerance),
    [a, b],
  );
}

function closeRule(k: KernelBuilder, x: KernelOperand, y: KernelOperand, t: Tolerance): Ref {
  const gap = k.unary("absolute", k.binary("subtract", x, y));
  const allowed = k.binary("add", k.binary("multiply", k.unary("absolute", y), t.rtol), t.atol);
  const finite = k.binary("logicalAnd", k.unary("isfinite", x), k.unary("isfinite", y));
  const near = k.binary("logicalAnd", finite, k.binary("lessEqual", gap, allowed));
  const close = k.binary("logicalOr", near, k.binary("equal", x, y));
  if (!t.equalNan) return close;
  const both = k.binary("logicalAnd", k.unary("isnan", x), k.unary("isnan", y));
  return k.binary("logicalOr", close, both);
}

/** What to put in the place of NaN and infinities. */
export interface NanReplacements {
  readonly nan: number;
  readonly posinf: number;
  readonly neginf: number;
}

/** NaN and infinities replaced by numbers. */
export function nanToNum(x: Expr, by: NanReplacements): Expr {
  return elementwise(
    "nan_to_num",
    (k, [a]) => {
      const value = a as KernelOperand;
      const filled = k.where(k.unary("isnan", value), by.nan, value);
      const low = k.where(k.binary("equal", value, Number.NEGATIVE_INFINITY), by.neginf, filled);
      return k.where(k.binary("equal", value, Number.POSITIVE_INFINITY), by.posinf, low);
    },
    [x],
  );
}
