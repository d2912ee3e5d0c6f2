/**
 * @file `annotate`: task options for everything built within a function, asynchronous parts
 * included.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { setAnnotationSource } from "../core/annotations.ts";
import type { TaskOptions } from "../core/graph.ts";
import { checkFunction } from "../core/options.ts";
import { checkTaskOptions, type GivenTaskOptions, listedOptions } from "../core/task-options.ts";

const storage = new AsyncLocalStorage<TaskOptions>();
setAnnotationSource(() => storage.getStore());

/**
 * Runs `build`, and gives the options to every task that it builds; inner ones override outer ones,
 * `resources` by name. Errors: `InvalidArgument` for an unknown option, naming the nearest,
 * for a value that an option cannot have, and for what is no function.
 *
 * @example
 * import { annotate, delayed } from "heddle";
 * const heavy = annotate({ retries: 2, priority: 10 }, () => delayed(Math.sqrt)(16));
 * console.log(await heavy.compute()); // 4
 */
export function annotate<R>(options: GivenTaskOptions, build: () => R): R {
  checkTaskOptions("annotate", options);
  checkFunction("annotate: after its options it", build, "annotate({ retries: 2 }, () => x.sum())");
  const outer = storage.getStore();
  const resources = { ...outer?.resources, ...options.resources };
  const merged = { ...outer, ...listedOptions(options) };
  const all = Object.keys(resources).length > 0 ? { ...merged, resources } : merged;
  return storage.run(Object.freeze(all), build);
}

/** The options that `annotate` set around the running code; empty outside of it. */
export function getAnnotations(): TaskOptions {
  return storage.getStore() ?? {};
}
