/**
 * @file The one form in which work reaches a scheduler: columns over dense local ids 0..count-1.
 * Made from layers by `optimize/flatten.ts`; every scheduler (sync, embedded, cluster) runs this
 * and nothing else.
 */
import { type Column, type HeldTasks, keyOf, type SerialKeys, type Template } from "./graph.ts";

/**
 * A run of consecutive tasks that came from one layer: names their keys and holds their literals.
 */
export interface Segment {
  readonly start: number;
  readonly count: number;
  /** The layer's name; a key is `name[grid index]`, or the entry of `keys`. */
  readonly name: string;
  readonly grid?: readonly number[];
  readonly keys?: readonly string[] | SerialKeys;
  /** Columns are indexed by `rows[i]` (after culling) or by `id - start`. */
  readonly columns: readonly Column[];
  readonly rows?: Int32Array;
  readonly pure: boolean;
  /**
   * Set on tasks of an exchange: they write to the graph's folder, which is removed with the graph.
   */
  readonly exchange?: boolean;
}

/**
 * A graph of `count` tasks. All arrays may lie in shared memory, and are never changed once handed
 * over.
 */
export interface TaskGraph {
  readonly count: number;
  readonly templates: readonly Template[];
  /** Index into `templates`, by task; -1 for tasks that an engine already holds (`held`). */
  readonly template: Int32Array;
  readonly depOffsets: Int32Array;
  /** Local ids. */
  readonly deps: Int32Array;
  readonly segments: readonly Segment[];
  /** Rank of each task in the static depth-first order: a smaller rank runs first. */
  readonly rank: Int32Array;
  /** Local ids of the tasks that are wanted, in the order in which they were asked for. */
  readonly outputs: Int32Array;
  /**
   * Engine id of each task whose value an engine already holds, -1 for the others; absent when
   * there is none.
   */
  readonly held?: Int32Array;
  /** Who holds them (`Layer.held`): kept reachable until the scheduler has accepted the graph. */
  readonly holders?: readonly HeldTasks[];
}

/** The segment that holds task `id` (binary search over the starts). */
export function segmentOf<S extends Pick<Segment, "start">>(
  graph: { readonly segments: readonly S[] },
  id: number,
): S {
  let low = 0;
  let high = graph.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((graph.segments[middle] as S).start <= id) low = middle;
    else high = middle - 1;
  }
  return graph.segments[low] as S;
}

/** The row of `segment`'s columns and keys that belongs to task `id`. */
export function rowOf(segment: Pick<Segment, "start" | "rows">, id: number): number {
  const at = id - segment.start;
  return segment.rows === undefined ? at : (segment.rows[at] as number);
}

/** The key of a task, as users see it. */
export function taskKey(
  graph: { readonly segments: readonly Omit<Segment, "columns">[] },
  id: number,
): string {
  const segment = segmentOf(graph, id);
  // A segment has rows only when culling left out some of its layer's tasks, so that layer had more
  // than one.
  const count = segment.rows === undefined ? segment.count : Math.max(segment.count, 2);
  return keyOf({ ...segment, count }, rowOf(segment, id));
}
