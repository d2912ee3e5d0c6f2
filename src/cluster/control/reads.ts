/**
 * @file Questions about the scheduler's tasks, answered by a walk over its columns: what lies
 * where, what is to run where, how large values are. Walks are for people who look, not for
 * programs that ask thousands of times a second.
 */
import { isAt } from "../../machine/scheduler/replicas.ts";
import { globalId, type SchedulerState } from "../../machine/scheduler/state.ts";
import { STATE, STATE_NAMES } from "../../machine/scheduler/task-table.ts";

/** A value that is a word takes this much. */
const WORD_BYTES = 8;
/** A dump holds at most so many tasks. */
const DUMP_TASKS_MAX = 100_000;

/** Calls `visit` with each task that is known. */
function eachTask(s: SchedulerState, visit: (id: number, state: number) => void): void {
  const { state, ranges } = s.tasks;
  for (let id = 0; id < ranges.end; id++) {
    const now = state[id]!;
    if (now !== STATE.forgotten) visit(id, now);
  }
}

/** Keys of the values that lie at a worker. */
export function heldBy(s: SchedulerState, worker: number): string[] {
  const keys: string[] = [];
  eachTask(s, (id, state) => {
    if (state === STATE.memory && isAt(s, id, worker)) keys.push(s.keyOf(id));
  });
  return keys;
}

/** What goes with a worker: values that nobody else has, and tasks that it has not ended. */
export interface Losses {
  readonly values: number;
  /** How many of the values cannot be computed again. */
  readonly scattered: number;
  readonly tasks: number;
}

/** What would go with a worker. */
export function lossesWith(s: SchedulerState, worker: number): Losses {
  let values = 0;
  let scattered = 0;
  let tasks = 0;
  eachTask(s, (id, state) => {
    if (s.tasks.holder[id] !== worker) return;
    if (state === STATE.leased) tasks++;
    if (state !== STATE.memory || s.tasks.isWord(id) || s.replicas.has(id)) return;
    values++;
    if (!s.hasRecipe(id)) scattered++;
  });
  return { values, scattered, tasks };
}

/** For people; undefined when nothing goes. */
export function describeLosses({ values, scattered, tasks }: Losses): string | undefined {
  const parts: string[] = [];
  if (tasks > 0) parts.push(`others run ${tasks} tasks that it has not ended`);
  const lost = `, of which ${scattered} were scattered and cannot be computed again`;
  if (values > 0) {
    parts.push(`${values} values that no other worker has go with it${scattered > 0 ? lost : ""}`);
  }
  return parts.length === 0 ? undefined : `before its time: ${parts.join("; ")}`;
}

/** Keys of the tasks that a worker has been given and has not ended. */
export function leasedTo(s: SchedulerState, worker: number): string[] {
  const keys: string[] = [];
  eachTask(s, (id, state) => {
    if (state === STATE.leased && s.tasks.holder[id] === worker) keys.push(s.keyOf(id));
  });
  return keys;
}

/** Key -> bytes of values in memory: of these tasks, or of all. */
export function sizesOf(s: SchedulerState, ids: Int32Array | undefined): Map<string, number> {
  const sizes = new Map<string, number>();
  const add = (id: number): void => {
    if (s.tasks.state[id] !== STATE.memory) return;
    sizes.set(s.keyOf(id), s.tasks.isWord(id) ? WORD_BYTES : s.tasks.bytes[id]!);
  };
  if (ids === undefined) eachTask(s, add);
  else for (const id of ids) add(id);
  return sizes;
}

/** The tasks that have one of these keys. */
export function idsOfKeys(s: SchedulerState, keys: readonly string[]): number[] {
  const wanted = new Set(keys);
  const found: number[] = [];
  for (const graph of s.graphs) {
    if (graph === undefined) continue;
    const { segments } = graph.facts;
    for (const segment of segments) {
      const { start, count, name } = segment;
      const mayHave = segment.keys !== undefined || keys.some((key) => key.startsWith(name));
      if (!mayHave) continue;
      for (let local = start; local < start + count; local++) {
        const id = globalId(graph, local);
        if (id !== graph.base + local || s.tasks.state[id] === STATE.forgotten) continue;
        if (wanted.has(s.keyOf(id))) found.push(id);
      }
    }
  }
  return found;
}

/** Whether the id stands for a task now. */
export function isTask(s: SchedulerState, id: number): boolean {
  const state = s.tasks.state[id];
  return state !== undefined && state !== STATE.forgotten;
}

/** Number of tasks in each state. */
export function stateCounts(s: SchedulerState): Record<string, number> {
  const counts = new Array<number>(STATE_NAMES.length).fill(0);
  eachTask(s, (_id, state) => {
    counts[state] = counts[state]! + 1;
  });
  const named = STATE_NAMES.map((name, state) => [name, counts[state]!] as const);
  return Object.fromEntries(named.slice(1));
}

/** A task as a dump shows it. */
export interface DumpedTask {
  readonly id: number;
  readonly key: string;
  readonly state: string;
  readonly function: string;
  readonly worker?: string;
  readonly bytes?: number;
  readonly wantedBy: number;
  readonly waitsFor: number;
  readonly error?: string;
}

/** The tasks, of many the first ones. */
export function dumpTasks(
  s: SchedulerState,
  addressOf: (worker: number) => string | undefined,
): DumpedTask[] {
  const dumped: DumpedTask[] = [];
  eachTask(s, (id, state) => {
    if (dumped.length >= DUMP_TASKS_MAX) return;
    const { tasks } = s;
    const worker = addressOf(tasks.holder[id]!);
    const failure = s.failures.get(id);
    dumped.push({
      id,
      key: s.keyOf(id),
      state: STATE_NAMES[state] as string,
      function: s.groups.at(tasks.group[id]!).name,
      ...(worker === undefined ? {} : { worker }),
      ...(state === STATE.memory ? { bytes: tasks.bytes[id]! } : {}),
      wantedBy: tasks.wants[id]!,
      waitsFor: state === STATE.waiting ? tasks.missing[id]! : 0,
      ...(failure === undefined ? {} : { error: `failed with ${failure.culprit}` }),
    });
  });
  return dumped;
}
