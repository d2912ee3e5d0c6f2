/**
 * @file The client of a task thread: tasks that submit tasks use it. It talks to the engine whose
 * task is running.
 */
import { isMainThread, workerData } from "node:worker_threads";
import type { ClusterAccess, ThreadInit } from "../threads/messages.ts";
import { Client } from "./client.ts";
import { EngineLink } from "./link.ts";
import type { RemoteOptions } from "./remote-connection.ts";
import { RemoteEngine } from "./remote-engine.ts";

let client: Client | undefined;

/** The client of this task thread, or undefined when this is no task thread. */
export function taskClient(): Client | undefined {
  if (client !== undefined) return client;
  const init = workerData as Partial<ThreadInit> | null;
  if (isMainThread || init?.clientPort === undefined) return undefined;
  if (init.cluster !== undefined) {
    client = new Client({ engine: new RemoteEngine(accessOf(init.cluster)) });
    return client;
  }
  const address = init.address ?? "inproc://0";
  const link = new EngineLink(init.clientPort, { ref: () => undefined, unref: () => undefined });
  client = new Client({
    engine: {
      address,
      workers: [{ address, name: address, resources: init.resources ?? {} }],
      threads: init.threads ?? 1,
      memoryLimitBytes: init.budgetBytes ?? 0,
      ready: Promise.resolve(),
      connect: () => link,
      close: async () => undefined,
    },
  });
  return client;
}

function accessOf(access: ClusterAccess): RemoteOptions | Promise<RemoteOptions> {
  const { scheduler: address, token, security } = access;
  if (security === undefined) return { address, token };
  return import("../comm/security.ts").then(({ Security }) => ({
    address,
    token,
    security: new Security(security),
  }));
}
