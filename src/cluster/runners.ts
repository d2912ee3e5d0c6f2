/**
 * @file Which client computes when none is named.
 */
import { isMainThread } from "node:worker_threads";
import { Client } from "./client.ts";
import { type EngineHandle, embeddedEngine } from "./embedded.ts";
import type { GraphRunner } from "./run-collections.ts";
import { taskClient } from "./thread-client.ts";

let sharedRunner: GraphRunner | undefined;
let sharedRunnerOf: EngineHandle | undefined;

/** A runner over the shared engine. */
export function embeddedRunner(): GraphRunner {
  const engine = embeddedEngine();
  if (sharedRunner === undefined || sharedRunnerOf !== engine) {
    sharedRunner = new Client({ embedded: true, setAsDefault: false });
    sharedRunnerOf = engine;
  }
  return sharedRunner;
}

/** What computes when no scheduler is named: the current client, else the shared engine. */
export function currentRunner(): GraphRunner {
  const client = Client.current();
  if (client !== undefined) return client;
  if (!isMainThread) {
    const own = taskClient();
    if (own !== undefined) return own;
  }
  return embeddedRunner();
}
