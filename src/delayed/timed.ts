/**
 * @file `timed`: what a piece of work cost, as `%time` shows it in a notebook.
 */
import { Callback } from "../core/callbacks.ts";
import { formatTime } from "../core/units.ts";

/** What `timed` measured. */
export interface Timing<R> {
  readonly value: R;
  /** Milliseconds from start to end. */
  readonly wallMs: number;
  /** Milliseconds of processor time of this process, all of its threads together. */
  readonly cpuMs: number;
  /**
   * Tasks that ended meanwhile, and the milliseconds their functions took in sum, where they were
   * measured.
   */
  readonly tasks: number;
  readonly taskMs: number;
  /** One line for people. */
  toString(): string;
}

/**
 * Runs `work` and resolves to its value and its cost.
 *
 * @example
 * import { delayed, timed } from "heddle";
 * const timing = await timed(() => delayed(Math.sqrt)(9).compute());
 * console.log(timing.value); // 3
 */
export async function timed<R>(work: () => R | Promise<R>): Promise<Timing<R>> {
  let tasks = 0;
  let taskMs = 0;
  const watch = new Callback({
    posttask: ({ elapsedMs }) => {
      tasks++;
      taskMs += elapsedMs ?? 0;
    },
  });
  const cpu = process.cpuUsage();
  const start = performance.now();
  const value = await watch.during(work);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  const line = (): string => {
    const inTasks = tasks === 0 ? "" : `; ${tasks} tasks, ${formatTime(taskMs)} in their functions`;
    return `wall ${formatTime(wallMs)}, cpu ${formatTime(cpuMs)}${inTasks}`;
  };
  return { value, wallMs, cpuMs, tasks, taskMs, toString: line };
}
