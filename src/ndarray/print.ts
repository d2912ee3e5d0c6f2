/**
 * @file Arrays as text, the way NumPy's `array2string` writes them: aligned columns, at most 8
 * decimals, the shortest digits that tell numbers apart, scientific notation for wide ranges, and
 * "..." in arrays of more than 1000 elements.
 */

import type { Complex } from "../core/complex.ts";
import { type DType, isBig, kindOf, realOf } from "../core/dtype.ts";
import { sizeOfShape } from "../core/indexing.ts";
import { elementReader } from "./elements.ts";
import { forEachOffset, type Layout } from "./layout.ts";

/** How to write an array; the defaults are NumPy's. */
export interface FormatOptions {
  /** Between elements; default a space. */
  readonly separator?: string;
  /** Text that will stand before the array, to which later lines are aligned; default none. */
  readonly prefix?: string;
  /** Decimals at most; default 8. */
  readonly precision?: number;
  /** Arrays with more elements are abbreviated; default 1000. */
  readonly threshold?: number;
  /** Elements kept at each end of an abbreviated axis; default 3. */
  readonly edgeItems?: number;
  /** Characters in a line; default 75. */
  readonly lineWidth?: number;
}

type Format<T> = (x: T) => string;

/** The array as text. */
export function formatArray(layout: Layout, options: FormatOptions = {}): string {
  const { separator = " ", prefix = "", precision = 8, lineWidth = 75 } = options;
  const summarize = sizeOfShape(layout.shape) > (options.threshold ?? 1000);
  const edge = summarize ? (options.edgeItems ?? 3) : Number.POSITIVE_INFINITY;
  if (layout.shape.includes(0)) return "[]";
  const shown = offsetsShown(layout, edge);
  const format = elementFormat(layout, shown, precision);
  const write = (axis: number, offset: number, indent: string, width: number): string => {
    if (axis === layout.shape.length) return format(offset);
    const inner = `${indent} `;
    const items = itemsOf(layout, axis, edge).map((i) => {
      if (i === null) return "...";
      return write(axis + 1, offset + i * (layout.strides[axis] as number), inner, width - 1);
    });
    const last = axis === layout.shape.length - 1;
    const lines = "\n".repeat(layout.shape.length - axis - 1);
    const body = last
      ? wrapWords(items, separator, indent, width)
      : items.join(separator.trimEnd() + lines + indent);
    return `[${body}]`;
  };
  return write(0, layout.offset, ` ${" ".repeat(prefix.length)}`, lineWidth);
}

/** Positions along an axis that are shown; null is the "..." between the two ends. */
function itemsOf(layout: Layout, axis: number, edge: number): (number | null)[] {
  const length = layout.shape[axis] as number;
  if (length <= 2 * edge) return Array.from({ length }, (_, i) => i);
  const ends = Array.from({ length: edge }, (_, i) => i);
  return [...ends, null, ...ends.map((i) => length - edge + i)];
}

function offsetsShown(layout: Layout, edge: number): number[] {
  const offsets: number[] = [];
  if (edge === Number.POSITIVE_INFINITY) {
    forEachOffset(layout, (offset) => offsets.push(offset));
    return offsets;
  }
  const visit = (axis: number, offset: number): void => {
    if (axis === layout.shape.length) offsets.push(offset);
    else {
      for (const i of itemsOf(layout, axis, edge)) {
        if (i !== null) visit(axis + 1, offset + i * (layout.strides[axis] as number));
      }
    }
  };
  visit(0, layout.offset);
  return offsets;
}

/** Puts words in lines of at most `width` characters; lines after the first begin with `indent`. */
function wrapWords(
  words: readonly string[],
  separator: string,
  indent: string,
  width: number,
): string {
  const room = width - Math.max(separator.trimEnd().length, 1);
  let text = "";
  let line = indent;
  words.forEach((word, i) => {
    if (line.length + word.length > room && line.length > indent.length) {
      text += `${line.trimEnd()}\n`;
      line = indent;
    }
    line += i === words.length - 1 ? word : word + separator;
  });
  return (text + line).slice(indent.length);
}

