/**
 * @file How progress looks, as pure functions: counts in, lines of text out. One line for each
 * group of tasks and one for all; the terminal is somebody else's business.
 */
import { formatTime } from "../core/units.ts";
import type { GroupCounts } from "./feed.ts";

/** One group with what has been learnt about its pace. */
export interface GroupView extends GroupCounts {
  /** Tasks in a second; 0 when unknown. */
  readonly rate: number;
}

/** Everything a bar shows. */
export interface ProgressView {
  readonly groups: readonly GroupView[];
  readonly total: GroupView;
  readonly elapsedMs: number;
}

/** The screen to draw on. */
export interface Screen {
  readonly columns: number;
  readonly color: boolean;
}

const MAX_GROUPS = 8;
const MIN_BAR = 10;
const MAX_BAR = 30;

const RESET = "\u001B[0m";
const GREEN = "\u001B[32m";
const RED = "\u001B[31m";
const DIM = "\u001B[2m";

/** Tasks that have ended, either way. */
export function settled(group: GroupCounts): number {
  return group.done + group.failed;
}

/** A count with separators, short above a million: `1,234`, `1.50 M`. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} G`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return Math.round(count).toLocaleString("en-US");
}

/** A pace: `12/s`, `3.4k/s`, and `20/min` for slow ones. */
export function formatRate(perSecond: number): string {
  if (perSecond <= 0) return "";
  if (perSecond < 0.95) return `${(perSecond * 60).toFixed(perSecond < 0.1 ? 1 : 0)}/min`;
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  if (perSecond < 1000) return `${Math.round(perSecond)}/s`;
  if (perSecond < 1e6) return `${(perSecond / 1000).toFixed(perSecond < 1e4 ? 1 : 0)}k/s`;
  return `${(perSecond / 1e6).toFixed(2)}M/s`;
}

/** Time left at the present pace, in whole seconds; empty when unknown or over. */
export function formatEta(group: GroupView): string {
  const left = group.total - settled(group);
  if (left <= 0 || group.rate <= 0) return "";
  const seconds = Math.ceil(left / group.rate);
  return `about ${seconds < 600 ? `${seconds} s` : formatTime(seconds * 1000)} left`;
}

/** Percentage that never says 100 before the end. */
export function percent(group: GroupCounts): number {
  if (group.total === 0) return 100;
  return Math.floor((settled(group) / group.total) * 100);
}

/** The lines of the bars: groups at work first, the total last. A single group is the total. */
export function renderBars(view: ProgressView, screen: Screen): string[] {
  const [only] = view.groups;
  const total = view.groups.length === 1 ? { ...view.total, name: only?.name ?? "" } : view.total;
  const shown = view.groups.length === 1 ? [] : chooseGroups(view.groups);
  const rows = [...shown, total];
  const nameWidth = Math.min(24, Math.max(...rows.map((row) => row.name.length)));
  const countWidth = Math.max(...rows.map((row) => countsOf(row).length));
  const tails = rows.map((row) => {
    const pace = row === total ? totalTail(view) : formatRate(row.rate);
    const parts = [countsOf(row).padStart(countWidth), failures(row), pace];
    return `${String(percent(row)).padStart(3)} %  ${parts.filter((part) => part !== "").join("  ")}`;
  });
  const tailWidth = Math.max(...tails.map((tail) => tail.length));
  const room = screen.columns - nameWidth - tailWidth - 7;
  const barWidth = Math.max(MIN_BAR, Math.min(MAX_BAR, room));
  const lines = rows.map((row, i) => {
    const name = clip(row.name, nameWidth).padEnd(nameWidth);
    const tail = screen.color ? reddened(tails[i] ?? "", failures(row)) : tails[i];
    return `${name}  ${renderBar(row, barWidth, screen.color)}  ${tail}`;
  });
  const hidden = view.groups.length - rows.length + 1;
  if (shown.length > 0 && hidden > 0) {
    lines.splice(-1, 0, `… and ${hidden} more ${hidden === 1 ? "group" : "groups"}`);
  }
  return lines.map((line) => clipColored(line, screen.columns - 1));
}

/** At most `MAX_GROUPS`: those at work first, then waiting ones, then finished ones. */
function chooseGroups(groups: readonly GroupView[]): GroupView[] {
  if (groups.length <= MAX_GROUPS) return [...groups];
  const order = (group: GroupView): number => {
    if (settled(group) >= group.total) return group.failed > 0 ? 1 : 3;
    return settled(group) > 0 ? 0 : 2;
  };
  const chosen = new Set([...groups].sort((a, b) => order(a) - order(b)).slice(0, MAX_GROUPS));
  return groups.filter((group) => chosen.has(group));
}

function countsOf(group: GroupCounts): string {
  return `${formatCount(settled(group))}/${formatCount(group.total)}`;
}

function failures(group: GroupCounts): string {
  return group.failed === 0 ? "" : `${formatCount(group.failed)} failed`;
}

function reddened(text: string, part: string): string {
  return part === "" ? text : text.replace(part, `${RED}${part}${RESET}`);
}

function totalTail(view: ProgressView): string {
  const parts = [formatRate(view.total.rate), formatTime(view.elapsedMs), formatEta(view.total)];
  return parts.filter((part) => part !== "").join("  ");
}

function renderBar(group: GroupCounts, width: number, color: boolean): string {
  const share = group.total === 0 ? 1 : settled(group) / group.total;
  const full = Math.floor(share * width);
  const bad = Math.min(full, Math.ceil((group.failed / Math.max(1, group.total)) * width));
  const good = full - bad;
  if (!color) return `[${"#".repeat(good)}${"x".repeat(bad)}${"-".repeat(width - full)}]`;
  const done = `${GREEN}${"━".repeat(good)}${RED}${"━".repeat(bad)}`;
  return `${done}${RESET}${DIM}${"─".repeat(width - full)}${RESET}`;
}

/** One line about everything, for outputs that are no terminals. */
export function renderLine(view: ProgressView): string {
  const { total } = view;
  const parts = [
    `${percent(total)} %`,
    `${countsOf(total)} tasks`,
    failures(total),
    formatRate(total.rate),
    formatTime(view.elapsedMs),
    formatEta(total),
  ];
  return `progress: ${parts.filter((part) => part !== "").join(", ")}`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Cuts a line to `width` visible characters; colour codes (ESC … m) take no room. */
function clipColored(line: string, width: number): string {
  let visible = 0;
  let at = 0;
  while (at < line.length) {
    if (line[at] === "\u001B") {
      at = line.indexOf("m", at) + 1;
    } else if (visible === width) {
      return line.slice(0, at) + (line.includes("\u001B") ? RESET : "");
    } else {
      visible += 1;
      at += 1;
    }
  }
  return line;
}
