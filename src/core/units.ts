/**
 * @file Byte counts and durations as people write them. Same words and the same results as Dask's
 * `parse_bytes`, `format_bytes`, `parse_timedelta` and `format_time`, except that durations are
 * milliseconds, as everywhere in Heddle.
 */
import { HeddleError, nearestName } from "./errors.ts";

const BYTE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  ...prefixed(["k", "m", "g", "t", "p"], 1000, ["", "b"]),
  ...prefixed(["ki", "mi", "gi", "ti", "pi"], 1024, ["", "b"]),
};

const TIME_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  sec: 1e3,
  m: 6e4,
  min: 6e4,
  h: 36e5,
  hr: 36e5,
  d: 864e5,
  w: 6048e5,
  nanosecond: 1e-6,
  microsecond: 1e-3,
  millisecond: 1,
  second: 1e3,
  minute: 6e4,
  hour: 36e5,
  day: 864e5,
  week: 6048e5,
};

function prefixed(
  prefixes: readonly string[],
  base: number,
  ends: readonly string[],
): Record<string, number> {
  const units: Record<string, number> = {};
  for (const [power, prefix] of prefixes.entries()) {
    for (const end of ends) units[prefix + end] = base ** (power + 1);
  }
  return units;
}

/**
 * A byte count from text: "8GB" is 8e9, "5GiB" 5 x 2^30, "100" and 100 are bytes. Units in any
 * case, spaces allowed. With `total`, "50%" is that part of it, and so is a number or text up to 1
 * ("0.5", 0.5) as in a memory limit. Throws `InvalidArgument` for anything else.
 *
 * @example
 * import { parseBytes } from "heddle";
 * console.log(parseBytes("128 MiB")); // 134217728
 */
export function parseBytes(text: string | number, total?: number): number {
  if (typeof text === "number") {
    if (!(text >= 0 && Number.isFinite(text))) throw badUnit(text, "a byte count", BYTE_UNITS);
    return total !== undefined && text <= 1 && text > 0
      ? Math.floor(text * total)
      : Math.floor(text);
  }
  const { amount, unit } = split(text, "a byte count", BYTE_UNITS);
  const isPart = unit === "%" || (unit === "" && amount <= 1 && amount > 0);
  if (total !== undefined && isPart) {
    return Math.floor((unit === "%" ? amount / 100 : amount) * total);
  }
  const factor = BYTE_UNITS[unit.toLowerCase()];
  if (factor === undefined) throw badUnit(text, "a byte count", BYTE_UNITS);
  return Math.floor(amount * factor);
}

/**
 * Milliseconds from text: "3s", "2.5 minutes", "1h", "300 ms", "20us". A bare number counts in
 * `unit`, which is seconds unless given, as in Dask. Throws `InvalidArgument` for anything else.
 */
export function parseTimedelta(text: string | number, unit = "s"): number {
  if (typeof text === "number") return text * timeFactor(unit, text);
  const parts = split(text, "a duration", TIME_UNITS_MS);
  return parts.amount * timeFactor(parts.unit === "" ? unit : parts.unit, text);
}

function timeFactor(unit: string, given: string | number): number {
  const word = unit.toLowerCase();
  const factor = TIME_UNITS_MS[word] ?? TIME_UNITS_MS[word.replace(/s$/, "")];
  if (factor === undefined) throw badUnit(given, "a duration", TIME_UNITS_MS);
  return factor;
}

/** Bytes as people read them: "78.12 kiB", "1.49 GiB", "12 B". */
export function formatBytes(bytes: number): string {
  for (let power = 4; power >= 0; power--) {
    const unit = 1024 ** (power + 1);
    if (Math.abs(bytes) >= unit * 0.9) return `${twoDigits(bytes / unit)} ${"kMGTP"[power]}iB`;
  }
  return `${bytes} B`;
}

/**
 * As Python rounds: a tie, which only multiples of an eighth can be, goes to the even digit (78.125
 * is 78.12).
 */
function twoDigits(amount: number): string {
  const isTie = Number.isInteger(amount * 8) && !Number.isInteger(amount * 4);
  return (isTie ? (2 * Math.round(amount * 50)) / 100 : amount).toFixed(2);
}

/** Milliseconds as people read them: "23.19 ms", "1.27 s", "11m 40s", "1d 22hr". */
export function formatTime(ms: number): string {
  const seconds = ms / 1000;
  const whole = Math.trunc(seconds);
  if (seconds > 172800) return `${Math.trunc(whole / 86400)}d ${rest(whole, 86400, 3600)}hr`;
  if (seconds > 7200) return `${Math.trunc(whole / 3600)}hr ${rest(whole, 3600, 60)}m`;
  if (seconds > 600) return `${Math.trunc(whole / 60)}m ${rest(whole, 60, 1)}s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  if (ms >= 1) return `${ms.toFixed(2)} ms`;
  return `${(ms * 1000).toFixed(2)} us`;
}

function rest(seconds: number, larger: number, smaller: number): number {
  return Math.trunc((seconds % larger) / smaller);
}

function split(
  text: string,
  what: string,
  units: Readonly<Record<string, number>>,
): { amount: number; unit: string } {
  const compact = text.replaceAll(/\s/g, "");
  const match = /^(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)?([a-zµ%]*)$/i.exec(compact);
  if (match === null || compact === "") throw badUnit(text, what, units);
  return { amount: match[1] === undefined ? 1 : Number(match[1]), unit: match[2] ?? "" };
}

function badUnit(
  given: string | number,
  what: string,
  units: Readonly<Record<string, number>>,
): HeddleError<"InvalidArgument"> {
  const word = String(given).replaceAll(/[\d.\s]/g, "");
  const near = word === "" ? undefined : nearestName(word, Object.keys(units).filter(Boolean));
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  const examples = units === BYTE_UNITS ? '"8GB", "5GiB", 1048576' : '"3s", "2 minutes", "300ms"';
  return new HeddleError(
    "InvalidArgument",
    `${JSON.stringify(given)} is not ${what}; write for example ${examples}.${hint}`,
    { fields: { given } },
  );
}
