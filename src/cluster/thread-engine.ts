/**
 * @file The engine of a task thread: that whose tasks it runs. Whatever the thread says to the
 * scheduler goes over one connection.
 */
import { isMainThread, workerData } from "node:worker_threads";
import type { ClusterAccess, ThreadInit } from "../threads/messages.ts";
import type { EngineHandle } from "./embedded.ts";
import { EngineLink } from "./link.ts";
import { RemoteEngine } from "./remote-engine.ts";
import type { RemoteOptions } from "./remote-options.ts";

/** A cluster, reached over one connection. */
class SharedRemoteEngine extends RemoteEngine {
  #link: EngineLink | undefined;

  override connect(): EngineLink {
    this.#link ??= super.connect();
    return this.#link;
  }
}

let engine: EngineHandle | undefined;

/** The engine of this task thread, or undefined when this is no task thread. */
export function taskEngine(): EngineHandle | undefined {
  if (engine !== undefined) return engine;
  const init = workerData as Partial<ThreadInit> | null;
  if (isMainThread || init?.clientPort === undefined) return undefined;
  if (init.cluster !== undefined) {
    engine = new SharedRemoteEngine(accessOf(init.cluster, init.name ?? ""));
    return engine;
  }
  const address = init.address ?? "inproc://0";
  const link = new EngineLink(init.clientPort, { ref: () => undefined, unref: () => undefined });
  engine = {
    address,
    workers: [{ address, name: address, resources: init.resources ?? {} }],
    threads: init.threads ?? 1,
    memoryLimitBytes: init.budgetBytes ?? 0,
    ready: Promise.resolve(),
    connect: () => link,
    close: async () => undefined,
  };
  return engine;
}

function accessOf(access: ClusterAccess, worker: string): RemoteOptions | Promise<RemoteOptions> {
  const { scheduler: address, token, security } = access;
  if (security === undefined) return { address, token, worker };
  return import("../comm/security.ts").then(({ Security }) => ({
    address,
    token,
    worker,
    security: new Security(security),
  }));
}
