/**
 * @file Checks of what frames are given, at the call that gives it: names of options, names of
 * columns, and values of the wrong kind.
 */
import type { ComputeOptions } from "../cluster/compute.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { ValueOptions } from "../table/column.ts";

/** Options of what computes; see `ComputeOptions`. */
const COMPUTE_OPTIONS = ["scheduler", "fuse", "signal"] as const;

/** Options of `compute` and of everything that computes, taken apart. */
export interface SplitOptions {
  readonly how: ComputeOptions;
  readonly values: ValueOptions;
}

/**
 * Options of what computes and gives values: checked by name, those of computing and those of
 * values apart. Writers name their own options in `others`.
 */
export function splitOptions(
  what: string,
  options: ComputeOptions & ValueOptions,
  others: readonly string[] = [],
): SplitOptions {
  // What writes has no values to give.
  const own = others.length === 0 ? ["int64"] : others;
  checkOptionNames(what, options, [...own, ...COMPUTE_OPTIONS]);
  const { scheduler, fuse, signal, int64 } = options;
  if (int64 !== undefined && int64 !== "number" && int64 !== "bigint") {
    throw new HeddleError(
      "InvalidArgument",
      `${what}: int64 is ${JSON.stringify(int64)}; it may be "number" or "bigint"`,
    );
  }
  const how = {
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(fuse === undefined ? {} : { fuse }),
    ...(signal === undefined ? {} : { signal }),
  };
  return { how, values: int64 === undefined ? {} : { int64 } };
}

/** Names that plans use for themselves. */
const RESERVED: readonly string[] = ["__row", "__part"];

/**
 * Refuses names of columns that the table engine cannot keep: empty ones, and two that differ only
 * in case, which are one to SQL. Local tables may have them.
 */
export function checkColumnNames(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (name === "" || RESERVED.includes(name)) throw badName(name);
    const before = seen.get(name.toLowerCase());
    if (before !== undefined) throw sameName(before, name);
    seen.set(name.toLowerCase(), name);
  }
}

function badName(name: string): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    name === ""
      ? 'a column of a frame has a name, but one is called "": rename it first'
      : `a column of a frame may not be called "${name}", which Heddle uses itself: rename it first`,
    { fields: { column: name } },
  );
}

function sameName(before: string, name: string): HeddleError {
  const what =
    before === name
      ? `two columns would be called "${name}"`
      : `columns "${before}" and "${name}" differ only in case, which frames do not tell apart`;
  return new HeddleError("InvalidArgument", `${what}: rename one`, {
    fields: { column: name, other: before },
  });
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

/** The error for a value of the wrong kind. */
export function wrongKind(what: string, takes: string, given: unknown): HeddleError {
  return new HeddleError("InvalidArgument", `${what} takes ${takes}, not ${kindOf(given)}`);
}

/** Refuses what is no object of values by name. */
export function checkRecord(what: string, given: unknown, example: string): void {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  throw wrongKind(what, `an object, as in ${example}`, given);
}
