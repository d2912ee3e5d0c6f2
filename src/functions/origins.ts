/**
 * @file Where values came from that were loaded or made for a decoded function. When such a
 * function submits another one that captures them, they travel on by their place, as they did
 * before.
 */
import type { ModulePlace } from "./modules.ts";

/**
 * A path from the global object, an export of a module (`*` for all of it), or what belongs to a
 * file: `R` its `require`, `M` its `import.meta`, `D` its dynamic import.
 */
export type Place =
  | { readonly path: string }
  | { readonly module: ModulePlace; readonly name: string }
  | { readonly special: "R" | "M" | "D"; readonly url: string };

const origins = new WeakMap<object, Place>();

/** Notes the place of an object or function; other values have none. */
export function rememberOrigin<T>(value: T, place: Place): T {
  if ((typeof value === "object" && value !== null) || typeof value === "function") {
    origins.set(value, place);
  }
  return value;
}

/** The place from which `value` was loaded here, if it was. */
export function originOf(value: object): Place | undefined {
  return origins.get(value);
}
