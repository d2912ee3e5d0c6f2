/**
 * @file Element-wise reductions, always in the order in which the arrays are given, so that a
 * result does not depend on where members live; and what members must agree on before they reduce
 * anything. That goes with each letter as one number, its subject: members that disagree might wait
 * for each other for ever, or take one array's part for another's whole.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
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

/** Their places are in subjects. */
const HOWS = Object.keys(REDUCE) as readonly Reduction[];
const TYPES = [
  Float64Array,
  Float32Array,
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
] as const;

/** The subject of a letter that is no part of an `allReduce`. */
export const NO_SUBJECT = 0;

/** Throws `InvalidArgument` for what cannot be reduced. */
export function subjectOf(array: unknown, how: unknown): number {
  const isObject = typeof array === "object" && array !== null;
  const prototype: unknown = isObject ? Object.getPrototypeOf(array) : undefined;
  // No `Buffer`, whose slices are no copies.
  const type = TYPES.findIndex((each) => prototype === each.prototype);
  if (type < 0) {
    const names = TYPES.map(({ name }) => name).join(", ");
    throw wrong(`takes an array (${names}), but was given ${describeGiven(array)}`);
  }
  const reduction = HOWS.indexOf(how as Reduction);
  if (reduction < 0) {
    const near = typeof how === "string" ? nearestName(how, HOWS) : undefined;
    const hint = near === undefined ? "" : `. Did you mean "${near}"?`;
    throw wrong(`reduces by ${HOWS.join(", ")}, not by ${describeGiven(how)}${hint}`);
  }
  const { length } = array as ReducibleArray;
  return 1 + type + TYPES.length * (reduction + HOWS.length * length);
}

/** Throws `InvalidArgument` unless `out` can take what becomes of the array. */
export function checkOut(array: ReducibleArray, out: unknown): void {
  if (out === undefined) return;
  const isAlike = nameOf(out) === nameOf(array);
  if (isAlike) return;
  throw wrong(`takes out of the array's type and length, ${nameOf(array)}, not ${nameOf(out)}`);
}

/** Throws `InvalidArgument` unless what another member has sent belongs to what this one does. */
export function checkSubject(own: number, other: number, ranks: readonly [number, number]): void {
  if (own === other) return;
  const [rank, from] = ranks;
  throw new HeddleError(
    "InvalidArgument",
    "allReduce needs arrays of one type and length, and the same reduction, from all members; " +
      `member ${rank} gave ${textOf(own)}, member ${from} ${textOf(other)}`,
    { fields: { ranks } },
  );
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

function textOf(subject: number): string {
  if (subject === NO_SUBJECT) return "something else than an allReduce";
  const type = (subject - 1) % TYPES.length;
  const rest = Math.floor((subject - 1) / TYPES.length);
  return `${TYPES[type]?.name}(${Math.floor(rest / HOWS.length)}) for "${HOWS[rest % HOWS.length]}"`;
}

function nameOf(value: unknown): string {
  if (!ArrayBuffer.isView(value)) return describeGiven(value);
  return `${value.constructor.name}(${(value as Uint8Array).length})`;
}

function wrong(what: string): HeddleError<"InvalidArgument"> {
  return new HeddleError("InvalidArgument", `allReduce ${what}`);
}
