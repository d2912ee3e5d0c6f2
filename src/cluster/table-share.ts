/**
 * @file What the table engine may take of a worker's memory: planners cut frames by it, workers
 * open the engine with it and leave the rest to their values.
 */

/** Part of the memory for values that goes to the table engine once it is used. */
const TABLE_SHARE = 0.5;
/**
 * What a worker process takes when it holds nothing and the engine is loaded: 75 MiB of programs,
 * the rest V8's heaps of the control thread, a task thread and the table thread.
 */
const PROCESS_BYTES = 128 * 2 ** 20;
/**
 * Part of the rest of a process's limit. Values have as much; then there are rows on their way
 * between the two, and memory that the engine takes beyond its limit or has not given back yet.
 */
const PROCESS_SHARE = 1 / 3;
/** Less is of no use to the engine. */
const LEAST_BYTES = 16 * 2 ** 20;

/**
 * Bytes for the table engine of a worker whose values may take `valuesBytes`; `processBytes` is
 * what its whole process may take, where that is limited.
 */
export function tableBytesOf(valuesBytes: number, processBytes?: number): number {
  const ofValues = Math.floor(valuesBytes * TABLE_SHARE);
  if (processBytes === undefined) return ofValues;
  const ofProcess = Math.floor((processBytes - PROCESS_BYTES) * PROCESS_SHARE);
  return Math.min(ofValues, Math.max(LEAST_BYTES, ofProcess));
}
