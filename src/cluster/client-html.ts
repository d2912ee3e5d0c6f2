/** @file A client and its cluster as HTML, for notebooks: a summary, and a table of the workers. */
import { escapeHtml } from "../core/html.ts";
import { formatBytes } from "../core/units.ts";
import type { EngineInfo } from "./messages.ts";

/** What a client knows of its cluster without asking. */
export interface ClientFacts {
  /** Before there is a connection, sizes are what is planned, or 0. */
  readonly state: "connecting" | "connected" | "failed" | "closed";
  readonly address: string;
  readonly workers: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly dashboardLink: string | undefined;
}

/** One line of text: what is not known yet is left out. */
export function clientText(facts: ClientFacts): string {
  const { state, address, workers, threads, memoryLimitBytes } = facts;
  const parts = [
    address,
    state === "connected" ? "" : state,
    workers === 0 ? "" : counted(workers, "worker"),
    threads === 0 && state !== "connected" ? "" : counted(threads, "thread"),
    memoryLimitBytes === 0 ? "" : formatBytes(memoryLimitBytes),
  ];
  return `Client(${parts.filter((part) => part !== "").join(", ")})`;
}

/** A `<div>`; with what the scheduler has answered, all workers are in it. */
export function clientHtml(facts: ClientFacts, info?: EngineInfo): string {
  const { address, workers, threads, memoryLimitBytes, dashboardLink } = facts;
  const link =
    dashboardLink === undefined
      ? []
      : [
          row(
            "Dashboard",
            `<a href="${escapeHtml(dashboardLink)}">${escapeHtml(dashboardLink)}</a>`,
          ),
        ];
  const summary = [
    row("Scheduler", escapeHtml(address)),
    ...link,
    row("Workers", String(info === undefined ? workers : Object.keys(info.workers).length)),
    row("Threads", String(info?.threads ?? threads)),
    row("Memory", formatBytes(info?.memoryLimitBytes ?? memoryLimitBytes)),
  ];
  const table = info === undefined ? "" : workersTable(info);
  return `<div class="heddle-client" style="font-family: sans-serif; font-size: 13px">
<p><b>Client</b></p>
<table>${summary.join("")}</table>
${table}
</div>`;
}

const HEADS = ["Name", "Address", "Host", "Process", "Threads", "Memory", "In use", "Running"];

function workersTable({ workers }: EngineInfo): string {
  const rows = Object.values(workers).map((worker) => {
    const { name, address, host, pid, threads, memoryLimitBytes, memoryBytes, running } = worker;
    const cells = [
      ...[name, address, host, String(pid), String(threads)],
      ...[formatBytes(memoryLimitBytes), formatBytes(memoryBytes), String(running)],
    ];
    return `<tr>${cells.map((text) => `<td>${escapeHtml(text)}</td>`).join("")}</tr>`;
  });
  const heads = HEADS.map((text) => `<th>${text}</th>`).join("");
  return `<details><summary>Workers</summary>
<table><tr>${heads}</tr>
${rows.join("\n")}
</table></details>`;
}

function row(name: string, html: string): string {
  return `<tr><th style="text-align: left">${name}</th><td>${html}</td></tr>`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
