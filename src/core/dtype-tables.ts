/**
 * @file Dtype rules as types, in tables: looked up by dtype they stay covariant, so that an array
 * of int64 is an array of any dtype. Rows of `Promotion` are NumPy's `promote_types`; its column
 * "scalar" is what a JavaScript number does to an array (NEP 50).
 */
import type { DType } from "./dtype.ts";

/** A column of `Promotion`: the dtype of an operand, or that it is a plain scalar. */
export type Column = DType | "scalar";

/** What two arrays, or an array and a plain number, have in common. */
export interface Promotion {
  readonly bool: {
    readonly bool: "bool";
    readonly int8: "int8";
    readonly int16: "int16";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "uint8";
    readonly uint16: "uint16";
    readonly uint32: "uint32";
    readonly uint64: "uint64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: DType;
  };
  readonly int8: {
    readonly bool: "int8";
    readonly int8: "int8";
    readonly int16: "int16";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "int16";
    readonly uint16: "int32";
    readonly uint32: "int64";
    readonly uint64: "float64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "int8";
  };
  readonly int16: {
    readonly bool: "int16";
    readonly int8: "int16";
    readonly int16: "int16";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "int16";
    readonly uint16: "int32";
    readonly uint32: "int64";
    readonly uint64: "float64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "int16";
  };
  readonly int32: {
    readonly bool: "int32";
    readonly int8: "int32";
    readonly int16: "int32";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "int32";
    readonly uint16: "int32";
    readonly uint32: "int64";
    readonly uint64: "float64";
    readonly float32: "float64";
    readonly float64: "float64";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "int32";
  };
  readonly int64: {
    readonly bool: "int64";
    readonly int8: "int64";
    readonly int16: "int64";
    readonly int32: "int64";
    readonly int64: "int64";
    readonly uint8: "int64";
    readonly uint16: "int64";
    readonly uint32: "int64";
    readonly uint64: "float64";
    readonly float32: "float64";
    readonly float64: "float64";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "int64";
  };
  readonly uint8: {
    readonly bool: "uint8";
    readonly int8: "int16";
    readonly int16: "int16";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "uint8";
    readonly uint16: "uint16";
    readonly uint32: "uint32";
    readonly uint64: "uint64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "uint8";
  };
  readonly uint16: {
    readonly bool: "uint16";
    readonly int8: "int32";
    readonly int16: "int32";
    readonly int32: "int32";
    readonly int64: "int64";
    readonly uint8: "uint16";
    readonly uint16: "uint16";
    readonly uint32: "uint32";
    readonly uint64: "uint64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "uint16";
  };
  readonly uint32: {
    readonly bool: "uint32";
    readonly int8: "int64";
    readonly int16: "int64";
    readonly int32: "int64";
    readonly int64: "int64";
    readonly uint8: "uint32";
    readonly uint16: "uint32";
    readonly uint32: "uint32";
    readonly uint64: "uint64";
    readonly float32: "float64";
    readonly float64: "float64";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "uint32";
  };
  readonly uint64: {
    readonly bool: "uint64";
    readonly int8: "float64";
    readonly int16: "float64";
    readonly int32: "float64";
    readonly int64: "float64";
    readonly uint8: "uint64";
    readonly uint16: "uint64";
    readonly uint32: "uint64";
    readonly uint64: "uint64";
    readonly float32: "float64";
    readonly float64: "float64";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "uint64";
  };
  readonly float32: {
    readonly bool: "float32";
    readonly int8: "float32";
    readonly int16: "float32";
    readonly int32: "float64";
    readonly int64: "float64";
    readonly uint8: "float32";
    readonly uint16: "float32";
    readonly uint32: "float64";
    readonly uint64: "float64";
    readonly float32: "float32";
    readonly float64: "float64";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "float32";
  };
  readonly float64: {
    readonly bool: "float64";
    readonly int8: "float64";
    readonly int16: "float64";
    readonly int32: "float64";
    readonly int64: "float64";
    readonly uint8: "float64";
    readonly uint16: "float64";
    readonly uint32: "float64";
    readonly uint64: "float64";
    readonly float32: "float64";
    readonly float64: "float64";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "float64";
  };
  readonly complex64: {
    readonly bool: "complex64";
    readonly int8: "complex64";
    readonly int16: "complex64";
    readonly int32: "complex128";
    readonly int64: "complex128";
    readonly uint8: "complex64";
    readonly uint16: "complex64";
    readonly uint32: "complex128";
    readonly uint64: "complex128";
    readonly float32: "complex64";
    readonly float64: "complex128";
    readonly complex64: "complex64";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "complex64";
  };
  readonly complex128: {
    readonly bool: "complex128";
    readonly int8: "complex128";
    readonly int16: "complex128";
    readonly int32: "complex128";
    readonly int64: "complex128";
    readonly uint8: "complex128";
    readonly uint16: "complex128";
    readonly uint32: "complex128";
    readonly uint64: "complex128";
    readonly float32: "complex128";
    readonly float64: "complex128";
    readonly complex64: "complex128";
    readonly complex128: "complex128";
    readonly datetime64: DType;
    readonly timedelta64: DType;
    readonly scalar: "complex128";
  };
  readonly datetime64: {
    readonly bool: DType;
    readonly int8: DType;
    readonly int16: DType;
    readonly int32: DType;
    readonly int64: DType;
    readonly uint8: DType;
    readonly uint16: DType;
    readonly uint32: DType;
    readonly uint64: DType;
    readonly float32: DType;
    readonly float64: DType;
    readonly complex64: DType;
    readonly complex128: DType;
    readonly datetime64: "datetime64";
    readonly timedelta64: DType;
    readonly scalar: "datetime64";
  };
  readonly timedelta64: {
    readonly bool: DType;
    readonly int8: DType;
    readonly int16: DType;
    readonly int32: DType;
    readonly int64: DType;
    readonly uint8: DType;
    readonly uint16: DType;
    readonly uint32: DType;
    readonly uint64: DType;
    readonly float32: DType;
    readonly float64: DType;
    readonly complex64: DType;
    readonly complex128: DType;
    readonly datetime64: DType;
    readonly timedelta64: "timedelta64";
    readonly scalar: "timedelta64";
  };
}

