/** @file How far a graph is: counts of its tasks by template, made when somebody asks. */
import { globalId, type SchedulerState } from "./state.ts";
import { STATE } from "./task-table.ts";

/** By template: tasks that are still to run, and those that failed. */
export interface GraphProgress {
  readonly left: Int32Array;
  readonly failed: Int32Array;
}

/** Counts the tasks of the graph whose ids begin at `base`; undefined when all are forgotten. */
export function progressOf(s: SchedulerState, base: number): GraphProgress | undefined {
  const record = s.graphs.find((graph) => graph?.base === base && graph.live > 0);
  if (record === undefined) return undefined;
  const { count, template, templates } = record.facts;
  const left = new Int32Array(templates.length);
  const failed = new Int32Array(templates.length);
  for (let local = 0; local < count; local++) {
    const own = template[local]!;
    if (own < 0) continue;
    const state = s.tasks.state[globalId(record, local)]!;
    if (state === STATE.erred) failed[own] = failed[own]! + 1;
    else if (state === STATE.waiting || state === STATE.queued || state === STATE.leased) {
      left[own] = left[own]! + 1;
    }
  }
  return { left, failed };
}
