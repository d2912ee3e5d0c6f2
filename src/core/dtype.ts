/**
 * @file Element types of arrays: NumPy's long names, the short codes accepted as input, sizes, and
 * the promotion rules of NEP 50, in which a JavaScript scalar is weak: it takes the type of the
 * array that it meets.
 */
import { type Complex, isComplex } from "./complex.ts";
import type { MeanTable, Promotion, RealTable, SumTable } from "./dtype-tables.ts";
import { HeddleError, nearestName } from "./errors.ts";

/**
 * All element types, by NumPy's long names. `datetime64` and `timedelta64` count nanoseconds in 64
 * bits.
 */
export type DType =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128"
  | "datetime64"
  | "timedelta64";

/** NumPy's kind letters: bool, signed, unsigned, float, complex, datetime, timedelta. */
export type DTypeKind = "b" | "i" | "u" | "f" | "c" | "M" | "m";

interface Codes {
  readonly "?": "bool";
  readonly b1: "bool";
  readonly i1: "int8";
  readonly i2: "int16";
  readonly i4: "int32";
  readonly i8: "int64";
  readonly u1: "uint8";
  readonly u2: "uint16";
  readonly u4: "uint32";
  readonly u8: "uint64";
  readonly f4: "float32";
  readonly f8: "float64";
  readonly c8: "complex64";
  readonly c16: "complex128";
  readonly M8: "datetime64";
  readonly m8: "timedelta64";
  readonly "M8[ns]": "datetime64";
  readonly "m8[ns]": "timedelta64";
  readonly int: "int64";
  readonly float: "float64";
  readonly complex: "complex128";
  readonly single: "float32";
  readonly double: "float64";
}

const CODES: Codes = {
  "?": "bool",
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
  c16: "complex128",
  M8: "datetime64",
  m8: "timedelta64",
  "M8[ns]": "datetime64",
  "m8[ns]": "timedelta64",
  int: "int64",
  float: "float64",
  complex: "complex128",
  single: "float32",
  double: "float64",
};

/** Short names in NumPy's sense (`"f8"` is eight bytes), accepted wherever a dtype is given. */
export type DTypeCode = keyof Codes;

/**
 * What may be given as a dtype: a long name, a short code, or a short code with a little-endian
 * mark (`"<f8"`).
 */
export type DTypeLike = DType | DTypeCode | `${"<" | "=" | "|"}${DTypeCode}`;

/** The long name that a {@link DTypeLike} stands for. */
export type ResolveDType<T extends DTypeLike> = T extends DType
  ? T
  : T extends DTypeCode
    ? Codes[T]
    : T extends `${"<" | "=" | "|"}${infer C extends DTypeCode}`
      ? Codes[C]
      : DType;

interface TypedArrays {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float32: Float32Array;
  float64: Float64Array;
  complex64: Float32Array;
  complex128: Float64Array;
  datetime64: BigInt64Array;
  timedelta64: BigInt64Array;
}

/** The typed array that holds elements of `D`; complex elements are pairs (real, imaginary). */
export type TypedArrayOf<D extends DType> = TypedArrays[D];

/** Any typed array that holds array elements. */
export type AnyTypedArray = TypedArrays[DType];

/**
 * One element of `D` outside of an array. 64-bit integers are numbers (see `UnsafeInteger`) unless
 * bigint is asked.
 */
export type ScalarOf<D extends DType> = D extends "bool"
  ? boolean
  : D extends "complex64" | "complex128"
    ? Complex
    : D extends "datetime64"
      ? DateConstructor["prototype"]
      : number;

/** {@link ScalarOf} under the option `{ int64: "bigint" }`. */
export type BigScalarOf<D extends DType> = D extends "int64" | "uint64" ? bigint : ScalarOf<D>;

/** A JavaScript value that can stand where an array could: it has no dtype of its own. */
export type Scalar = number | bigint | boolean | Complex;

interface Info {
  readonly kind: DTypeKind;
  readonly itemsize: number;
  readonly array: { new (buffer: ArrayBufferLike, offset: number, length: number): AnyTypedArray };
}

const INFO: Readonly<Record<DType, Info>> = {
  bool: { kind: "b", itemsize: 1, array: Uint8Array },
  int8: { kind: "i", itemsize: 1, array: Int8Array },
  int16: { kind: "i", itemsize: 2, array: Int16Array },
  int32: { kind: "i", itemsize: 4, array: Int32Array },
  int64: { kind: "i", itemsize: 8, array: BigInt64Array },
  uint8: { kind: "u", itemsize: 1, array: Uint8Array },
  uint16: { kind: "u", itemsize: 2, array: Uint16Array },
  uint32: { kind: "u", itemsize: 4, array: Uint32Array },
  uint64: { kind: "u", itemsize: 8, array: BigUint64Array },
  float32: { kind: "f", itemsize: 4, array: Float32Array },
  float64: { kind: "f", itemsize: 8, array: Float64Array },
  complex64: { kind: "c", itemsize: 8, array: Float32Array },
  complex128: { kind: "c", itemsize: 16, array: Float64Array },
  datetime64: { kind: "M", itemsize: 8, array: BigInt64Array },
  timedelta64: { kind: "m", itemsize: 8, array: BigInt64Array },
};

