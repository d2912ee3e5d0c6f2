/** @file Entry of the embedded engine's control thread. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { config } from "../config/config.ts";
import { flushOutput } from "../threads/output.ts";
import { Engine } from "./engine.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { EngineInit } from "./messages.ts";

/** What the thread that started the engine posts to it. */
export type EngineRequest =
  | { readonly kind: "connect"; readonly client: number; readonly port: MessagePort }
  | { readonly kind: "close" };

const init = workerData as EngineInit;
config.adopt(init.configuration);
const engine = new Engine(init);

parentPort?.on("message", (request: EngineRequest) => {
  if (request.kind === "connect") engine.connect(request.client, request.port);
  else {
    engine
      .close()
      .then(flushOutput)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  }
});

await removeLeftovers();
