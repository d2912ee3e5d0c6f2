/** @file Distances between floating-point results in units in the last place. */

/** Elements as they lie in a typed array. */
export type Slots = ArrayLike<number | bigint>;

const wide = new BigInt64Array(1);
const double = new Float64Array(wide.buffer);
const narrow = new Int32Array(1);
const single = new Float32Array(narrow.buffer);

/** Numbers of representable floats between two; 0 for two NaN and for zeros of either sign. */
export function ulps(a: number, b: number, isFloat32: boolean): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  const place = (x: number): bigint => {
    if (isFloat32) {
      single[0] = x;
      wide[0] = BigInt(narrow[0] as number) << 32n;
    } else double[0] = x;
    const bits = wide[0] as bigint;
    const ordered = bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
    return isFloat32 ? ordered >> 32n : ordered;
  };
  const distance = place(a) - place(b);
  return Number(distance < 0n ? -distance : distance);
}

/**
 * The largest distance between two typed arrays, and where it is. Integers are equal or infinitely
 * far.
 */
export function farthest(a: Slots, b: Slots): { distance: number; at: number } {
  let worst = { distance: a.length === b.length ? 0 : Number.POSITIVE_INFINITY, at: 0 };
  const float = a instanceof Float32Array || a instanceof Float64Array;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    const equal = x === y ? 0 : Number.POSITIVE_INFINITY;
    const distance = float ? ulps(x, y, a instanceof Float32Array) : equal;
    if (distance > worst.distance) worst = { distance, at: i };
  }
  return worst;
}