/** All dtypes, in the order of promotion within each kind. */
export const DTYPES: readonly DType[] = Object.keys(INFO) as DType[];

/** Whether `x` is the long name of a dtype. */
export function isDType(x: unknown): x is DType {
  return typeof x === "string" && Object.hasOwn(INFO, x);
}

/**
 * The dtype that a name or short code stands for.
 *
 * @example
 * import { toDType } from "heddle/ndarray";
 * console.log(toDType("<f8"), toDType("?")); // float64 bool
 */
export function toDType<T extends DTypeLike>(x: T): ResolveDType<T>;
export function toDType(x: unknown): DType;
export function toDType(x: unknown): DType {
  if (isDType(x)) return x;
  if (typeof x === "string") {
    const code = /^[<=|]/.test(x) ? x.slice(1) : x;
    if (Object.hasOwn(CODES, code)) return CODES[code as DTypeCode];
    if (isDType(code)) return code;
    if (x.startsWith(">")) {
      throw new HeddleError(
        "DTypeMismatch",
        `Big-endian dtype "${x}" is not supported: arrays are little-endian. ` +
          `Read the bytes with DataView, then use "${x.slice(1)}".`,
      );
    }
  }
  const near = nearestName(String(x), [...DTYPES, ...Object.keys(CODES)]);
  throw new HeddleError(
    "DTypeMismatch",
    `Unknown dtype ${JSON.stringify(x) ?? String(x)}${near ? `; did you mean "${near}"?` : "."} ` +
      `Known: ${DTYPES.join(", ")}, and short codes such as "f8", "i4", "?".`,
    { fields: { given: String(x) } },
  );
}

/** Bytes of one element. */
export function itemsizeOf(dtype: DType): number {
  return INFO[dtype].itemsize;
}

/** NumPy's kind letter of a dtype. */
export function kindOf(dtype: DType): DTypeKind {
  return INFO[dtype].kind;
}

/** Typed-array slots of one element: 2 for complex dtypes, else 1. */
export function slotsOf(dtype: DType): 1 | 2 {
  return INFO[dtype].kind === "c" ? 2 : 1;
}

/** A typed array over `length` elements (not slots) at byte `offset` of `buffer`. */
export function viewOf<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): TypedArrayOf<D> {
  return new INFO[dtype].array(buffer, offset, length * slotsOf(dtype)) as TypedArrayOf<D>;
}

/** Whether the elements are held in a `BigInt64Array` or `BigUint64Array`. */
export function isBig(dtype: DType): boolean {
  return INFO[dtype].array === BigInt64Array || INFO[dtype].array === BigUint64Array;
}

/** Whether the dtype is a signed or unsigned integer (bool is not). */
export function isInteger(dtype: DType): boolean {
  const { kind } = INFO[dtype];
  return kind === "i" || kind === "u";
}

/**
 * The dtype whose elements a typed array holds as they are; undefined for clamped arrays and other
 * views.
 */
export function dtypeOfTypedArray(array: ArrayBufferView): DType | undefined {
  const name = Object.prototype.toString.call(array).slice(8, -6);
  const known = { BigInt64: "int64", BigUint64: "uint64", Uint8Clamped: "uint8" } as const;
  const dtype = name in known ? known[name as keyof typeof known] : name.toLowerCase();
  return isDType(dtype) ? dtype : undefined;
}

