/**
 * @file What the engine in use may hold and run at a time: for those who plan graphs before
 * anything runs. Apart from the client, so that planning does not load it.
 */

/** Size of an engine. */
export interface EngineLimits {
  readonly threads: number;
  /** Of all workers together. */
  readonly memoryLimitBytes: number;
  /** How many processes share threads and memory; absent means one. */
  readonly workerCount?: number;
  /** What it will be: workers that were asked for are on their way. */
  readonly planned?: EngineLimits | undefined;
}

const open: EngineLimits[] = [];

/** Those of the engine whose client is the default one; undefined when no client is open. */
export function currentLimits(): EngineLimits | undefined {
  return open.at(-1);
}

/** Plans for an engine other than the default one. */
export function underLimits<T>(limits: EngineLimits | undefined, plan: () => T): T {
  if (limits === undefined) return plan();
  open.push(limits);
  try {
    return plan();
  } finally {
    closeLimits(limits);
  }
}

/** A default client has been opened. */
export function openLimits(limits: EngineLimits): void {
  open.push(limits);
}

/** It has been closed. */
export function closeLimits(limits: EngineLimits): void {
  const at = open.lastIndexOf(limits);
  if (at >= 0) open.splice(at, 1);
}
