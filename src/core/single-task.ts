/**
 * @file The seam between delayed calls and futures: a value that is one task, wherever that task
 * runs. Such a value may stand for its result in the arguments of another task.
 */
import type { TaskRef } from "./graph.ts";

/**
 * Method by which a value names its task. Registered, so that copies of the package understand each
 * other.
 */
export const TASK: unique symbol = Symbol.for("heddle.task") as never;

/** A Delayed value or a Future. */
export interface SingleTask<R = unknown> {
  /** The task whose value is the result; for a future, a task of a `held` layer. */
  [TASK](): TaskRef;
  /** Never set: carries the type of the result. */
  readonly __result?: R;
}

/** Whether `value` stands for the result of one task. */
export function isSingleTask(value: unknown): value is SingleTask {
  return typeof value === "object" && value !== null && TASK in value;
}
