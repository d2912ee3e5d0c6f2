/** @file Tasks whose inputs alone are more than any worker may have in memory: they fail. */
import { hasRoom, inputBytes, queue } from "./placement.ts";
import { plainError, type SchedulerState } from "./state.ts";
import { failAlone } from "./transitions.ts";

/** Fails them, unless a worker has come that has room for them. */
export function failOversized(s: SchedulerState): void {
  for (const id of s.oversized) {
    const bytes = inputBytes(s, id);
    const workers = [...s.workers.values()];
    if (workers.length === 0 || workers.some((worker) => hasRoom(worker, bytes))) {
      s.oversized.delete(id);
      queue(s, id);
      continue;
    }
    const largest = Math.max(...workers.map(({ memoryLimitBytes }) => memoryLimitBytes));
    const culprit = s.keyOf(id);
    const message =
      `the inputs of task ${culprit} take ${bytes} bytes together, and the largest memory limit ` +
      `of a worker is ${largest}: make its inputs smaller or fewer, or give workers more memory`;
    const error = plainError("MemoryLimit", message, { bytes, memoryLimitBytes: largest });
    failAlone(s, id, { error, culprit, culpritId: id, attempts: 0 });
  }
}
