/**
 * @file A performance report as one HTML file that needs nothing else: summary, task stream, times
 * by function and by span, profile, workers, log. After Dask's `performance_report`.
 */
import { escapeHtml } from "../../core/html.ts";
import { formatBytes, formatTime } from "../../core/units.ts";
import { type ReportData, spansOf, sumsBy, type TaskSum } from "./data.ts";
import { flamesHtml } from "./flames.ts";
import { colorsOf, streamHtml } from "./stream.ts";
import { SCRIPT, STYLE } from "./style.ts";

export function reportHtml(data: ReportData): string {
  const sums = sumsBy(data.tasks, ({ name }) => [name]);
  const colorOf = colorsOf(sums);
  const spans = sumsBy(data.tasks, spansOf);
  const sections: readonly (readonly [id: string, title: string, html: string])[] = [
    ["summary", "Summary", summary(data)],
    ["stream", "Task stream", streamHtml(data, colorOf)],
    ["functions", "Functions", sumsTable(sums, data, colorOf)],
    ...(spans.length === 0 ? [] : [["spans", "Spans", sumsTable(spans, data)] as const]),
    ["profile", "Profile", flamesHtml(data.calls)],
    ["workers", "Workers", workersTable(data)],
    ["log", "Scheduler's log", `<pre>${escapeHtml(data.log.join("\n"))}</pre>`],
  ];
  const links = sections.map(([id, title]) => `<a href="#${id}">${title}</a>`).join(" ");
  const bodies = sections.map(
    ([id, title, html]) => `<section id="${id}"><h2>${title}</h2>\n${html}</section>`,
  );
  const title = escapeHtml(data.title);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body><header><h1>${title}</h1><nav>${links}</nav></header>
${bodies.join("\n")}
<script>${SCRIPT}</script></body></html>
`;
}

function summary(data: ReportData): string {
  const { startMs, endMs, tasks, workers, versions, scheduler } = data;
  const threads = workers.reduce((sum, worker) => sum + worker.threads, 0);
  const count = tasks.reduce((sum, task) => sum + task.count, 0);
  const busyMs = tasks.reduce((sum, task) => sum + task.durationMs, 0);
  const failed = tasks.reduce((sum, task) => sum + (task.status === "error" ? task.count : 0), 0);
  const wholeMs = endMs - startMs;
  const busy = threads === 0 ? 0 : busyMs / (threads * Math.max(1e-6, wholeMs));
  const rows: Readonly<Record<string, string>> = {
    Duration: formatTime(wholeMs),
    Tasks: failed === 0 ? String(count) : `${count}, of which ${failed} failed`,
    "Time in tasks": `${formatTime(busyMs)} (${Math.round(busy * 100)} % of all threads)`,
    Workers: `${workers.length} with ${threads} threads`,
    Memory: formatBytes(workers.reduce((sum, worker) => sum + worker.memoryLimitBytes, 0)),
    Began: new Date(startMs).toISOString(),
    Scheduler: scheduler,
    ...versions,
  };
  const cells = Object.entries(rows).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table>${cells.join("")}</table>`;
}

function sumsTable(
  sums: readonly TaskSum[],
  { tasks }: ReportData,
  colorOf?: (name: string) => string,
): string {
  const wholeMs = tasks.reduce((sum, task) => sum + task.durationMs, 0);
  const rows = sums.map(({ name, count, totalMs, failed }) => {
    const mark = colorOf === undefined ? "" : `<i class="${colorOf(name)}"></i> `;
    return [
      `${mark}${escapeHtml(name)}`,
      String(count),
      formatTime(totalMs),
      formatTime(totalMs / Math.max(1, count)),
      `${wholeMs === 0 ? 0 : Math.round((totalMs / wholeMs) * 100)} %`,
      String(failed),
    ];
  });
  return table(["Name", "Tasks", "Time", "Mean", "Share", "Failed"], rows);
}

function workersTable({ workers, tasks }: ReportData): string {
  const busy = new Map(sumsBy(tasks, ({ worker }) => [worker]).map((sum) => [sum.name, sum]));
  const rows = workers.map((worker) => [
    escapeHtml(worker.name),
    escapeHtml(worker.address),
    escapeHtml(worker.host),
    String(worker.threads),
    formatBytes(worker.memoryLimitBytes),
    formatBytes(worker.memoryBytes),
    formatBytes(worker.peakBytes),
    formatBytes(worker.spilledBytes),
    String(busy.get(worker.address)?.count ?? 0),
    formatTime(busy.get(worker.address)?.totalMs ?? 0),
  ]);
  const heads = ["Name", "Address", "Host", "Threads", "Memory", "In use", "Peak", "Spilled"];
  return table([...heads, "Tasks", "Time in tasks"], rows);
}

/** Cells are HTML. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th>${text}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table><tr>${head}</tr>${body.join("\n")}</table>`;
}
