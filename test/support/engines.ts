/** @file Engines that a group of tests shares: `beforeAll` starts one and returns its `close`. */
import type { EngineOptions } from "../../dist/cluster/index.js";
import { Client, LocalCluster, type LocalClusterOptions } from "../../dist/index.js";

/** The threads of this process, or processes of one thread each. */
export const ENGINES = ["embedded", "processes"] as const;

/** A client whose engine is ready, and what ends both. */
export interface Started {
  readonly client: Client;
  readonly cluster: LocalCluster | undefined;
  readonly close: () => Promise<void>;
}

type Options = Pick<LocalClusterOptions & EngineOptions, "resources" | "memoryLimit">;

/** Starts an engine of `count` threads or processes. */
export async function startEngine(
  kind: (typeof ENGINES)[number],
  count: number,
  options: Options = {},
): Promise<Started> {
  const isLocal = kind === "embedded";
  const size = { nWorkers: count, threadsPerWorker: 1 };
  const cluster = isLocal
    ? undefined
    : new LocalCluster({ ...size, ...options, dashboardAddress: null });
  const client = new Client(cluster ?? { threads: count, ...options });
  await client.waitForWorkers(isLocal ? 1 : count);
  const close = async (): Promise<void> => {
    await client.close();
    await cluster?.close();
  };
  return { client, cluster, close };
}
