/**
 * @file Entry of a worker process that a supervisor has started: gets its settings over the private
 * channel to it, and ends with it.
 */
import { isHeddleError } from "../core/errors.ts";
import type { ClusterWorker, WorkerEnd } from "./cluster-worker.ts";
import type { FromProcess, ToProcess } from "./supervisor.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** The supervisor hears this often how much memory the process takes. */
const MEMORY_MS = 100;

function say(message: FromProcess): void {
  if (process.connected) process.send?.(message, () => undefined);
}

/** Ends the process when what it has said is on its way. */
function end(code: number): void {
  if (!process.connected) process.exit(code);
  process.send?.({ kind: "memory", rssBytes: process.memoryUsage.rss() }, () => process.exit(code));
}

let close: ClusterWorker["close"] = async () => end(0);
let leave: ClusterWorker["leave"] = async () => end(0);
/** A second signal ends it at once. */
let isToldToEnd = false;

process.on("message", (message: ToProcess) => {
  if (message.kind === "stop") close("its supervisor stopped it").catch(() => end(1));
  else if (message.kind === "leave") {
    leave(message.reason, { graceMs: message.graceMs }).catch(() => end(1));
  } else start(message.settings).catch(failed);
});
// Without its supervisor nobody would ever end it.
process.on("disconnect", () => {
  const gone = (): void => process.exit(1);
  close("its supervisor is gone").then(gone, gone);
});
// An interrupt at the terminal reaches every process of the group: the supervisor decides.
process.on("SIGINT", () => undefined);
// So do the warnings of some batch systems.
process.on("SIGUSR1", () => undefined);
process.on("SIGUSR2", () => undefined);
process.on("SIGTERM", () => {
  const go = isToldToEnd ? close : leave;
  isToldToEnd = true;
  go("it was told to end", { restart: true }).catch(() => end(1));
});

async function start(settings: WorkerSettings): Promise<void> {
  const { hostWorker } = await import("./worker-process.ts");
  const ended = (how: WorkerEnd): void => {
    say({ kind: "ended", ...how });
    end(0);
  };
  const worker = await hostWorker(settings, ended, () => say({ kind: "over" }));
  close = async (...args) => await worker.close(...args);
  leave = async (...args) => await worker.leave(...args);
  const readings = setInterval(() => {
    say({ kind: "memory", rssBytes: worker.takenBytes() });
  }, MEMORY_MS);
  readings.unref();
  say({ kind: "ready", address: worker.address });
}

function failed(error: unknown): void {
  const code = isHeddleError(error) ? error.code : "InvariantViolated";
  const message = error instanceof Error ? error.message : String(error);
  process.send?.({ kind: "failed", code, message } satisfies FromProcess, () => process.exit(1));
}
