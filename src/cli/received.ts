/** @file What a cluster says of configuration to the programs that it starts. */
import { config } from "../config/config.ts";
import { CONFIGURATION_VARIABLE } from "../config/travel.ts";

/**
 * Takes what stands in the environment of this program, beside its own files and variables; what
 * it starts itself is not of the cluster. Errors: `ConfigInvalid`, `ConfigUnknownKey`.
 */
export function receiveConfiguration(env: Record<string, string | undefined> = process.env): void {
  const serialized = env[CONFIGURATION_VARIABLE];
  delete env[CONFIGURATION_VARIABLE];
  receive(serialized);
}

/** The same for what a connection file says. */
export function receive(serialized: string | undefined): void {
  if (serialized === undefined || serialized === "") return;
  config.receive(serialized);
}
