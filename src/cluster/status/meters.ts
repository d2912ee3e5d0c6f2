/**
 * @file Counts that only grow, for those who watch a scheduler over time: tasks, seconds and bytes
 * by function, and who has come and gone. Kept by the number of the function's group, so that a
 * report of many tasks costs an addition each.
 */
import type { SchedulerState } from "../../machine/scheduler/state.ts";
import type { WorkerReport } from "../worker-host.ts";

/** What is counted of one function. */
export interface FunctionCounts {
  finished: number;
  failed: number;
  seconds: number;
  bytes: number;
}

export class Meters {
  workersAdded = 0;
  workersRemoved = 0;
  clientsAdded = 0;
  clientsRemoved = 0;
  readonly #state: SchedulerState;
  readonly #functions: FunctionCounts[] = [];

  constructor(state: SchedulerState) {
    this.#state = state;
  }

  /** Name and counts of each function. */
  get functions(): [name: string, counts: FunctionCounts][] {
    return this.#functions.flatMap((counts, group) =>
      counts === undefined ? [] : [[this.#state.groups.at(group).name, counts]],
    );
  }

  report(report: WorkerReport): void {
    switch (report.kind) {
      case "finished": {
        for (let i = 0; i < report.count; i++) {
          const counts = this.#of(report.ids[i]!);
          counts.finished++;
          counts.bytes += report.bytes[i]!;
        }
        return;
      }
      case "erred":
        this.#of(report.id).failed++;
        return;
      case "durations": {
        const { ids, counts, meanMs } = report;
        for (let i = 0; i < ids.length; i++) {
          this.#of(ids[i]!).seconds += (counts[i]! * meanMs[i]!) / 1000;
        }
        return;
      }
      default:
    }
  }

  #of(id: number): FunctionCounts {
    const group = this.#state.tasks.group[id] ?? 0;
    let counts = this.#functions[group];
    if (counts === undefined) {
      counts = { finished: 0, failed: 0, seconds: 0, bytes: 0 };
      this.#functions[group] = counts;
    }
    return counts;
  }
}
