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

/** Method by which a list of values names its tasks. Registered, as `TASK` is. */
export const TASKS: unique symbol = Symbol.for("heddle.tasks") as never;

/** A list of futures: stands for the array of their results. */
export interface TaskList<R = unknown> {
  /** The tasks whose values are the items, in order. */
  [TASKS](): readonly TaskRef[];
  /** Never set: carries the type of an item. */
  readonly __item?: R;
}

/** Whether `value` stands for the array of the results of several tasks. */
export function isTaskList(value: unknown): value is TaskList {
  return typeof value === "object" && value !== null && TASKS in value;
}

/**
 * Base classes for those who add the method to the prototype: declarations made file by file
 * (`isolatedDeclarations`) cannot name a member by a symbol of another module.
 */
export const SingleTaskBase: abstract new <R>() => SingleTask<R> = class {} as never;
/** See {@link SingleTaskBase}. */
export const TaskListBase: abstract new <R>() => TaskList<R> = class {} as never;
