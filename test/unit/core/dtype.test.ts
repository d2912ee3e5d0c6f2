/**
 * @file Dtypes: names and codes, weak scalars, casting rules. Promotion of pairs is checked against
 * NumPy's table.
 */
import { describe, expect, it } from "vitest";
import {
  canCast,
  dtypeOfTypedArray,
  isInteger,
  itemsizeOf,
  promote,
  promoteScalar,
  resultType,
  toDType,
} from "../../../src/core/dtype.ts";
import { isHeddleError } from "../../../src/core/errors.ts";

describe("toDType", () => {
  it("knows long names, NumPy's codes and little-endian marks", () => {
    const names = [
      "f8",
      "<f8",
      "float",
      "?",
      "|u1",
      "i4",
      "c16",
      "M8[ns]",
      "uint16",
      "=i8",
    ] as const;
    expect(names.map((name) => toDType(name))).toEqual([
      "float64",
      "float64",
      "float64",
      "bool",
      "uint8",
      "int32",
      "complex128",
      "datetime64",
      "uint16",
      "int64",
    ]);
  });

  it("names the nearest dtype, and what to do about big-endian ones", () => {
    expect(() => toDType("flaot32" as "float32")).toThrow(/did you mean "float32"/);
    expect(() => toDType(">f8" as "f8")).toThrow(/Big-endian/);
    expect(() => toDType(8 as unknown as "f8")).toThrow(/Unknown dtype 8/);
  });
});

describe("weak scalars", () => {
  it("take the dtype of the array where they fit", () => {
    expect(resultType("float32", 0.1)).toBe("float32");
    expect(resultType("int8", 3)).toBe("int8");
    expect(resultType("uint8", 255n)).toBe("uint8");
    expect(resultType("bool", 1)).toBe("int64");
    expect(resultType("bool", 1.5)).toBe("float64");
    expect(resultType("int16", true)).toBe("int16");
    expect(resultType("float32", { re: 1, im: 2 } as never)).toBe("complex64");
    expect(resultType("int32", { re: 1, im: 2 } as never)).toBe("complex128");
    expect(resultType(1, 2.5)).toBe("float64");
    expect(resultType("int8", "uint8", 100)).toBe("int16");
  });

  it("are an error where they do not, naming astype", () => {
    expect(() => promoteScalar("int32", 0.5)).toThrow(/not an integer.*astype/);
    expect(() => promoteScalar("uint8", -1)).toThrow(/out of bounds for uint8 \(0 to 255\)/);
    expect(() => promoteScalar("int64", Number.NaN)).toThrow(/astype/);
    expect(() => promoteScalar("uint64", 2n ** 64n)).toThrow(/out of bounds/);
  });
});

it("promotes times with times only", () => {
  expect(promote("timedelta64", "int32")).toBe("timedelta64");
  try {
    promote("datetime64", "float64");
    expect.unreachable();
  } catch (error) {
    expect(isHeddleError(error, "DTypeMismatch")).toBe(true);
  }
});

it("casts safely, within a kind, or anyhow", () => {
  expect(canCast("int32", "float64")).toBe(true);
  expect(canCast("int64", "float64")).toBe(true);
  expect(canCast("int32", "float32")).toBe(false);
  expect(canCast("float64", "float32")).toBe(false);
  expect(canCast("float64", "float32", "same_kind")).toBe(true);
  expect(canCast("int32", "uint32", "same_kind")).toBe(false);
  expect(canCast("uint64", "int8", "same_kind")).toBe(true);
  expect(canCast("float64", "int32", "same_kind")).toBe(false);
  expect(canCast("float64", "int32", "unsafe")).toBe(true);
  expect(canCast("int8", "int16", "no")).toBe(false);
});

it("knows what typed arrays hold", () => {
  expect(dtypeOfTypedArray(new Uint8ClampedArray(1))).toBe("uint8");
  expect(dtypeOfTypedArray(new BigUint64Array(1))).toBe("uint64");
  expect(dtypeOfTypedArray(new DataView(new ArrayBuffer(8)))).toBeUndefined();
  expect([itemsizeOf("complex64"), isInteger("bool"), isInteger("uint8")]).toEqual([
    8,
    false,
    true,
  ]);
});
