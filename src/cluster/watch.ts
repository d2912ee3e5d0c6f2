/**
 * @file Tells the feed about a computation: its groups before, its outcome after, and in between what
 * the runner counts. Costs nothing when nobody listens.
 */
import { isHeddleError } from "../core/errors.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { feed, type GroupCounts, groupsOf } from "../diagnostics/feed.ts";

/** Runs a graph; `report` may be called with counts at any time, and never has to be. */
export async function watched<T>(
  graph: TaskGraph,
  run: (report: (groups: readonly GroupCounts[]) => void) => Promise<T>,
): Promise<T> {
  if (!feed.isWatched) return await run(() => {});
  let groups: readonly GroupCounts[] = groupsOf(graph);
  const id = feed.begin(groups);
  try {
    const result = await run((counts) => {
      groups = counts;
      feed.progress(id, counts);
    });
    feed.progress(
      id,
      groups.map((group) => ({ ...group, done: group.total - group.failed })),
    );
    feed.end(id, { status: "finished" });
    return result;
  } catch (error) {
    const status = isHeddleError(error, "Cancelled") ? "cancelled" : "failed";
    feed.end(id, { status, error });
    throw error;
  }
}
