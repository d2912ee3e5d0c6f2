/**
 * @file Element-wise reductions, always in the order in which the arrays are given, so that a
 * result does not depend on where members live.
 */
import { HeddleError } from "../core/errors.ts";
import { describeGiven } from "./given.ts";

/** How `allReduce` puts elements together. */
export type Reduction = "sum" | "product" | "min" | "max";

/** Arrays that can be reduced. */
export type ReducibleArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

type Reduce = (total: ReducibleArray, other: ReducibleArray) => void;

/** A loop for each: one loop that calls a function for each element takes several times as long. */
const REDUCE: Readonly<Record<Reduction, Reduce>> = {
  sum: (total, other) => {
    for (let i = 0; i < total.length; i++) total[i] = total[i]! + other[i]!;
  },
  product: (total, other) => {
    for (let i = 0; i < total.length; i++) total[i] = total[i]! * other[i]!;
  },
  min: (total, other) => {
    for (let i = 0; i < total.length; i++) total[i] = Math.min(total[i]!, other[i]!);
  },
  max: (total, other) => {
    for (let i = 0; i < total.length; i++) total[i] = Math.max(total[i]!, other[i]!);
  },
};

/** The ways to put elements together. */
export const REDUCTIONS = Object.keys(REDUCE) as readonly Reduction[];

/** Throws `InvalidArgument` unless `out` can take what becomes of the array. */
export function checkOut(array: ReducibleArray, out: unknown): void {
  if (out === undefined) return;
  const isAlike = nameOf(out) === nameOf(array);
  if (isAlike) return;
  throw wrong(`takes out of the array's type and length, ${nameOf(array)}, not ${nameOf(out)}`);
}

/**
 * The reduction of arrays that are alike, in a new one, or in the first of them if it is `ours`.
 */
export function reduceArrays<A extends ReducibleArray>(
  arrays: readonly A[],
  how: Reduction,
  ours = false,
): A {
  const [first, ...others] = arrays as [A, ...A[]];
  const total = ours ? first : (first.slice() as A);
  for (const other of others) REDUCE[how](total, other);
  return total;
}

/** Where the part of each of `size` members ends, of so many elements. */
export function partEnds(count: number, size: number): number[] {
  return Array.from({ length: size }, (_, k) => Math.floor((count * (k + 1)) / size));
}

function nameOf(value: unknown): string {
  if (!ArrayBuffer.isView(value)) return describeGiven(value);
  return `${value.constructor.name}(${(value as Uint8Array).length})`;
}

/** @internal */
export function wrong(what: string): HeddleError<"InvalidArgument"> {
  return new HeddleError("InvalidArgument", `allReduce ${what}`);
}
