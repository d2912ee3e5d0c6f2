/**
 * @file The `sync` scheduler: runs a graph on the calling thread, one task after the other in
 * static order, and drops each value after its last use. For debugging: breakpoints and stack
 * traces are the user's own.
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { config } from "../config/config.ts";
import { processFolder } from "../config/process-folder.ts";
import { assert, HeddleError, isHeddleError } from "../core/errors.ts";
import { failedStep } from "../core/step-failure.ts";
import { type TaskGraph, taskKey } from "../core/task-graph.ts";
import { setScratch } from "../threads/scratch.ts";
import { textOf } from "./given.ts";
import { GraphCalls } from "./graph-calls.ts";
import type { TaskObserver } from "./watch.ts";

/**
 * Runs `graph` and resolves to the values of its outputs.
 *
 * Errors: `TaskFailed` with the user's error as `cause` and the task's key in `fields`.
 */
export async function runSync(
  graph: TaskGraph,
  signal?: AbortSignal,
  observer?: TaskObserver,
): Promise<unknown[]> {
  assert(graph.held === undefined, "the sync scheduler holds no values of an engine");
  const order = inRankOrder(graph);
  const calls = new GraphCalls(graph);
  const values = new Map<number, unknown>();
  const uses = countUses(graph);
  const scratch = join(config.get("temporary-directory") ?? tmpdir(), processFolder());
  try {
    for (const id of order) {
      signal?.throwIfAborted();
      setScratch(() => scratch);
      values.set(id, await observed(id, observer, () => runTask(graph, id, calls, values)));
      releaseInputs(graph, id, uses, values);
      if (uses[id] === 0) values.delete(id);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return Array.from(graph.outputs, (id) => values.get(id));
}

async function observed(
  id: number,
  observer: TaskObserver | undefined,
  run: () => Promise<unknown>,
): Promise<unknown> {
  if (observer === undefined) return await run();
  observer.began(id);
  const startMs = performance.now();
  try {
    const value = await run();
    observer.ended(id, { value, elapsedMs: performance.now() - startMs });
    return value;
  } catch (error) {
    observer.ended(id, { error, elapsedMs: performance.now() - startMs });
    throw error;
  }
}

async function runTask(
  graph: TaskGraph,
  id: number,
  calls: GraphCalls,
  values: ReadonlyMap<number, unknown>,
): Promise<unknown> {
  const first = graph.depOffsets[id] as number;
  const template = graph.templates[graph.template[id] as number];
  const retries = template?.options?.retries ?? 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await calls.call(id, (index) => values.get(graph.deps[first + index] as number));
    } catch (error) {
      if (attempt < retries) continue;
      throw failureOf(error, taskKey(graph, id), attempt + 1);
    }
  }
}

/** What users see when the function of the task `key` has thrown `error`. */
export function failureOf(error: unknown, key: string, attempts: number): HeddleError {
  const step = failedStep(error);
  if (step !== undefined) return taskFailed(step.key, step.cause, attempts);
  if (isHeddleError(error, "TaskFailed")) return error;
  return taskFailed(key, error, attempts);
}

/** The error that users see for a task whose function threw. */
export function taskFailed(key: string, cause: unknown, attempts: number): HeddleError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : textOf(cause);
  const tried = attempts > 1 ? ` (tried ${attempts} times)` : "";
  return new HeddleError("TaskFailed", `task ${key} failed${tried}: ${reason}`, {
    cause,
    fields: { key, attempts },
  });
}

function inRankOrder(graph: TaskGraph): Int32Array {
  const order = new Int32Array(graph.count);
  for (let id = 0; id < graph.count; id++) order[graph.rank[id] as number] = id;
  return order;
}

function countUses(graph: TaskGraph): Int32Array {
  const uses = new Int32Array(graph.count);
  for (const dep of graph.deps) uses[dep] = (uses[dep] as number) + 1;
  for (const id of graph.outputs) uses[id] = (uses[id] as number) + 1;
  return uses;
}

function releaseInputs(
  graph: TaskGraph,
  id: number,
  uses: Int32Array,
  values: Map<number, unknown>,
): void {
  const end = graph.depOffsets[id + 1] as number;
  for (let e = graph.depOffsets[id] as number; e < end; e++) {
    const dep = graph.deps[e] as number;
    uses[dep] = (uses[dep] as number) - 1;
    if (uses[dep] === 0) values.delete(dep);
  }
}
