/** @file What the status port shows of a scheduler, read from its shell. */
import { createHmac } from "node:crypto";
import { stateCounts } from "../control/reads.ts";
import type { SchedulerHost } from "../scheduler-host.ts";
import { metricsText } from "./metrics.ts";
import { type StatusOptions, StatusServer, type StatusSource } from "./status-server.ts";

/** The token of the status port: made of the cluster's, which cannot be made of it. */
export function statusToken(clusterToken: string): string {
  return createHmac("sha256", clusterToken).update("heddle status").digest("hex");
}

/** Shows the state of a scheduler. */
export async function openStatus(
  host: SchedulerHost,
  options: StatusOptions,
): Promise<StatusServer> {
  return await StatusServer.start(options, statusOf(host));
}

function statusOf(host: SchedulerHost): StatusSource {
  const { meters } = host.desk;
  const { state } = host.machine;
  const info = (): ReturnType<SchedulerHost["info"]> => {
    // The link holds the token.
    const { dashboard: _, ...rest } = host.info();
    return rest;
  };
  const identity = (): object => {
    const { address, startedMs, threads, memoryLimitBytes, workers } = info();
    const count = Object.keys(workers).length;
    return { type: "scheduler", address, startedMs, threads, memoryLimitBytes, workers: count };
  };
  const counts = (): object => {
    const { clients, workers, transitions } = info();
    const tasks = stateCounts(state);
    return { clients, workers: Object.keys(workers).length, transitions, tasks };
  };
  return {
    json(part) {
      switch (part) {
        case "":
          return { identity: identity(), counts: counts(), workers: info().workers };
        case "identity":
          return identity();
        case "counts":
          return counts();
        case "workers":
          return info().workers;
        default:
          return undefined;
      }
    },
    metrics: () =>
      metricsText({
        info: info(),
        tasks: stateCounts(state),
        suspects: state.suspects.size,
        workersAdded: meters.workersAdded,
        workersRemoved: meters.workersRemoved,
        clientsAdded: meters.clientsAdded,
        clientsRemoved: meters.clientsRemoved,
        functions: meters.functions,
      }),
  };
}
