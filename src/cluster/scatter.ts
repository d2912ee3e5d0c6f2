/** @file Brings values of the program into an engine. */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { tokenize } from "../core/token.ts";
import { encodeShared } from "../threads/graph-image.ts";
import { typeName } from "../threads/value-kinds.ts";
import { Future, FutureList, Submission } from "./future.ts";
import type { EngineLink } from "./link.ts";

/** Where `scatter` puts values; default on one worker, whichever has most room. */
export interface ScatterOptions {
  /** A copy on every worker. */
  readonly broadcast?: boolean;
  /** Names or addresses of the workers that may have the values. */
  readonly workers?: readonly string[];
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
  checkOptionNames("client.scatter", options, ["broadcast", "workers"]);
  checkFlag("client.scatter", "broadcast", options.broadcast);
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const values = items.map(encodeShared);
  const name = `scatter-${tokenize(...values)}`;
  const submission = new Submission(link);
  submission.types = items.map(typeName);
  const { broadcast = false, workers } = options;
  const where = {
    ...(broadcast ? { broadcast: BROADCAST } : {}),
    ...(workers === undefined ? {} : { workers }),
  };
  link.submit((request) => ({ kind: "scatter", request, name, values, ...where }), {
    accepted: (place) => submission.settle(place),
    failed: (error) => submission.fail(error),
  });
  if (!Array.isArray(value)) return new Future(submission, 0, name);
  return new FutureList(submission, 0, values.length, (i) => `${name}[${i}]`);
}
