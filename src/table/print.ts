/**
 * @file How a local table looks: in a terminal (header, types, the first and last rows,
 * right-aligned numbers, columns that fit the width) and as HTML in notebooks.
 */
import type { Column } from "./column.ts";
import type { Table } from "./table.ts";
import { isNumeric } from "./types.ts";

const ROWS_MAX = 10;
const CELL_MAX = 32;

interface Cells {
  readonly header: string;
  readonly dtype: string;
  readonly right: boolean;
  readonly cells: readonly string[];
}

/** The table as text. */
export function textTable(table: Table, widthMax: number = terminalWidth()): string {
  const rows = shownRows(table.length);
  const all = table.fields.map(({ name }) => cellsOf(table.column(name), rows));
  const shown = fitWidth(all, widthMax);
  const lines = [
    rule("┌", "┬", "┐", shown),
    line(shown, (c) => c.header),
    line(shown, (c) => c.dtype),
    rule("├", "┼", "┤", shown),
    ...rows.map((_, i) => line(shown, (c) => c.cells[i] ?? "")),
    rule("└", "┴", "┘", shown),
  ];
  const size = sizeText(table);
  return all.length === 0 ? size : `${lines.join("\n")}\n${size}`;
}

/** The table as HTML with the same rows. */
export function htmlTable(table: Table): string {
  const rows = shownRows(table.length);
  const all = table.fields.map(({ name }) => cellsOf(table.column(name), rows));
  const head = all
    .map((c) => `<th>${escapeHtml(c.header)}<br><small>${escapeHtml(c.dtype)}</small></th>`)
    .join("");
  const body = rows.map((_, i) => {
    const cells = all.map((c) => {
      const style = c.right ? ' style="text-align:right"' : "";
      return `<td${style}>${escapeHtml(c.cells[i] ?? "")}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return (
    `<table class="heddle-table"><thead><tr>${head}</tr></thead>` +
    `<tbody>${body.join("")}</tbody></table><p>${sizeText(table)}</p>`
  );
}

/** Text that may stand in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Row numbers to show; -1 stands for the gap. */
function shownRows(length: number): number[] {
  if (length <= ROWS_MAX) return Array.from({ length }, (_, i) => i);
  const half = ROWS_MAX / 2;
  const first = Array.from({ length: half }, (_, i) => i);
  return [...first, -1, ...first.map((i) => length - half + i)];
}

function cellsOf(column: Column, rows: readonly number[]): Cells {
  return {
    header: short(column.name),
    dtype: column.dtype,
    right: isNumeric(column.type),
    cells: rows.map((row) => (row < 0 ? "…" : short(cellText(column, row)))),
  };
}

function cellText(column: Column, row: number): string {
  const value = column.get(row, { int64: "bigint" });
  if (value === null) return "null";
  if (value instanceof Date) return dateText(value, column.type === "DATE");
  const isFloat = column.type === "DOUBLE" || column.type === "FLOAT";
  if (typeof value === "number" && isFloat) return numberText(value);
  if (value instanceof Uint8Array) return `bytes[${value.length}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function dateText(date: Date, dayOnly: boolean): string {
  if (Number.isNaN(date.getTime())) return "out of range";
  const text = date.toISOString();
  return dayOnly ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  return size >= 1e-3 && size < 1e7
    ? value.toFixed(6).replace(/(\.\d)(\d*?)0+$/, "$1$2")
    : value.toPrecision(6);
}

function short(text: string): string {
  const flat = text.replace(/[\n\r\t]/g, " ");
  return flat.length > CELL_MAX ? `${flat.slice(0, CELL_MAX - 1)}…` : flat;
}

function fitWidth(all: readonly Cells[], widthMax: number): Cells[] {
  const total = (columns: readonly Cells[]): number =>
    columns.reduce((sum, c) => sum + widthOf(c) + 3, 1);
  if (total(all) <= widthMax) return [...all];
  const rows = all[0]?.cells.length ?? 0;
  const gap: Cells = {
    header: "…",
    dtype: "…",
    right: false,
    cells: Array.from({ length: rows }, () => "…"),
  };
  let left = Math.ceil(all.length / 2);
  let right = all.length - left;
  const current = (): Cells[] => [...all.slice(0, left), gap, ...all.slice(all.length - right)];
  while (left + right > 2 && total(current()) > widthMax) {
    if (left > right) left--;
    else right--;
  }
  return right === 0 ? [...all.slice(0, left), gap] : current();
}

function widthOf(cells: Cells): number {
  return Math.max(cells.header.length, cells.dtype.length, ...cells.cells.map((c) => c.length));
}

function rule(left: string, middle: string, right: string, shown: readonly Cells[]): string {
  return left + shown.map((c) => "─".repeat(widthOf(c) + 2)).join(middle) + right;
}

function line(shown: readonly Cells[], text: (cells: Cells) => string): string {
  const parts = shown.map((c) => {
    const width = widthOf(c);
    return c.right ? text(c).padStart(width) : text(c).padEnd(width);
  });
  return `│ ${parts.join(" │ ")} │`;
}

function sizeText(table: Table): string {
  const count = (n: number, word: string): string =>
    `${n.toLocaleString("en-US")} ${word}${n === 1 ? "" : "s"}`;
  return `${count(table.length, "row")} × ${count(table.columns.length, "column")}`;
}

function terminalWidth(): number {
  return process.stdout.columns ?? 120;
}
