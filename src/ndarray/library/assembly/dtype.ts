/**
 * @file Number codes of element types, shared by every kernel and by `library/kernels.ts`, and the
 * order-preserving mapping between values and unsigned integers that sorting, selecting and
 * searching are built on.
 */

export const BOOL: i32 = 0;
export const INT8: i32 = 1;
export const UINT8: i32 = 2;
export const INT16: i32 = 3;
export const UINT16: i32 = 4;
export const INT32: i32 = 5;
export const UINT32: i32 = 6;
export const INT64: i32 = 7;
export const UINT64: i32 = 8;
export const FLOAT32: i32 = 9;
export const FLOAT64: i32 = 10;
/** datetime64 and timedelta64: int64 whose least value is NaT. */
export const TIME64: i32 = 11;

/** How the bits of a value become an unsigned integer of the same order. */
export const KIND_UNSIGNED: i32 = 0;
export const KIND_SIGNED: i32 = 1;
export const KIND_FLOAT: i32 = 2;
export const KIND_TIME: i32 = 3;

export function kindOf(dtype: i32): i32 {
  if (dtype == TIME64) return KIND_TIME;
  if (dtype >= FLOAT32) return KIND_FLOAT;
  return dtype == INT8 || dtype == INT16 || dtype == INT32 || dtype == INT64
    ? KIND_SIGNED
    : KIND_UNSIGNED;
}

export function sizeOf(dtype: i32): i32 {
  if (dtype <= UINT8) return 1;
  if (dtype <= UINT16) return 2;
  return dtype <= UINT32 || dtype == FLOAT32 ? 4 : 8;
}

/**
 * The key of a value given as bits: unsigned order of keys is NumPy's order of values. NaN is
 * greatest (its sign is dropped, its payload kept), and so is NaT. -0 comes just before +0; see
 * `equalKey` where the two must be one.
 */
// @ts-ignore: decorator
@inline
export function toKey<T>(bits: T, kind: i32): T {
  const top: T = (<T>1) << <T>(sizeof<T>() * 8 - 1);
  if (kind == KIND_UNSIGNED) return bits;
  if (kind == KIND_SIGNED) return bits ^ top;
  if (kind == KIND_TIME) return (bits ^ top) - 1;
  const magnitude: T = bits & ~top;
  const infinity: T = sizeof<T>() == 8 ? <T>0x7ff0000000000000 : <T>0x7f800000;
  if (magnitude > infinity) return magnitude | top;
  return bits & top ? ~bits : bits | top;
}

/** The bits of the value whose key is given. */
// @ts-ignore: decorator
@inline
export function fromKey<T>(key: T, kind: i32): T {
  const top: T = (<T>1) << <T>(sizeof<T>() * 8 - 1);
  if (kind == KIND_UNSIGNED) return key;
  if (kind == KIND_SIGNED) return key ^ top;
  if (kind == KIND_TIME) return (key + 1) ^ top;
  return key & top ? key ^ top : ~key;
}

/**
 * The key under which -0 and +0, and all NaNs, are one value: for searching and for stable argsort.
 */
// @ts-ignore: decorator
@inline
export function equalKey<T>(bits: T, kind: i32): T {
  const top: T = (<T>1) << <T>(sizeof<T>() * 8 - 1);
  if (kind == KIND_FLOAT) {
    const magnitude: T = bits & ~top;
    const infinity: T = sizeof<T>() == 8 ? <T>0x7ff0000000000000 : <T>0x7f800000;
    if (magnitude > infinity) return ~(<T>0);
    if (magnitude == 0) return top;
  }
  return toKey<T>(bits, kind);
}
