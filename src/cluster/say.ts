/**
 * @file What code says to the people at the clients, wherever it runs: `print` and `warn` of tasks
 * are seen there, not where the worker's process was started.
 */
import { format } from "node:util";
import { sayToClients } from "../threads/output.ts";

/**
 * Prints a line, as `console.log` does: inside a task on the standard output of all clients,
 * anywhere else here.
 *
 * @example
 * import { Client, LocalCluster } from "heddle";
 * import { print } from "heddle/distributed";
 * const cluster = new LocalCluster({ nWorkers: 1 });
 * await Client.with(cluster, async (client) => {
 *   await client.submit(() => print("hello from a task")).result();
 * });
 * await cluster.close();
 */
export function print(...values: readonly unknown[]): void {
  const text = `${format(...values)}\n`;
  if (!sayToClients("stdout", text)) process.stdout.write(text);
}

/** Warns: inside a task all clients, through `process.emitWarning` there; anywhere else here. */
export function warn(message: string): void {
  if (!sayToClients("warning", message)) process.emitWarning(message, "HeddleWarning");
}
