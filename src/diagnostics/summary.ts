/**
 * @file What a run amounted to: counts, time and bytes of all its computations, by group. `heddle
 * run` prints it at the end.
 */
import { formatBytes, formatTime } from "../core/units.ts";
import { type Feed, feed, type GroupCounts } from "./feed.ts";
import { mergeGroups, sumGroups } from "./progress-pace.ts";
import { formatCount, settled } from "./progress-view.ts";

const MAX_ROWS = 10;

/** Adds up all computations from its making on. */
export class RunSummary {
  readonly #stop: () => void;
  readonly #groups = new Map<number, readonly GroupCounts[]>();
  #ended: readonly GroupCounts[] = [];
  /** Computations that have begun. */
  computations = 0;
  /** Computations that ended with an error. */
  failures = 0;

  constructor(source: Feed = feed) {
    this.#stop = source.listen({
      onGraph: (id, groups) => {
        this.computations += 1;
        this.#groups.set(id, groups);
      },
      onProgress: (id, groups) => this.#groups.set(id, groups),
      onFinish: (id, outcome) => {
        if (outcome.status === "failed") this.failures += 1;
        this.#ended = mergeGroups([this.#ended, this.#groups.get(id) ?? []]);
        this.#groups.delete(id);
      },
    });
  }

  /** Counts so far, by group. */
  get groups(): GroupCounts[] {
    return mergeGroups([this.#ended, ...this.#groups.values()]);
  }

  /** Stops listening. */
  close(): void {
    this.#stop();
  }
}

/** The summary as text: one line, then the groups that took most time. */
export function formatSummary(
  summary: Pick<RunSummary, "computations" | "failures" | "groups">,
  elapsedMs: number,
): string {
  const { computations, failures, groups } = summary;
  const total = sumGroups(groups);
  if (computations === 0) return `no computation, ${formatTime(elapsedMs)}`;
  const head = [
    `${plural(computations, "computation")}${failures > 0 ? ` (${failures} failed)` : ""}`,
    `${plural(settled(total), "task")}${total.failed > 0 ? ` (${total.failed} failed)` : ""}`,
    formatTime(elapsedMs),
    ...(total.bytes === undefined ? [] : [`${formatBytes(total.bytes)} of results`]),
  ];
  return [head.join(", "), ...groupTable(groups)].join("\n");
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function groupTable(groups: readonly GroupCounts[]): string[] {
  const sorted = [...groups].sort(
    (a, b) => (b.busyMs ?? 0) - (a.busyMs ?? 0) || settled(b) - settled(a),
  );
  const shown = sorted.slice(0, MAX_ROWS);
  const rows = shown.map((group) => [
    group.name,
    formatCount(settled(group)),
    group.failed > 0 ? formatCount(group.failed) : "",
    // Unmeasured, or too short for the clock: nothing is better than a zero.
    group.busyMs ? formatTime(group.busyMs) : "",
    group.busyMs && settled(group) > 0 ? formatTime(group.busyMs / settled(group)) : "",
    group.bytes === undefined ? "" : formatBytes(group.bytes),
  ]);
  const table = [["group", "tasks", "failed", "time", "each", "bytes"], ...rows];
  const isUsed = table[0]?.map((_, column) => rows.some((row) => row[column] !== "")) ?? [];
  const widths = isUsed.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    return `  ${cells.filter((_, i) => isUsed[i]).join("  ")}`.trimEnd();
  });
  const hidden = groups.length - shown.length;
  return hidden > 0 ? [...lines, `  … and ${hidden} more`] : lines;
}
