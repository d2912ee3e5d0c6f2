/** @file `heddle/diagnostics`: progress, run summaries, graphs to look at, plots. */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export {
  Feed,
  type FeedListener,
  feed,
  type GroupCounts,
  groupsOf,
  type Outcome,
} from "./feed.ts";
export { type DotOptions, GraphView, type LayerView } from "./graph-view.ts";
export * from "./plot/index.ts";
export {
  type CountingEngine,
  type CountingGraph,
  ProgressBar,
  type ProgressOptions,
  progress,
  type Watched,
  type WatchedFuture,
} from "./progress.ts";
export { formatSummary, RunSummary } from "./summary.ts";

referToAll(import.meta.url, self);
