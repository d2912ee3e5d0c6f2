/**
 * @file A graph as an HTML table of layers, for notebooks and reports. Self-contained: no scripts,
 * no outside files.
 */
import { escapeHtml } from "../core/html.ts";
import { shortKey } from "./graph-dot.ts";
import type { GraphView, LayerView } from "./graph-view.ts";

/** A `<div>` with the whole table. */
export function toHtml(graph: GraphView): string {
  const { layers } = graph;
  const rows = layers.map(rowOf).join("\n");
  return `<div class="heddle-graph" style="font-family: sans-serif; font-size: 13px">
<p><b>Graph</b>: ${counted(layers.length, "layer")}, ${counted(graph.count, "task")}</p>
<table style="border-collapse: collapse">
<tr>${["Layer", "Kind", "Tasks", "Functions", "Uses"].map((head) => cell("th", head)).join("")}</tr>
${rows}
</table>
</div>`;
}

function rowOf({ name, kind, count, total, functions, dependencies }: LayerView): string {
  const tasks = count === total ? String(count) : `${count} of ${total}`;
  const cells = [
    `<td style="padding: 2px 8px" title="${escapeHtml(name)}">` +
      `<code>${escapeHtml(shortKey(name))}</code></td>`,
    cell("td", kind),
    cell("td", tasks),
    cell("td", functions.slice(0, 8).join(", ")),
    cell("td", dependencies.map((used) => (used === name ? "itself" : shortKey(used))).join(", ")),
  ];
  return `<tr style="border-top: 1px solid #ccc">${cells.join("")}</tr>`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function cell(tag: "td" | "th", text: string): string {
  return `<${tag} style="padding: 2px 8px; text-align: left">${escapeHtml(text)}</${tag}>`;
}
