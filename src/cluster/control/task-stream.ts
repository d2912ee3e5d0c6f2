/**
 * @file What ran where and when, lately: a ring of what workers measured. Short tasks are measured
 * many at a time and are one entry.
 */
import type { SchedulerState } from "../../machine/scheduler/state.ts";
import { STATE } from "../../machine/scheduler/task-table.ts";
import type { WorkerReport } from "../worker-report.ts";

/** Entries that are kept. */
const CAPACITY = 16_384;
const MASK = CAPACITY - 1;
/** A failure is said right after its time. */
const BACK_MAX = 256;

/** One task, or some short ones of the same function after each other. */
export interface TaskStreamEntry {
  /** Key of the task, or of the last of them; absent once the scheduler has forgotten it. */
  readonly key?: string;
  /** Name of the function. */
  readonly name: string;
  readonly worker: string;
  readonly thread: number;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** Of all of them together. */
  readonly durationMs: number;
  readonly count: number;
  readonly status: "finished" | "error";
  /** Names of the spans that it belongs to, outermost first, if it does. */
  readonly span?: readonly string[];
}

interface Measured {
  readonly id: number;
  /** Of the task's graph: tells whether the id is still that task's. */
  readonly serial: number;
  readonly name: string;
  readonly span: readonly string[] | undefined;
  readonly worker: number;
  readonly thread: number;
  readonly endMs: number;
  readonly meanMs: number;
  readonly count: number;
  isError: boolean;
}

export class TaskStream {
  readonly #ring: Measured[] = [];
  #next = 0;
  readonly #state: SchedulerState;
  readonly #addressOf: (worker: number) => string;

  constructor(state: SchedulerState, addressOf: (worker: number) => string) {
    this.#state = state;
    this.#addressOf = addressOf;
  }

  report(worker: number, report: WorkerReport): void {
    if (report.kind === "durations") this.#durations(worker, report);
    else if (report.kind === "erred") this.#failed(worker, report.id);
  }

  /** What began at `sinceMs` or later, at most the last `count`; oldest first. */
  entries(sinceMs: number = 0, count: number = CAPACITY): TaskStreamEntry[] {
    const found: TaskStreamEntry[] = [];
    for (let at = this.#next - 1; at >= 0 && at >= this.#next - CAPACITY; at--) {
      if (found.length >= count) break;
      const one = this.#ring[at & MASK]!;
      const durationMs = one.meanMs * one.count;
      const startMs = one.endMs - durationMs;
      if (startMs < sinceMs) continue;
      const { id, name, thread, count: tasks, isError, span } = one;
      found.push({
        ...(this.#isKnown(one) ? { key: this.#state.keyOf(id) } : {}),
        name,
        worker: this.#addressOf(one.worker),
        thread,
        startMs,
        durationMs,
        count: tasks,
        status: isError ? "error" : "finished",
        ...(span === undefined ? {} : { span }),
      });
    }
    return found.reverse();
  }

  #durations(worker: number, report: Extract<WorkerReport, { kind: "durations" }>): void {
    const { ids, counts, meanMs, threads } = report;
    for (let i = 0; i < ids.length; i++) {
      const thread = threads?.[i] ?? 0;
      this.#add(ids[i]!, { worker, thread, meanMs: meanMs[i]!, count: counts[i]!, isError: false });
    }
  }

  /** Of a synchronous task that fails no time is told. */
  #failed(worker: number, id: number): void {
    for (let at = this.#next - 1; at >= 0 && at > this.#next - BACK_MAX; at--) {
      const one = this.#ring[at & MASK];
      if (one?.id !== id) continue;
      one.isError = true;
      return;
    }
    this.#add(id, { worker, thread: 0, meanMs: 0, count: 1, isError: true });
  }

  #add(id: number, facts: Omit<Measured, "id" | "serial" | "name" | "span" | "endMs">): void {
    const { tasks, groups, graphs } = this.#state;
    const state = tasks.state[id];
    if (state === undefined || state === STATE.forgotten) return;
    const graph = graphs[tasks.graph[id]!];
    if (graph === undefined) return;
    const { serial, base, facts: of } = graph;
    const span = of.templates[of.template[id - base]!]?.options?.span;
    const { name } = groups.at(tasks.group[id]!);
    const endMs = performance.timeOrigin + performance.now();
    this.#ring[this.#next++ & MASK] = { id, serial, name, span, endMs, ...facts };
  }

  #isKnown({ id, serial }: Measured): boolean {
    const { tasks, graphs } = this.#state;
    if (tasks.state[id] === undefined || tasks.state[id] === STATE.forgotten) return false;
    return graphs[tasks.graph[id]!]?.serial === serial;
  }
}
