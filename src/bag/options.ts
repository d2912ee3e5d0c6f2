/**
 * @file What the methods of bags are given beside items: options, keys and functions, checked by
 * name and kind when the method is called, so that a slip is told where it was made.
 */
import { HeddleError } from "../core/errors.ts";
import { checkFunction, checkOptionNames } from "../core/options.ts";
import type { KeyOf } from "./key.ts";
import type { SplitEvery } from "./parts.ts";

/** Options of what computes; see `ComputeOptions`. */
export const COMPUTE_OPTIONS = ["scheduler", "fuse", "signal"] as const;

/** How partial results are combined. */
export interface TreeOptions {
  /** How many partial results are combined at a time; false for all at once. Default 8. */
  readonly splitEvery?: SplitEvery;
}

/** Options of {@link Bag.fold}, and of {@link Bag.foldby} besides its own. */
export interface FoldOptions<A> extends TreeOptions {
  /** Combines two partial results; default: the same function that takes an item in. */
  combine?(total: A, other: A): A;
}

/**
 * Options of folds whose totals are of another type than the items, which therefore need `combine`.
 */
export interface CombineOptions<A> extends FoldOptions<A> {
  /** Combines two partial results. */
  combine(total: A, other: A): A;
}

/** Options of {@link Bag.foldby}. */
export interface KeyedOptions<A> {
  /** What the partial results of a key are combined into, in turn; default: the first of them. */
  readonly combineInitial?: A;
}

/** Options of {@link Bag.topk}. */
export interface TopOptions<T> extends TreeOptions {
  /** What is compared; default: the items themselves. */
  readonly key?: KeyOf<T>;
}

/** Options of {@link Bag.distinct}. */
export interface DistinctOptions<T> {
  /** What is compared; default: the items themselves. */
  readonly key?: KeyOf<T>;
}

/** Checks the options of a reduction; gives them, or none. */
export function treeOptions<O extends TreeOptions>(
  what: string,
  options: O | undefined,
  ...others: readonly string[]
): O {
  const given = options ?? ({} as O);
  checkOptionNames(what, given, ["splitEvery", ...others]);
  return given;
}

/** Checks the function that a step applies. */
export function stepFunction(what: string, fn: unknown): void {
  checkFunction(what, fn, `bag.${what}((item) => …)`);
}

/** Checks a key. */
export function checkKey(what: string, key: unknown): void {
  if (typeof key === "function" || typeof key === "string") return;
  if (typeof key === "number" || typeof key === "symbol") return;
  const given = key === null || key === undefined ? String(key) : typeof key;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes a key: a function of the item, or the name or position of one of its parts, ` +
      `as in "city" or (item) => item.city, not ${given}`,
  );
}

/** What `distinct` and `topk` take as a key or as options with one. */
export function keyAndOptions<O extends { readonly key?: KeyOf<never> }>(
  what: string,
  given: KeyOf<never> | O | undefined,
  ...others: readonly string[]
): { readonly key: readonly unknown[]; readonly options: O } {
  const options = typeof given === "object" && given !== null ? given : ({ key: given } as O);
  checkOptionNames(what, options, ["key", ...others]);
  if (options.key === undefined) return { key: [], options };
  checkKey(what, options.key);
  return { key: [options.key], options };
}

/** What a fold starts from, which may be absent, and its options. */
export interface FoldInit {
  readonly initial: readonly unknown[];
  readonly options: FoldOptions<unknown> & KeyedOptions<unknown>;
}

/**
 * What a fold was given after its function: an initial value and options, or options that hold the
 * initial value. An object with none but names of options is meant as options.
 */
export function foldInit(
  what: string,
  [first, second]: readonly unknown[],
  ...others: readonly string[]
): FoldInit {
  const names = ["combine", "splitEvery", ...others];
  const inOptions = second === undefined && isOptions(first, ["initial", ...names]);
  const options = (inOptions ? first : (second ?? {})) as FoldInit["options"];
  checkOptionNames(what, options, inOptions ? ["initial", ...names] : names);
  if (options.combine !== undefined) {
    checkFunction(`${what}: combine`, options.combine, "{ combine: (total, other) => … }");
  }
  const initial = inOptions ? (first as { readonly initial?: unknown }).initial : first;
  return { initial: initial === undefined ? [] : [initial], options };
}

function isOptions(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (typeof (value as { readonly combine?: unknown }).combine === "function") return true;
  const own = Object.keys(value);
  return own.length > 0 && own.every((name) => names.includes(name));
}
