/** @file What `client.compute` and `client.persist` take, checked. */
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskOptions } from "../core/graph.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import {
  checkFlag,
  checkTaskOptions,
  type GivenTaskOptions,
  listedOptions,
} from "../core/task-options.ts";
import { describeGiven } from "./given.ts";
import type { ComputeOptions, GraphRunner } from "./run-collections.ts";
import type { Computable } from "./types.ts";

/** Options of `client.compute`: those of tasks, and how the graph is made. */
export interface ClientComputeOptions
  extends GivenTaskOptions,
    Pick<ComputeOptions, "fuse" | "signal"> {
  /** Resolves to the values instead of giving futures; default false. */
  readonly sync?: boolean;
}

/** The collections that were given. Throws `InvalidArgument` for anything else. */
export function checkComputable(what: string, given: Computable): readonly Collection[] {
  if (isCollection(given)) return [given];
  const wrong = Array.isArray(given) ? given.find((one) => !isCollection(one)) : given;
  if (Array.isArray(given) && given.every(isCollection)) return given;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes a lazy collection (array, frame, bag, delayed value) or an array of them, but ` +
      `was given ${describeGiven(wrong)}. Functions are run by client.submit, values are put into ` +
      "the engine by client.scatter.",
  );
}

/** The options by what they concern. Throws `InvalidArgument` for an unknown name or value. */
export function checkComputeOptions(
  what: string,
  options: ClientComputeOptions,
): { readonly run: ComputeOptions; readonly tasks: TaskOptions; readonly sync: boolean } {
  checkTaskOptions(what, options, ["sync", "fuse", "signal"]);
  checkFlag(what, "sync", options.sync);
  checkFlag(what, "fuse", options.fuse);
  const { sync = false, fuse, signal, ...tasks } = options;
  const run = {
    ...(fuse === undefined ? {} : { fuse }),
    ...(signal === undefined ? {} : { signal }),
  };
  return { run, tasks: listedOptions(tasks), sync };
}

/** The graph whose tasks have these options, except where they have such of their own. */
export function withOptions(graph: TaskGraph, options: TaskOptions): TaskGraph {
  if (Object.keys(options).length === 0) return graph;
  const templates = graph.templates.map((template) => ({
    ...template,
    options: { ...options, ...template.options },
  }));
  return { ...graph, templates };
}

/** The runner, giving the options to all tasks. */
export function runnerWith(runner: GraphRunner, options: TaskOptions): GraphRunner {
  return {
    runGraph: (graph, ...rest) => runner.runGraph(withOptions(graph, options), ...rest),
    persistGraph: (graph, ...rest) => runner.persistGraph(withOptions(graph, options), ...rest),
  };
}
