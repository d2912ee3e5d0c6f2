/**
 * @file `computeAll` and `persistAll`: what every collection's `compute` and `persist` call.
 * Chooses the runner; the engine is loaded when one is first needed.
 */
import { config } from "../config/config.ts";
import type { Collection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import {
  type ComputeOptions,
  checkComputeNames,
  computeOn,
  type GraphRunner,
  persistOn,
} from "./run-collections.ts";

export type { ComputeOptions } from "./run-collections.ts";

/**
 * Computes several collections in one pass over the union of their graphs; shared tasks run once.
 */
export async function computeAll(
  collections: readonly Collection[],
  options: ComputeOptions = {},
): Promise<unknown[]> {
  checkComputeNames("compute", options);
  return await computeOn((graph) => chooseRunner(options.scheduler, graph), collections, options);
}

/** Starts the work of several collections and returns them over values that the engine keeps. */
export async function persistAll(
  collections: readonly Collection[],
  options: ComputeOptions = {},
): Promise<Collection[]> {
  checkComputeNames("persist", options);
  return await persistOn((graph) => chooseRunner(options.scheduler, graph), collections, options);
}

async function chooseRunner(
  given: ComputeOptions["scheduler"],
  graph: TaskGraph,
): Promise<GraphRunner | "sync"> {
  const scheduler = given ?? config.get("scheduler");
  const holder = graph.holders?.[0]?.engine;
  if (holder !== undefined && (scheduler === "auto" || scheduler === holder)) {
    return holder as GraphRunner;
  }
  if (holder !== undefined && scheduler === "sync") {
    throw new HeddleError(
      "InvalidArgument",
      'this uses values that an engine holds (persisted data, futures), which scheduler: "sync" ' +
        "cannot read: leave the scheduler out, or compute without persist",
    );
  }
  if (scheduler === "auto") return await (await import("./runners.ts")).currentRunner();
  if (scheduler === "sync") return "sync";
  if (scheduler === "threads") {
    return (await import("./runners.ts")).embeddedRunner();
  }
  if (typeof scheduler === "object" && "runGraph" in scheduler) return scheduler;
  throw new HeddleError(
    "InvalidArgument",
    `scheduler is ${JSON.stringify(scheduler)}; it may be "sync", "threads" or a client`,
  );
}
