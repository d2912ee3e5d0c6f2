/**
 * @file A worker with what a process of its own adds to it: modules that are loaded first, and a
 * log. Used by supervised processes and by `heddle worker --no-nanny`.
 */
import { ClusterWorker, type Leave, type WorkerEnd } from "./cluster-worker.ts";
import { type EventLog, SILENT } from "./event-log.ts";
import { removeLeftovers } from "./leftovers.ts";
import { loadPreloads } from "./preload.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What a worker's preload module is given. */
export interface WorkerContext {
  readonly name: string;
  /** Where values of this worker are fetched. */
  readonly address: string;
  readonly log: EventLog;
  /** Memory of the process, without room that its values have left free. */
  takenBytes(): number;
  /** Ends the worker when others have what only it has, or `worker.lifetime.grace` is over. */
  leave(reason: string, options?: Leave): Promise<void>;
  /** Ends the worker at once; with `restart` its supervisor starts another one. */
  close(reason: string, options?: { readonly restart?: boolean | undefined }): Promise<void>;
}

/**
 * Starts a worker in this process; `ended` is called when it has come to its end, `over` in place
 * of it when its lifetime is over and another process shall take its place.
 */
export async function hostWorker(
  settings: WorkerSettings,
  ended: (end: WorkerEnd) => void,
  over?: () => void,
): Promise<WorkerContext> {
  const log = await openLog(settings);
  const preloads = await loadPreloads(settings.preload ?? []);
  const worker = await ClusterWorker.start(settings, log);
  worker.onOver = over;
  const { name } = settings;
  const context: WorkerContext = {
    name,
    address: worker.address,
    log,
    takenBytes: () => worker.takenBytes(),
    leave: async (reason, options) => await worker.leave(reason, options),
    close: async (reason, options) => await worker.close(reason, options),
  };
  worker.onEnded = (end) => {
    log.info("worker {name} ends: {reason}", { name, ...end });
    const done = (): void => ended(end);
    preloads.teardown(context, log).then(done, done);
  };
  // Nobody waits for that; what cannot be removed stays.
  removeLeftovers(settings.localDirectory).catch(() => undefined);
  log.debug("worker {name} serves values at {address}", { name, address: worker.address });
  await preloads.setup(context);
  return context;
}

async function openLog({ log, configuration }: WorkerSettings): Promise<EventLog> {
  if (log === undefined) return SILENT;
  const [{ config }, { openEventLog }] = await Promise.all([
    import("../config/config.ts"),
    import("./log.ts"),
  ]);
  config.adopt(configuration);
  return openEventLog("worker", config.get("log.level"), log);
}