/** The dtype of functions such as `sin`. */
export interface FloatTable {
  readonly bool: "float32";
  readonly int8: "float32";
  readonly int16: "float32";
  readonly int32: "float64";
  readonly int64: "float64";
  readonly uint8: "float32";
  readonly uint16: "float32";
  readonly uint32: "float64";
  readonly uint64: "float64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "complex64";
  readonly complex128: "complex128";
  readonly datetime64: "float64";
  readonly timedelta64: "float64";
}

/** The dtype of absolute values and of parts. */
export interface RealTable {
  readonly bool: "bool";
  readonly int8: "int8";
  readonly int16: "int16";
  readonly int32: "int32";
  readonly int64: "int64";
  readonly uint8: "uint8";
  readonly uint16: "uint16";
  readonly uint32: "uint32";
  readonly uint64: "uint64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "float32";
  readonly complex128: "float64";
  readonly datetime64: "datetime64";
  readonly timedelta64: "timedelta64";
}

/** The dtype of the parts of `FloatTable`'s. */
export interface RealFloatTable {
  readonly bool: "float32";
  readonly int8: "float32";
  readonly int16: "float32";
  readonly int32: "float64";
  readonly int64: "float64";
  readonly uint8: "float32";
  readonly uint16: "float32";
  readonly uint32: "float64";
  readonly uint64: "float64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "float32";
  readonly complex128: "float64";
  readonly datetime64: "float64";
  readonly timedelta64: "float64";
}

/** The dtype of sums and products. */
export interface SumTable {
  readonly bool: "int64";
  readonly int8: "int64";
  readonly int16: "int64";
  readonly int32: "int64";
  readonly int64: "int64";
  readonly uint8: "uint64";
  readonly uint16: "uint64";
  readonly uint32: "uint64";
  readonly uint64: "uint64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "complex64";
  readonly complex128: "complex128";
  readonly datetime64: "datetime64";
  readonly timedelta64: "timedelta64";
}

/** The dtype of means and of true quotients. */
export interface MeanTable {
  readonly bool: "float64";
  readonly int8: "float64";
  readonly int16: "float64";
  readonly int32: "float64";
  readonly int64: "float64";
  readonly uint8: "float64";
  readonly uint16: "float64";
  readonly uint32: "float64";
  readonly uint64: "float64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "complex64";
  readonly complex128: "complex128";
  readonly datetime64: "float64";
  readonly timedelta64: "float64";
}

/** The dtype of variances and deviations. */
export interface SpreadTable {
  readonly bool: "float64";
  readonly int8: "float64";
  readonly int16: "float64";
  readonly int32: "float64";
  readonly int64: "float64";
  readonly uint8: "float64";
  readonly uint16: "float64";
  readonly uint32: "float64";
  readonly uint64: "float64";
  readonly float32: "float32";
  readonly float64: "float64";
  readonly complex64: "float32";
  readonly complex128: "float64";
  readonly datetime64: "float64";
  readonly timedelta64: "float64";
}

/** Whether an array has axes, by the ranks of two operands. */
export interface MeetTable {
  readonly array: { readonly array: "array"; readonly scalar: "array" };
  readonly scalar: { readonly array: "array"; readonly scalar: "scalar" };
}
