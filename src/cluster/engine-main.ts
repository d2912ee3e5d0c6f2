/**
 * @file Entry of the embedded engine's control thread. Starts the task threads before it loads the
 * engine itself: then all of them load at the same time.
 */
import { dirname } from "node:path";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type EngineInit, laneOf, launchLane } from "./thread-launch.ts";

/** What the thread that started the engine posts to it. */
export type EngineRequest =
  | { readonly kind: "connect"; readonly port: MessagePort }
  | { readonly kind: "close" };

const init = workerData as EngineInit;
const lane = laneOf(init);
const launched = launchLane(lane);
const [{ Engine }, { config }, { flushOutput }, { removeLeftovers }] = await Promise.all([
  import("./engine.ts"),
  import("../config/config.ts"),
  import("../threads/output.ts"),
  import("./leftovers.ts"),
]);
config.adopt(init.configuration);
const engine = new Engine(init, lane, launched);

parentPort?.on("message", (request: EngineRequest) => {
  if (request.kind === "connect") engine.connect(request.port);
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

await removeLeftovers(dirname(init.spillDirectory));
