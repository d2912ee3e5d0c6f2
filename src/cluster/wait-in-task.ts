/**
 * @file Waiting for what other tasks do. A task lends its slot meanwhile; when it is given up, it
 * lets go of what it waits for, so that this is not computed for nobody, and does not go on.
 */
import { currentTask } from "../threads/task-context.ts";

/**
 * Waits as `wait` does. `drop` is called when the task that waits is given up; outside of tasks
 * this only waits.
 */
export async function waitInTask<T>(wait: () => Promise<T>, drop: () => void): Promise<T> {
  const task = currentTask();
  if (task === undefined) return await wait();
  let isGivenUp = false;
  const forget = task.onEnd((isUnwanted) => {
    if (!isUnwanted) return;
    isGivenUp = true;
    drop();
  });
  const resume = task.suspend();
  try {
    const value = await wait();
    if (!isGivenUp) return value;
  } catch (error) {
    if (!isGivenUp) throw error;
  } finally {
    forget();
    resume();
  }
  return await forEver();
}

/** What is left of a task that has ended or was given up does not go on. */
export async function forEver(): Promise<never> {
  return await new Promise<never>(() => undefined);
}
