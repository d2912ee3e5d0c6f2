/**
 * @file How large a result may become. `compute` brings the whole array to the caller, next to the
 * blocks it is made of; `persist` leaves it in blocks, which the engine can put on disk.
 */
import { totalmem } from "node:os";
import { HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";

/** Share of the machine's memory from which on a result is spoken of. */
const LARGE_SHARE = 0.25;

const ADVICE =
  "Reduce or slice the array before compute, or keep it in blocks: `await x.persist()` starts the " +
  "work and gives the same array over its results.";

/**
 * A local array must fit into memory whole, whatever the engine could do with it in blocks. Warns
 * when it takes much of it; throws `MemoryLimit` when it cannot fit.
 */
export function checkResultSize(bytes: number): void {
  const memoryBytes = totalmem();
  if (!(bytes > LARGE_SHARE * memoryBytes)) return;
  const sizes = `The result has ${formatBytes(bytes)} and this machine ${formatBytes(memoryBytes)}`;
  if (bytes > memoryBytes) {
    throw new HeddleError("MemoryLimit", `${sizes}. ${ADVICE}`, { fields: { bytes, memoryBytes } });
  }
  process.emitWarning(`${sizes}: compute needs it twice for a moment. ${ADVICE}`, "HeddleWarning");
}
