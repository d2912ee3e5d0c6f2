/**
 * @file `span`: a name for all tasks that are built within a function, under which they are
 * measured.
 */
import { annotate, getAnnotations } from "./annotate.ts";

/**
 * Runs `build`, and gives all tasks that it builds or submits a name under which the task stream
 * and performance reports show them together. Spans may be nested. Errors: `InvalidArgument` for an
 * empty name.
 *
 * @example
 * import { delayed, span } from "heddle";
 * const total = span("load", () => delayed(Math.max)(1, 2));
 * console.log(await total.compute()); // 2
 */
export function span<R>(name: string, build: () => R): R {
  return annotate({ span: [...(getAnnotations().span ?? []), name] }, build);
}