/** Smallest and largest integer of an integer dtype. */
export function integerRange(dtype: DType): readonly [bigint, bigint] {
  const bits = BigInt(INFO[dtype].itemsize * 8);
  if (INFO[dtype].kind === "u") return [0n, (1n << bits) - 1n];
  return [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

/** The real dtype of a complex dtype's parts; any other dtype is returned as it is. */
export function realOf(dtype: DType): DType {
  if (dtype === "complex64") return "float32";
  return dtype === "complex128" ? "float64" : dtype;
}

/**
 * The smallest dtype to which both can be cast safely (NumPy's `promote_types`).
 *
 * @example
 * import { promote } from "heddle/ndarray";
 * console.log(promote("int32", "float32")); // float64
 */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  const [x, y] = rankOf(a) <= rankOf(b) ? [a, b] : [b, a];
  const kind = kindOf(y);
  if (kind === "M" || kind === "m") {
    if (kind === "m" && (isInteger(x) || x === "bool")) return y;
    throw new HeddleError(
      "DTypeMismatch",
      `No common dtype of ${a} and ${b}. Cast one of them with astype first.`,
    );
  }
  if (x === "bool") return y;
  if (kind === "u" || kindOf(x) === kind) return itemsizeOf(x) > itemsizeOf(y) ? x : y;
  if (kind === "i") return promoteSigns(y, x);
  if (kind === "f") return fitsFloat32(x) ? y : "float64";
  return y === "complex64" && (fitsFloat32(x) || x === "float32") ? y : "complex128";
}

/** Order in which kinds absorb each other. */
function rankOf(dtype: DType): number {
  return "buifcmM".indexOf(kindOf(dtype));
}

function promoteSigns(signed: DType, unsigned: DType): DType {
  if (itemsizeOf(signed) > itemsizeOf(unsigned)) return signed;
  if (unsigned === "uint64") return "float64";
  return `int${itemsizeOf(unsigned) * 16}` as DType;
}

function fitsFloat32(dtype: DType): boolean {
  return itemsizeOf(dtype) <= 2;
}

/** Whether `x` is a scalar that takes the dtype of the arrays around it. */
export function isScalar(x: unknown): x is Scalar {
  const type = typeof x;
  return type === "number" || type === "bigint" || type === "boolean" || isComplex(x);
}

/**
 * The dtype that a scalar has on its own: integral numbers are int64 when `integral` is "int64",
 * else float64.
 */
export function dtypeOfScalar(value: Scalar, integral: "int64" | "float64" = "float64"): DType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  if (typeof value !== "number") return "complex128";
  return Number.isInteger(value) ? integral : "float64";
}

/**
 * The dtype of an array of `dtype` combined with a weak scalar: floats keep theirs, integers keep
 * theirs if the number is integral and in range; anything else is an error that names `astype`.
 */
export function promoteScalar(dtype: DType, value: Scalar): DType {
  const kind = kindOf(dtype);
  if (typeof value === "boolean" || kind === "c") return dtype;
  if (isComplex(value)) return dtype === "float32" ? "complex64" : "complex128";
  if (kind === "f") return dtype;
  if (kind === "b") return dtypeOfScalar(value, "int64");
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new HeddleError(
      "DTypeMismatch",
      `The scalar ${value} is not an integer, but meets an array of ${dtype}. ` +
        `Use astype("float64") on the array first, or an integral number.`,
      { fields: { dtype, value: String(value) } },
    );
  }
  const [low, high] = integerRange(kind === "i" || kind === "u" ? dtype : "int64");
  const integer = BigInt(value);
  if (integer < low || integer > high) {
    throw new HeddleError(
      "DTypeMismatch",
      `The integer ${value} is out of bounds for ${dtype} (${low} to ${high}). ` +
        `Use astype with a wider dtype on the array first.`,
      { fields: { dtype, value: String(value) } },
    );
  }
  return dtype;
}

/**
 * The dtype of an operation on arrays (given by dtype) and weak scalars (NumPy's `result_type`).
 *
 * @example
 * import { resultType } from "heddle/ndarray";
 * console.log(resultType("float32", 2), resultType("int8", "uint8")); // float32 int16
 */
export function resultType(...operands: readonly (DType | Scalar)[]): DType {
  const dtypes = operands.filter((x) => typeof x === "string");
  const scalars = operands.filter((x) => typeof x !== "string");
  if (dtypes.length === 0) {
    return scalars.map((s) => dtypeOfScalar(s, "int64")).reduce(promote);
  }
  return scalars.reduce(promoteScalar, dtypes.reduce(promote));
}

/** How much a cast may lose: nothing, stay within the kind's family, or anything. */
export type Casting = "no" | "safe" | "same_kind" | "unsafe";

/** Whether `from` may be cast to `to`; default `safe`: every value is kept (NumPy's `can_cast`). */
export function canCast(from: DType, to: DType, casting: Casting = "safe"): boolean {
  if (from === to || casting === "unsafe") return true;
  if (casting === "no") return false;
  const temporal = "Mm";
  if (temporal.includes(kindOf(from)) || temporal.includes(kindOf(to))) {
    return kindOf(to) === "m" && (isInteger(from) || from === "bool");
  }
  if (casting === "same_kind") return rankOf(from) <= rankOf(to);
  return promote(from, to) === to;
}

/** The dtype of sums and products of `D`. */
export type SumOf<D extends DType> = SumTable[D];

/** The dtype of means and of true quotients of `D`. */
export type MeanOf<D extends DType> = MeanTable[D];

/** The dtype of the absolute value and of the parts of `D`. */
export type RealOf<D extends DType> = RealTable[D];

/** The dtype of arithmetic between arrays of `A` and `B`. */
export type ArithmeticOf<A extends DType, B extends DType> = Promotion[A][B];
