/** @file Leaves how a cluster is reached in a file, for other programs of the same user. */
import { hostname } from "node:os";
import { writeConnectionFile } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import { describeGiven } from "./given.ts";
import type { RemoteOptions } from "./remote-options.ts";

/** Writes the file. Throws `InvalidArgument` and `FileInvalid`. */
export function writeAccess(path: string, { address, token, security }: RemoteOptions): void {
  if (typeof path !== "string" || path === "") {
    throw new HeddleError(
      "InvalidArgument",
      `client.writeSchedulerFile takes the path of a file, but was given ${describeGiven(path)}`,
    );
  }
  const facts = { type: "scheduler", host: hostname() };
  try {
    writeConnectionFile(path, {
      address,
      facts,
      ...(token === undefined ? {} : { token }),
      ...(security === undefined ? {} : { security: security.withTexts() }),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError("FileInvalid", `${path} cannot be written: ${reason}`, { cause });
  }
}
