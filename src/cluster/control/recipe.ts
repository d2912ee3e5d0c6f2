/**
 * @file What a task is made of, cut out of its graph: its function, its own literals and its
 * inputs. For clients that want to run it where they are.
 */
import { HeddleError } from "../../core/errors.ts";
import { rowOf, segmentOf } from "../../core/task-graph.ts";
import { globalId, type SchedulerState } from "../../machine/scheduler/state.ts";
import type { GraphImage } from "../../threads/graph-image.ts";

/** One task as it travels to a client. */
export interface Recipe {
  readonly key: string;
  readonly name: string;
  /** The call with its function and constants, encoded. */
  readonly call: Uint8Array;
  /** This task's literals: numbers, or encoded values. */
  readonly columns: readonly (number | Uint8Array)[];
  readonly inputs: Int32Array;
}

/**
 * The recipe of a task. Errors: `NotSupported` for values that a client has brought, which were
 * made by no task.
 */
export async function recipeOf(s: SchedulerState, id: number): Promise<Recipe> {
  const record = s.graphOf(id);
  const local = id - record.base;
  const template = record.facts.template[local] ?? -1;
  if (template < 0) {
    throw new HeddleError(
      "NotSupported",
      `${s.keyOf(id)} was brought by a client: no task made it that could be run again`,
    );
  }
  const { templates, segments } = await imageOf(record.body);
  const segment = segmentOf({ segments }, local);
  const row = rowOf(segment, local);
  const columns = segment.columns.map((column) => {
    if (column.kind === "number") return column.data[row] as number;
    const { offsets, bytes } = column;
    // A copy: only this much of the graph travels, and it begins at a multiple of 8.
    return bytes.slice(offsets[row], offsets[row + 1]);
  });
  const { depOffsets, deps } = record.facts;
  const inputs = deps.slice(depOffsets[local], depOffsets[local + 1]);
  const { call, name } = templates[template] as GraphImage["templates"][number];
  return {
    ...{ key: s.keyOf(id), name, call: call.slice(), columns },
    inputs: inputs.map((input) => globalId(record, input)),
  };
}

/** Between processes a graph's body is bytes, which the scheduler reads for nothing else. */
async function imageOf(body: unknown): Promise<GraphImage> {
  if (!(body instanceof Uint8Array)) return body as GraphImage;
  const { decodeImage } = await import("../wire/graphs.ts");
  return decodeImage(body);
}