/** A function that writes the element at a position, aligned with all `shown`. */
function elementFormat(
  layout: Layout,
  shown: readonly number[],
  precision: number,
): (offset: number) => string {
  const { dtype, shape } = layout;
  const read = elementReader(dtype, layout.storage.values, { int64: "bigint" });
  const kind = kindOf(dtype);
  if (kind === "b") {
    const width = shape.length === 0 ? 0 : 5;
    return (at) => (read(at) ? "True" : "False").padStart(width);
  }
  if (kind === "f") {
    const numbers = shown.map((at) => read(at) as number);
    const format = floatFormat(numbers, dtype, precision, "-");
    return (at) => format(read(at) as number);
  }
  if (kind === "c") return complexFormat(read as (at: number) => Complex, shown, dtype, precision);
  const write =
    isBig(dtype) && kind === "M"
      ? (at: number) => isoText(read(at) as Date)
      : (at: number) => String(read(at));
  const width = Math.max(...shown.map((at) => write(at).length));
  return (at) => write(at).padStart(width);
}

function isoText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "NaT" : `'${date.toISOString().slice(0, -1)}'`;
}

function complexFormat(
  read: (at: number) => Complex,
  shown: readonly number[],
  dtype: DType,
  precision: number,
): (at: number) => string {
  const part = realOf(dtype);
  const real = floatFormat(
    shown.map((at) => read(at).re),
    part,
    precision,
    "-",
  );
  const imaginary = floatFormat(
    shown.map((at) => read(at).im),
    part,
    precision,
    "+",
  );
  return (at) => {
    const { re, im } = read(at);
    const text = imaginary(im);
    const digits = text.trimEnd();
    return `${real(re)}${digits}j${text.slice(digits.length)}`;
  };
}

/**
 * NumPy's `FloatingFormat`: one format for all numbers shown, so that points and exponents stand in
 * columns.
 */
function floatFormat(
  numbers: readonly number[],
  dtype: DType,
  precision: number,
  sign: "-" | "+",
): Format<number> {
  const finite = numbers.filter(Number.isFinite);
  const sizes = finite.filter((x) => x !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const limit = 10 ** Math.min(8, dtype === "float32" ? 6 : 15);
  const scientific = sizes.length > 0 && (most >= limit || least < 0.0001 || most / least > 1000);
  const digits = (x: number): Digits =>
    scientific ? scientificDigits(x, dtype, precision) : positionalDigits(x, dtype, precision);
  const signed = (x: number): string =>
    (x < 0 || Object.is(x, -0) ? "-" : sign === "+" ? "+" : "") + digits(x).integer;
  let left = Math.max(0, ...finite.map((x) => signed(x).length));
  const decimals = Math.max(0, ...finite.map((x) => digits(x).fraction.length));
  const exponents = Math.max(0, ...finite.map((x) => digits(x).exponent.length));
  const right = decimals + exponents;
  if (finite.length < numbers.length) {
    const signedInfinity = sign === "+" || numbers.includes(Number.NEGATIVE_INFINITY) ? 1 : 0;
    left = Math.max(left, 3 - right - 1, 3 + signedInfinity - right - 1);
  }
  return (x) => {
    if (!Number.isFinite(x)) {
      const mark = x < 0 ? "-" : sign === "+" ? "+" : "";
      return `${mark}${Number.isNaN(x) ? "nan" : "inf"}`.padStart(left + right + 1);
    }
    const { fraction, exponent } = digits(x);
    const tail = scientific ? fraction.padEnd(decimals, "0") : fraction.padEnd(decimals, " ");
    return `${signed(x).padStart(left)}.${tail}${exponent}`;
  };
}

interface Digits {
  readonly integer: string;
  /** Without trailing zeros. */
  readonly fraction: string;
  readonly exponent: string;
}

function positionalDigits(x: number, dtype: DType, precision: number): Digits {
  const size = Math.abs(x);
  let text = shortest(size, dtype);
  if (text.includes("e") || (text.split(".")[1] ?? "").length > precision) {
    text = size.toFixed(precision);
  }
  const [integer = "0", fraction = ""] = text.split(".");
  return { integer, fraction: fraction.replace(/0+$/, ""), exponent: "" };
}

function scientificDigits(x: number, dtype: DType, precision: number): Digits {
  const size = Math.abs(x);
  let text = Number(shortest(size, dtype)).toExponential();
  if ((text.split("e")[0]?.length ?? 0) > precision + 2) text = size.toExponential(precision);
  const [mantissa = "0", power = "+0"] = text.split("e");
  const [integer = "0", fraction = ""] = mantissa.split(".");
  const exponent = `e${power[0]}${power.slice(1).padStart(2, "0")}`;
  return { integer, fraction: fraction.replace(/0+$/, ""), exponent };
}

/** The shortest decimal that reads back as the same number of the dtype. */
function shortest(x: number, dtype: DType): string {
  if (dtype !== "float32") return String(x);
  for (let digits = 1; digits < 9; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === x) return String(Number(text));
  }
  return String(Number(x.toPrecision(9)));
}
