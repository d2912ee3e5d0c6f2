/**
 * @file Arithmetic that generated JavaScript calls by name because the language has no operator for
 * it: rounding half to even, floor division and its remainder, saturating casts, integer powers,
 * and 64-bit versions over bigints.
 */
import { HeddleError } from "../../core/errors.ts";

const TWO_63 = 2 ** 63;

/** Rounds half to even. */
export function rint(x: number): number {
  if (!(Math.abs(x) < 2 ** 52)) return x;
  const rounded = Math.round(x);
  const even = Math.abs(x - Math.trunc(x)) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
  return even === 0 && (x < 0 || Object.is(x, -0)) ? -0 : even;
}

export function copysign(x: number, y: number): number {
  const negative = y < 0 || Object.is(y, -0);
  return negative ? -Math.abs(x) : Math.abs(x);
}

/** Remainder with the sign of the divisor, as Python's `%`. */
export function remainder(a: number, b: number): number {
  if (b === 0) return Number.NaN;
  const r = a % b;
  if (r === 0) return copysign(0, b);
  return r < 0 !== b < 0 ? r + b : r;
}

/** Floor division that agrees with `remainder`, as Python's `//`. */
export function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const r = a % b;
  let quotient = (a - r) / b;
  if (r !== 0 && r < 0 !== b < 0) quotient -= 1;
  if (quotient === 0) return copysign(0, a / b);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** Floor division of integers of at most 32 bits; 0 when the divisor is 0. */
export function intFloorDivide(a: number, b: number): number {
  return b === 0 ? 0 : Math.floor(a / b);
}

export function intRemainder(a: number, b: number): number {
  if (b === 0) return 0;
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

export function intFmod(a: number, b: number): number {
  return b === 0 ? 0 : a % b;
}

export function bigFloorDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

export function bigRemainder(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const r = a % b;
  return r !== 0n && r < 0n !== b < 0n ? r + b : r;
}

export function bigFmod(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a % b;
}

/** Power modulo 2^32. */
export function intPower(base: number, exponent: number): number {
  if (exponent < 0) throw negativePower();
  let result = 1;
  let square = base | 0;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** Power modulo 2^64. */
export function bigPower(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) throw negativePower();
  let result = 1n;
  let square = BigInt.asUintN(64, base);
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = BigInt.asUintN(64, result * square);
    square = BigInt.asUintN(64, square * square);
  }
  return result;
}

function negativePower(): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    'Integers to negative integer powers are not integers. Use astype("float64") on the base first.',
  );
}

/** Shifts by a count that may be out of range: all bits are shifted out. */
export function shiftLeft(a: number, count: number, bits: number): number {
  return count >= 0 && count < bits ? a << count : 0;
}

export function shiftRight(a: number, count: number, bits: number): number {
  if (count >= 0 && count < bits) return a < 0 ? a >> count : a >>> count;
  return a < 0 ? -1 : 0;
}

export function bigShiftLeft(a: bigint, count: bigint): bigint {
  return count >= 0n && count < 64n ? a << count : 0n;
}

export function bigShiftRight(a: bigint, count: bigint): bigint {
  if (count >= 0n && count < 64n) return a >> count;
  return a < 0n ? -1n : 0n;
}

/**
 * Float to an integer of at most 32 bits, before wrapping: truncated; what int32 cannot hold (NaN
 * and infinities too) gives its smallest value, as x86 processors and so NumPy do.
 */
export function floatToInt(x: number): number {
  return x < 2 ** 31 && x > -(2 ** 31) ? x | 0 : -(2 ** 31);
}

/** Float to uint32, before wrapping: by way of int64, so that negative numbers wrap. */
export function floatToUint32(x: number): number {
  return x < TWO_63 && x > -TWO_63 ? x | 0 : 0;
}

/** Float to int64: truncated; what it cannot hold gives its smallest value. */
export function floatToBig(x: number): bigint {
  return x < TWO_63 && x > -TWO_63 ? BigInt(Math.trunc(x)) : -(2n ** 63n);
}

/**
 * Float to uint64: truncated, negative numbers wrap; what is too large gives 0, NaN and what is too
 * small 2^63.
 */
export function floatToUnsignedBig(x: number): bigint {
  if (!(x > 0)) return floatToBig(x);
  return x >= 2 ** 64 ? 0n : BigInt(Math.trunc(x));
}

/** 64-bit integer to float32, rounded once. */
export function bigToFloat32(x: bigint): number {
  const number = Number(x);
  if (Math.abs(number) < 2 ** 53) return Math.fround(number);
  const sticky = (x & 1023n) === 0n ? 0n : 1n;
  return Math.fround(Number((x >> 10n) | sticky) * 1024);
}

export function logaddexp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  const difference = a - b;
  if (difference > 0) return a + Math.log1p(Math.exp(-difference));
  return difference <= 0 ? b + Math.log1p(Math.exp(difference)) : difference;
}

/** sign(x) that keeps NaN and gives 0 for both zeros. */
export function sign(x: number): number {
  return x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : Number.NaN;
}

/** The power of IEEE 754 and C: unlike `**`, 1 to any power and (-1) to infinity are 1. */
export function power(x: number, y: number): number {
  if (x === 1) return 1;
  if (x === -1 && (y === Number.POSITIVE_INFINITY || y === Number.NEGATIVE_INFINITY)) return 1;
  return x ** y;
}
