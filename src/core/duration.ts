/**
 * @file Spans of time as people write and read them: "500ms", "10s", "5m", "1h30m". Inside, a span
 * is a number of milliseconds. Tells nobody the time: this layer has no clock.
 */
import { HeddleError } from "./errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const PART = /([0-9.]+(?:e[+-]?[0-9]+)?)\s*(ns|us|ms|min|s|m|h|d)\s*/giy;

/**
 * Milliseconds that a text such as "100ms", "10 s" or "1h30m" means; numbers are taken as
 * milliseconds.
 *
 * Errors: `InvalidArgument` when the text is no span of time (a text without a unit is none).
 */
export function parseDuration(span: string | number): number {
  if (typeof span === "number") {
    return Number.isFinite(span) && span >= 0 ? span : invalid(span);
  }
  const text = span.trim();
  let total = 0;
  let at = 0;
  PART.lastIndex = 0;
  while (at < text.length) {
    const match = PART.exec(text);
    if (match === null) return invalid(span);
    total += Number(match[1]) * (UNIT_MS[(match[2] ?? "").toLowerCase()] ?? Number.NaN);
    at = PART.lastIndex;
  }
  return text !== "" && Number.isFinite(total) ? total : invalid(span);
}

function invalid(span: string | number): never {
  throw new HeddleError(
    "InvalidArgument",
    `"${span}" is no span of time: write a number and a unit, such as "500ms", "10s" or "1h30m"`,
  );
}

/**
 * A span as short text: `formatDuration(0.25)` is "250 us", 1234 gives "1.23 s", 95000 gives "1m
 * 35s".
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "unknown";
  if (ms === 0) return "0 s";
  if (ms < 0.9995) return `${Math.round(ms * 1000)} us`;
  if (ms < 999.5) return `${ms < 10 ? trim(ms.toFixed(1)) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${trim((ms / 1000).toFixed(ms < 9_995 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

function trim(digits: string): string {
  return digits.replace(/\.?0+$/, "");
}
