/**
 * @file Errors that several builders raise.
 */
import { HeddleError } from "../../core/errors.ts";
import { type Chunks, showChunks } from "../chunks.ts";

/** Work that needs to know how long blocks are, on an array whose blocks come from a mask. */
export function unknownChunks(what: string, chunks: Chunks): HeddleError {
  return new HeddleError(
    "InvalidChunks",
    `${what} needs known block lengths, but the array has chunks ${showChunks(chunks)} ` +
      "(a boolean mask leaves them unknown): call computeChunkSizes() first, or use a whole slice",
  );
}

/** Throws `InvalidArgument` unless a parameter is an integer, at least `least` if given. */
export function checkInteger(
  what: string,
  value: number,
  least: number = Number.NEGATIVE_INFINITY,
): void {
  if (Number.isInteger(value) && value >= least) return;
  const from = Number.isFinite(least) ? ` from ${least} on` : "";
  throw new HeddleError("InvalidArgument", `${what} is an integer${from}, not ${String(value)}`);
}
