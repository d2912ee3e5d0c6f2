/**
 * @file A complex number as a plain immutable value: what one element of a complex array looks like
 * outside of it.
 */

/**
 * One complex number; elements of `complex64` and `complex128` arrays are read and written as
 * these.
 */
export class Complex {
  readonly re: number;
  readonly im: number;

  constructor(re: number, im = 0) {
    this.re = re;
    this.im = im;
  }

  /** As Python writes it: `(1+2j)`. */
  toString(): string {
    const sign = this.im < 0 || Object.is(this.im, -0) ? "-" : "+";
    return `(${this.re}${sign}${Math.abs(this.im)}j)`;
  }

  toJSON(): { re: number; im: number } {
    return { re: this.re, im: this.im };
  }
}

/**
 * Makes a complex number.
 *
 * @example
 * import { complex } from "heddle/ndarray";
 * console.log(String(complex(1, -2))); // (1-2j)
 */
export function complex(re: number, im = 0): Complex {
  return new Complex(re, im);
}

/**
 * Whether `value` is a complex number, also one made by another copy of the package or parsed from
 * JSON.
 */
export function isComplex(value: unknown): value is Complex {
  if (value instanceof Complex) return true;
  if (typeof value !== "object" || value === null) return false;
  const { re, im } = value as { re?: unknown; im?: unknown };
  return typeof re === "number" && typeof im === "number";
}
