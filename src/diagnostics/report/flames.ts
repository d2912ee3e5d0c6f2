/**
 * @file What task threads spent their time on, as a flame graph: callers above what they called.
 */
import { escapeHtml } from "../../core/html.ts";
import { formatTime } from "../../core/units.ts";
import type { ReportedCalls } from "./data.ts";

const ROW_PX = 18;
/** Narrower shares cannot be seen. */
const LEAST_SHARE = 0.002;
const DEPTH_MAX = 60;
const COLORS = 12;

export function flamesHtml(calls: ReportedCalls | undefined): string {
  if (calls === undefined) return "<p>It was not measured.</p>";
  if (calls.totalMs === 0) return "<p>No sample was taken in a task.</p>";
  const boxes: string[] = [];
  const deepest = draw(calls, { left: 0, depth: 0, wholeMs: calls.totalMs }, boxes);
  return `<div class="flames" style="height:${(deepest + 1) * ROW_PX}px">${boxes.join("\n")}</div>`;
}

interface Place {
  /** Share of the width. */
  readonly left: number;
  readonly depth: number;
  readonly wholeMs: number;
}

/** Adds the box of a function and those of what it called; returns the depth of the deepest. */
function draw(calls: ReportedCalls, { left, depth, wholeMs }: Place, boxes: string[]): number {
  const share = calls.totalMs / wholeMs;
  if (share < LEAST_SHARE || depth > DEPTH_MAX) return depth - 1;
  const { name, url, line, totalMs, selfMs } = calls;
  const place = url === "" ? "" : `\n${url}:${line}`;
  const text = `${name}: ${formatTime(totalMs)}, ${formatTime(selfMs)} in itself${place}`;
  const at = `left:${percent(left)};width:${percent(share)};top:${depth * ROW_PX}px`;
  boxes.push(
    `<div class="c${colorOf(name)}" style="${at}" title="${escapeHtml(text)}">` +
      `${escapeHtml(name)}</div>`,
  );
  let deepest = depth;
  let next = left;
  for (const child of calls.children) {
    deepest = Math.max(deepest, draw(child, { left: next, depth: depth + 1, wholeMs }, boxes));
    next += child.totalMs / wholeMs;
  }
  return deepest;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}

/** The same in every report. */
function colorOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return Math.abs(hash) % COLORS;
}
