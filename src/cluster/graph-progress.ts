/** @file How far a graph on the engine is, by the names of its functions, asked of the engine. */
import type { TaskGraph } from "../core/task-graph.ts";
import { type GroupCounts, groupsOf } from "../diagnostics/feed.ts";
import type { GraphProgress } from "../machine/scheduler/progress.ts";
import type { Accepted, EngineLink } from "./link.ts";

export class GraphCounter {
  readonly #link: EngineLink;
  readonly #groups: readonly GroupCounts[];
  /** Group of each template. */
  readonly #groupOf: readonly number[];
  #place: Accepted | undefined;

  constructor(link: EngineLink, graph: TaskGraph) {
    this.#link = link;
    this.#groups = groupsOf(graph);
    const names = this.#groups.map(({ name }) => name);
    this.#groupOf = graph.templates.map(({ name }) => names.indexOf(name));
  }

  placed(place: Accepted): void {
    this.#place = place;
  }

  /** Counts so far. Of a graph that the engine has forgotten, all is done. */
  async counts(): Promise<GroupCounts[]> {
    const left = this.#groups.map(({ total }) => total);
    const failed = this.#groups.map(() => 0);
    if (this.#place !== undefined) {
      const ids = Int32Array.of(this.#place.base);
      const found = (await this.#link.query("progress", ids)) as GraphProgress | undefined;
      left.fill(0);
      this.#groupOf.forEach((group, template) => {
        if (found === undefined || group < 0) return;
        left[group] = (left[group] as number) + (found.left[template] as number);
        failed[group] = (failed[group] as number) + (found.failed[template] as number);
      });
    }
    return this.#groups.map(({ name, total }, i) => {
      const bad = failed[i] as number;
      return { name, total, done: total - bad - (left[i] as number), failed: bad };
    });
  }
}
