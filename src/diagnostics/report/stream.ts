/**
 * @file The task stream: a row for each task thread, a bar for each task, coloured by function, as
 * SVG in a box that can be widened. Bars too short to be seen are drawn together.
 */
import { escapeHtml } from "../../core/html.ts";
import { formatTime } from "../../core/units.ts";
import type { ReportData, ReportedTasks, TaskSum } from "./data.ts";

/** Units of the drawing: it is stretched to the box. */
const WIDTH = 10_000;
const ROW = 20;
/** Bars closer than this are one, where they are of the same function. */
const MERGED = 1;
const COLORS = 12;

/** The class that gives a function its colour: the functions of most time have one each. */
export function colorsOf(sums: readonly TaskSum[]): (name: string) => string {
  const numbers = new Map(sums.map(({ name }, i) => [name, i % COLORS]));
  return (name) => `c${numbers.get(name) ?? 0}`;
}

export function streamHtml(data: ReportData, colorOf: (name: string) => string): string {
  const { tasks, startMs, endMs } = data;
  if (tasks.length === 0) return "<p>No task has ended meanwhile.</p>";
  const scale = WIDTH / Math.max(1e-6, endMs - startMs);
  const rows = [...groupRows(data)];
  const labels = rows.map(
    ([label]) => `<div title="${escapeHtml(label)}">${escapeHtml(label)}</div>`,
  );
  const bars = rows.flatMap(([, row], i) =>
    merged(row, MERGED / scale).map((task) => {
      const x = (task.startMs - startMs) * scale;
      const width = Math.max(MERGED, task.durationMs * scale);
      const kind = task.status === "error" ? "failed" : colorOf(task.name);
      const at = `x="${x.toFixed(1)}" y="${i * ROW + 2}" width="${width.toFixed(1)}"`;
      return `<rect ${at} height="${ROW - 4}" class="${kind}"><title>${tip(task)}</title></rect>`;
    }),
  );
  const height = rows.length * ROW;
  return `<label class="zoom">Width <input type="range" min="1" max="50" step="0.1" value="1"></label>
<div class="stream"><div class="labels">${labels.join("")}</div>
<div class="scroll"><div class="wide"><svg viewBox="0 0 ${WIDTH} ${height}" height="${height}"
 preserveAspectRatio="none" role="img" aria-label="Task stream">${bars.join("\n")}</svg>
<div class="ticks">${ticks(endMs - startMs)}</div></div></div></div>`;
}

/** The tasks of each thread, in the order of workers. */
function groupRows({ workers, tasks }: ReportData): Map<string, ReportedTasks[]> {
  const rows = new Map<string, ReportedTasks[]>();
  const names = new Map(workers.map(({ address, name }) => [address, name]));
  const sorted = [...tasks].sort(
    (a, b) => a.worker.localeCompare(b.worker) || a.thread - b.thread || a.startMs - b.startMs,
  );
  for (const task of sorted) {
    const label = `${names.get(task.worker) ?? task.worker} · ${task.thread}`;
    const row = rows.get(label) ?? [];
    rows.set(label, row);
    row.push(task);
  }
  return rows;
}

/** Neighbours of the same function between which nothing could be seen are one. */
function merged(row: readonly ReportedTasks[], gapMs: number): ReportedTasks[] {
  const bars: ReportedTasks[] = [];
  for (const task of row) {
    const last = bars.at(-1);
    const isSame = last?.name === task.name && last.status === task.status;
    const isShort = task.durationMs < gapMs || (last !== undefined && last.durationMs < gapMs);
    if (last === undefined || !isSame || !isShort || task.startMs - endOf(last) > gapMs) {
      bars.push(task);
      continue;
    }
    const durationMs = Math.max(endOf(last), endOf(task)) - last.startMs;
    bars[bars.length - 1] = { ...last, durationMs, count: last.count + task.count };
  }
  return bars;
}

function endOf({ startMs, durationMs }: ReportedTasks): number {
  return startMs + durationMs;
}

function tip({ name, count, durationMs, status, span = [] }: ReportedTasks): string {
  const many = count === 1 ? "" : ` (${count} tasks)`;
  const within = span.length === 0 ? "" : ` in ${span.join(" / ")}`;
  const failed = status === "error" ? ", failed" : "";
  return escapeHtml(`${name}${many}${within}: ${formatTime(durationMs)}${failed}`);
}

const TICKS = 10;

function ticks(totalMs: number): string {
  return Array.from({ length: TICKS + 1 }, (_, i) => {
    const at = (i / TICKS) * 100;
    const anchor = i === TICKS ? "right:0" : `left:${at}%`;
    return `<span style="${anchor}">${formatTime((totalMs * i) / TICKS)}</span>`;
  }).join("");
}
