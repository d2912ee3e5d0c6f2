/** @file Shorthand for writing float arithmetic into a machine graph, in one of the two widths. */
import type { Machine } from "../machine.ts";

/** Operations on values of one float lane. */
export class Floats {
  readonly m: Machine;
  readonly lane: "f32" | "f64";

  constructor(m: Machine, lane: "f32" | "f64" = "f64") {
    this.m = m;
    this.lane = lane;
  }

  c(value: number): number {
    return this.m.const(this.lane, value);
  }

  add(a: number, b: number): number {
    return this.m.same("add", a, b);
  }

  sub(a: number, b: number): number {
    return this.m.same("sub", a, b);
  }

  mul(a: number, b: number): number {
    return this.m.same("mul", a, b);
  }

  div(a: number, b: number): number {
    return this.m.same("div", a, b);
  }

  abs(x: number): number {
    return this.m.same("abs", x);
  }

  neg(x: number): number {
    return this.m.same("neg", x);
  }

  /** c[0] + x (c[1] + x (c[2] + …)) */
  poly(x: number, coefficients: readonly number[]): number {
    let result = this.c(coefficients.at(-1) as number);
    for (let i = coefficients.length - 2; i >= 0; i--) {
      result = this.add(this.c(coefficients[i] as number), this.mul(x, result));
    }
    return result;
  }

  /** `size`, which is not negative, with the sign of `x`, also where that is a zero. */
  signed(size: number, x: number): number {
    const { m } = this;
    const [integer, top] = this.lane === "f32" ? (["u32", 31] as const) : (["u64", 63] as const);
    const sign = m.same("and", m.bits(x, integer), m.const(integer, 1n << BigInt(top)));
    return m.bits(m.same("or", m.bits(size, integer), sign), this.lane);
  }

  /** The upper 20 bits of a float64's mantissa: products of two such numbers are exact. */
  high(x: number): number {
    const { m } = this;
    const mask = m.const("u64", 0xffffffff00000000n);
    return m.bits(m.same("and", m.bits(x, "u64"), mask), "f64");
  }

  /** Whether the size of `x` is at most `limit`: not so for NaN. */
  within(x: number, limit: number): number {
    return this.m.compare("le", this.abs(x), this.c(limit));
  }

  /** `fast` where the mask holds, elsewhere the host's function of `args`: for rare arguments. */
  unless(usual: number, fast: number, name: string, ...args: readonly number[]): number {
    return this.m.patch(name, args, fast, this.m.same("not", usual));
  }
}
