/**
 * @file The functions that delayed values run as tasks on their own account. Exported from a
 * module, so that they travel to task threads by name.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./tasks.ts";

/** Gives its argument: a value, or a container of results. */
export function value<T>(given: T): T {
  return given;
}

/** One item or property of a result; entries of a Map by their key. */
export function getitem(container: unknown, key: unknown): unknown {
  if (container instanceof Map) return container.get(key);
  if (container === null || container === undefined) {
    throw new HeddleError("InvalidArgument", `cannot take ${String(key)} of ${container}`);
  }
  return (container as Record<PropertyKey, unknown>)[key as PropertyKey];
}

/** Calls a method of a result. */
export function callMethod(owner: unknown, name: string, ...args: unknown[]): unknown {
  const method: unknown = (owner as Record<string, unknown> | null | undefined)?.[name];
  if (typeof method === "function") return method.apply(owner, args);
  const known = methodNames(owner);
  const near = nearestName(name, known);
  throw new HeddleError(
    "InvalidArgument",
    `${name} is no method of this ${typeof owner}.` +
      (near === undefined ? "" : ` Did you mean ${near}?`),
    { fields: { name } },
  );
}

function methodNames(owner: unknown): string[] {
  const names: string[] = [];
  for (let at: unknown = Object(owner); at !== null; at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at));
  }
  return names;
}

/**
 * Its first argument, once the others have been computed: what `bind` and `waitOn` put into a
 * graph.
 */
export function first<T>(given: T, ..._after: unknown[]): T {
  return given;
}

/** Nothing, once all arguments have been computed: what `checkpoint` gives. */
export function nothing(..._after: unknown[]): null {
  return null;
}

referToAll(import.meta.url, self);
