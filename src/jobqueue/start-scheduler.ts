/** @file Starts the scheduler of a cluster where its options say. */
import { mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { LocalProcesses } from "../cluster/local-processes.ts";
import { makeToken, writeConnectionFile } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { JobQueueOptions } from "./options.ts";
import type { SchedulerPlace } from "./scheduler-place.ts";
import type { SystemName } from "./system.ts";

/** Where the file is by which workers and clients find the scheduler. */
export function connectionFileOf(
  _system: SystemName,
  { sharedTempDirectory }: JobQueueOptions,
  name: string,
): string {
  return join(sharedTempDirectory ?? join(homedir(), ".heddle", "jobqueue"), `${name}.json`);
}

/** Starts it; its file is there when `access` resolves. */
export function startScheduler(
  _system: SystemName,
  options: JobQueueOptions,
  name: string,
  connectionFile: string,
): SchedulerPlace {
  const token = makeToken();
  const processes = new LocalProcesses({
    name,
    address: "tcp://127.0.0.1:0",
    token,
    configuration: config.serialize(),
    dashboardAddress: options.dashboardAddress === undefined ? ":8787" : options.dashboardAddress,
    worker: {
      listen: ["tcp://127.0.0.1:0"],
      threads: 1,
      memoryLimitBytes: 0,
      resources: {},
      localDirectory: "/tmp",
      validate: false,
      environ: {},
      nodeOptions: [],
      preload: [],
    },
  });
  const place: SchedulerPlace = {
    connectionFile,
    access: processes.listening.then((address) => {
      mkdirSync(dirname(connectionFile), { recursive: true, mode: 0o700 });
      writeConnectionFile(connectionFile, { address, token });
      return { address, token };
    }),
    logs: async () => await processes.logs(),
    close: async () => {
      await processes.close();
      rmSync(connectionFile, { force: true });
    },
    onLost: () => undefined,
  };
  processes.onLost = (error) => place.onLost(error);
  return place;
}
