/**
 * @file What members of a gang must agree on: the collective that they are in, with what matters of
 * its arguments, as one number, its subject. It goes with each letter: members that disagree might
 * wait for each other for ever, or take one array's part for another's whole.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { REDUCTIONS, type ReducibleArray, type Reduction, wrong } from "./gang-reduce.ts";
import { describeGiven } from "./given.ts";

/** Their places are in subjects. */
const HOWS = REDUCTIONS;
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

/** The subject of a letter that is no part of a collective. */
export const NO_SUBJECT = 0;
export const BARRIER = -1;

/** Of `broadcast` and `gather`, which have a root. */
export function rootedSubject(what: "broadcast" | "gather", root: number): number {
  return -2 - 2 * root - (what === "gather" ? 1 : 0);
}

/** Of `allReduce`. Throws `InvalidArgument` for what cannot be reduced. */
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

/** Throws `InvalidArgument` unless another member does what this one does. */
export function checkSubject(own: number, other: number, ranks: readonly [number, number]): void {
  if (own === other) return;
  const [rank, from] = ranks;
  if (own <= NO_SUBJECT || other <= NO_SUBJECT) {
    throw new HeddleError(
      "InvalidArgument",
      "all members of a gang call the same of broadcast, gather, allReduce and barrier in the " +
        `same order, and with the same root: member ${rank} is in ${textOf(own)}, member ${from} ` +
        `in ${textOf(other)}`,
      { fields: { ranks } },
    );
  }
  throw new HeddleError(
    "InvalidArgument",
    "allReduce needs arrays of one type and length, and the same reduction, from all members; " +
      `member ${rank} gave ${arrayText(own)}, member ${from} ${arrayText(other)}`,
    { fields: { ranks } },
  );
}

/** The collective, as its call looks. */
function textOf(subject: number): string {
  if (subject === BARRIER) return "barrier()";
  if (subject > NO_SUBJECT) return `allReduce of ${arrayText(subject)}`;
  const what = subject % 2 === 0 ? "broadcast" : "gather";
  return `${what}(value, ${Math.floor((-2 - subject) / 2)})`;
}

function arrayText(subject: number): string {
  const type = (subject - 1) % TYPES.length;
  const rest = Math.floor((subject - 1) / TYPES.length);
  return `${TYPES[type]?.name}(${Math.floor(rest / HOWS.length)}) for "${HOWS[rest % HOWS.length]}"`;
}
