/** @file Brings values of the program into an engine. */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { tokenize } from "../core/token.ts";
import { encodeShared } from "../threads/graph-image.ts";
import { typeName } from "../threads/value-kinds.ts";
import { unique } from "./call-facts.ts";
import { refuseGiven } from "./check-given.ts";
import { workersOf } from "./client-view.ts";
import { Future, FutureList, Submission } from "./future.ts";
import type { EngineLink } from "./link.ts";

/** Where `scatter` puts values; default on one worker, whichever has most room. */
export interface ScatterOptions {
  /** A copy on every worker. */
  readonly broadcast?: boolean;
  /** Name, address or host of the worker that may have the values, or a list of such. */
  readonly workers?: string | readonly string[];
  /**
   * The futures are named by what the values contain, so that pure calls on equal values are one
   * call (true). False gives new names: large values, a gigabyte a second, are not read through.
   */
  readonly hash?: boolean;
}

/** Copies on as many workers as there are. */
const BROADCAST = 65_535;

/** What `client.scatter` does: a list of futures for an array, else a future. */
export function scatterOn(
  link: EngineLink,
  given: readonly [value?: unknown, options?: ScatterOptions],
): Future | FutureList {
  const [value, options = {}] = given;
  if (given.length === 0) {
    throw new HeddleError("InvalidArgument", "client.scatter takes a value or an array of values");
  }
  checkOptionNames("client.scatter", options, ["broadcast", "workers", "hash"]);
  checkFlag("client.scatter", "broadcast", options.broadcast);
  checkFlag("client.scatter", "hash", options.hash);
  const workers = workersOf("client.scatter", options.workers);
  if (workers.workers?.length === 0) {
    refuseGiven("client.scatter: workers", [], "left out, or name at least one worker");
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const values = items.map(encodeShared);
  const name = `scatter-${options.hash === false ? unique() : tokenize(...values)}`;
  const submission = new Submission(link);
  submission.types = items.map(typeName);
  const where = {
    ...(options.broadcast === true ? { broadcast: BROADCAST } : {}),
    ...workers,
  };
  link.submit((request) => ({ kind: "scatter", request, name, values, ...where }), {
    accepted: (place) => submission.settle(place),
    failed: (error) => submission.fail(error),
  });
  if (!Array.isArray(value)) return new Future(submission, 0, name);
  return new FutureList(submission, 0, values.length, (i) => `${name}[${i}]`);
}
