/**
 * @file Checks of what callers give, where they give it: a name, a time, a count, plain data. What
 * passes them can travel, and the other side takes it.
 */
import { types } from "node:util";
import type { Json } from "../codec/registry.ts";
import { HeddleError } from "../core/errors.ts";
import { isPlain } from "../core/lazy-values.ts";
import { describeGiven } from "./given.ts";

/** Deepest nesting of plain data that travels. */
const JSON_DEPTH_MAX = 60;

/** Throws `InvalidArgument`: what was given where, and what may be. */
export function refuseGiven(where: string, given: unknown, allowed: string): never {
  throw new HeddleError(
    "InvalidArgument",
    `${where} is ${describeGiven(given)}; it may be ${allowed}`,
  );
}

/** Throws `InvalidArgument` unless `value` is a text that is not empty. */
export function checkName(where: string, value: unknown): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  refuseGiven(where, value, "a text that is not empty");
}

/** Longest path that file systems take. */
const PATH_MAX = 4096;

/** Throws `InvalidArgument` unless `value` can be the path of a file or a folder. */
export function checkPath(where: string, value: unknown): asserts value is string {
  checkName(where, value);
  if (value.length <= PATH_MAX && !value.includes("\0")) return;
  refuseGiven(where, value, `a path: at most ${PATH_MAX} characters, none of them the null one`);
}

/** One text, or a list of them (`none`: also an empty one); as a list. Throws `InvalidArgument`. */
export function namesIn(
  where: string,
  value: unknown,
  { none = false }: { readonly none?: boolean } = {},
): readonly string[] {
  const names: unknown = typeof value === "string" ? [value] : value;
  const isList = Array.isArray(names) && (none || names.length > 0);
  if (isList && names.every((name) => typeof name === "string")) return names;
  return refuseGiven(where, value, 'a text, or a list of texts: ["a", "b"]');
}

/** Throws `InvalidArgument` unless `value` is absent or a time in milliseconds. */
export function checkTimeMs(
  where: string,
  value: unknown,
  { least = 0 }: { readonly least?: number } = {},
): asserts value is number | undefined {
  if (value === undefined || (typeof value === "number" && value >= least)) return;
  refuseGiven(where, value, `a number of milliseconds from ${least} on`);
}

/** Throws `InvalidArgument` unless `value` is absent or a whole number from `least` to `most`. */
export function checkWhole(
  where: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number | undefined {
  if (value === undefined) return;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
    return;
  const end = most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`;
  refuseGiven(where, value, `a whole number from ${least} ${end}`);
}

/** Throws `InvalidArgument` unless `value` is absent or amounts of named resources. */
export function checkResources(
  where: string,
  value: unknown,
): asserts value is Readonly<Record<string, number>> | undefined {
  if (value === undefined) return;
  // Proxies cannot be sent, and may give something else each time.
  const isProxy = types.isProxy(value);
  const isObject = typeof value === "object" && value !== null && !isProxy && isPlain(value);
  const amounts = isObject ? Object.entries(value) : [];
  const bad = amounts.find(([, amount]) => !(Number.isFinite(amount) && (amount as number) >= 0));
  if (isObject && bad === undefined) return;
  const place = bad === undefined ? where : `${where}[${JSON.stringify(bad[0])}]`;
  const allowed = "an object of names and finite amounts from 0 on, such as { GPU: 1 }";
  refuseGiven(place, bad === undefined ? value : bad[1], bad === undefined ? allowed : FINITE);
}

const FINITE = "a finite number from 0 on";

/**
 * Throws `InvalidArgument`, naming the place, unless `value` is plain data as JSON has it: null,
 * booleans, texts, numbers, and arrays and plain objects of such.
 */
export function checkJson(
  where: string,
  value: unknown,
  path: readonly string[] = [],
): asserts value is Json {
  if (value === null || ["boolean", "string", "number"].includes(typeof value)) return;
  if (path.length > JSON_DEPTH_MAX) {
    const message = `${where} is nested deeper than ${JSON_DEPTH_MAX} levels, or holds itself`;
    throw new HeddleError("InvalidArgument", `${message}; make it flatter`);
  }
  const place = path.length === 0 ? where : `${where} at ${path.join("")}`;
  for (const [key, part] of entriesOf(place, value)) checkJson(where, part, [...path, key]);
}

function entriesOf(where: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return Array.from(value, (part: unknown, i) => [`[${i}]`, part]);
  if (typeof value === "object" && value !== null && isPlain(value)) {
    return Object.entries(value).map(([key, part]) => [`[${JSON.stringify(key)}]`, part]);
  }
  const allowed = "plain data: null, booleans, texts, numbers, and arrays and objects of such";
  return refuseGiven(where, value, allowed);
}
