/**
 * @file From data to pixels: linear, logarithmic and time scales with ticks at round values, and
 * the texts of those ticks.
 */

/** A mark on an axis. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Maps values of data to pixels. */
export interface Scale {
  /** Pixel of a value. */
  (value: number): number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
}

/**
 * How an axis counts: evenly, by powers of ten, or by the calendar (values are milliseconds, UTC).
 */
export type ScaleKind = "linear" | "log" | "time";

/** Widens a domain that is a single value, so that it has a middle. */
function widen([low, high]: readonly [number, number]): [number, number] {
  if (low < high) return [low, high];
  const half = Math.abs(low) * 0.05 || 1;
  return [low - half, high + half];
}

/** Smallest and largest finite value; [0, 1] when there is none. */
export function extent(values: Iterable<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The step of 1, 2 or 5 times a power of ten that cuts `span` into about `count` parts. */
export function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  const factor = ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10;
  return factor * power;
}

/** Multiples of `step` within the domain, free of rounding noise. */
function multiples([low, high]: readonly [number, number], step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  const round = (value: number): number =>
    decimals <= 15 ? Number(value.toFixed(decimals)) : value;
  return Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step) + 0);
}

/** Texts for ticks that lie `step` apart: equal decimals, one unit (k, M, G) for the whole axis. */
export function formatTicks(values: readonly number[], step: number): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  const exponent = largest === 0 ? 0 : Math.floor(Math.log10(largest));
  if (exponent >= 12 || exponent <= -5) return values.map((value) => scientific(value));
  const [divisor, unit] =
    largest >= 1e9
      ? [1e9, "G"]
      : largest >= 1e6
        ? [1e6, "M"]
        : largest >= 2e4
          ? [1e3, "k"]
          : [1, ""];
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(step / divisor) + 1e-9)));
  return values.map((value) => {
    if (value === 0) return "0";
    const text = (value / divisor).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    return minus(text) + unit;
  });
}

function scientific(value: number): string {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return minus(`${mantissa?.replace(/\.0$/, "")}e${Number(exponent)}`);
}

/** The typographic minus, as wide as a plus. */
function minus(text: string): string {
  return text.replaceAll("-", "−");
}

/** One value for a label or a tooltip: up to four significant digits, units for large ones. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e12 || (size < 1e-4 && size > 0)) return scientific(value);
  if (size >= 1e6) return minus(`${Number((value / 1e6).toPrecision(4))}M`);
  const digits = Number.isInteger(value) ? 0 : Math.max(0, 3 - Math.floor(Math.log10(size || 1)));
  return minus(value.toLocaleString("en-US", { maximumFractionDigits: Math.min(6, digits) }));
}

function makeScale(
  toUnit: (value: number) => number,
  domain: readonly [number, number],
  range: readonly [number, number],
  ticks: readonly Tick[],
): Scale {
  const [from, to] = range;
  const map = (value: number): number => from + toUnit(value) * (to - from);
  return Object.assign(map, { domain, ticks });
}

/** What a scale needs to know. */
export interface ScaleOptions {
  readonly kind: ScaleKind;
  readonly domain: readonly [number, number];
  /** Pixels of the two ends of the domain. */
  readonly range: readonly [number, number];
  /** About how many ticks there is room for. */
  readonly tickCount: number;
  /** Whether the ends move out to ticks; default false. */
  readonly nice?: boolean;
}

/** Makes a scale. */
export function createScale(options: ScaleOptions): Scale {
  if (options.kind === "log") return logScale(options);
  if (options.kind === "time") return timeScale(options);
  let domain = widen(options.domain);
  const step = niceStep(domain[1] - domain[0], options.tickCount);
  if (options.nice === true) {
    domain = [
      Math.floor(domain[0] / step + 1e-9) * step,
      Math.ceil(domain[1] / step - 1e-9) * step,
    ];
  }
  const values = multiples(domain, step);
  const texts = formatTicks(values, step);
  const ticks = values.map((value, i) => ({ value, text: texts[i] ?? "" }));
  const [low, high] = domain;
  return makeScale((value) => (value - low) / (high - low), domain, options.range, ticks);
}

function logScale({ domain, range, tickCount }: ScaleOptions): Scale {
  const high = Math.max(domain[1], Number.MIN_VALUE);
  const low = domain[0] > 0 ? domain[0] : Math.min(1, high / 1000);
  const [from, to] = widen([Math.log10(low), Math.log10(high)]);
  const every = Math.max(1, Math.round((to - from) / tickCount));
  const powers = multiples([from, to], every);
  const within = powers.flatMap((power) =>
    (to - from < 2 ? [1, 2, 5] : [1]).map((factor) => factor * 10 ** power),
  );
  const values = within.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const ticks = values.map((value) => ({ value, text: formatPower(value) }));
  const toUnit = (value: number): number =>
    (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from);
  return makeScale(toUnit, [10 ** from, 10 ** to], range, ticks);
}

/** A tick of a logarithmic axis, whose neighbours may be many powers away: `1`, `20k`, `1e12`. */
function formatPower(value: number): string {
  return value >= 1e4 && value < 1e6 ? `${value / 1e3}k` : formatValue(value);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Months have no fixed length: this is only for choosing among steps. */
const MONTH = 30.44 * DAY;

/** Steps of calendar axes; a month step is a number of months. */
const TIME_STEPS: readonly { readonly ms: number; readonly months?: number }[] = [
  ...[1, 5, 15, 30].map((n) => ({ ms: n * SECOND })),
  ...[1, 5, 15, 30].map((n) => ({ ms: n * MINUTE })),
  ...[1, 3, 6, 12].map((n) => ({ ms: n * HOUR })),
  ...[1, 2, 7, 14].map((n) => ({ ms: n * DAY })),
  ...[1, 3, 6, 12, 24, 60, 120].map((n) => ({ ms: n * MONTH, months: n })),
];

/** The step whose ratio to the wanted one is nearest to 1. */
function nearestTimeStep(rough: number): (typeof TIME_STEPS)[number] {
  const distance = (step: { readonly ms: number }): number => Math.abs(Math.log(step.ms / rough));
  return TIME_STEPS.reduce((best, step) => (distance(step) < distance(best) ? step : best));
}

function timeScale({ domain, range, tickCount }: ScaleOptions): Scale {
  const [low, high] = widen(domain);
  const rough = (high - low) / Math.max(1, tickCount);
  const fallback = { ms: niceStep(high - low, tickCount) };
  const step = rough < 500 || rough > 200 * 12 * MONTH ? fallback : nearestTimeStep(rough);
  const values =
    "months" in step && step.months !== undefined
      ? monthTicks([low, high], step.months)
      : multiples([low, high], step.ms);
  const ticks = values.map((value) => ({ value, text: formatTime(value, step.ms) }));
  return makeScale((value) => (value - low) / (high - low), [low, high], range, ticks);
}

function monthTicks([low, high]: readonly [number, number], months: number): number[] {
  const start = new Date(low);
  const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
  const ticks: number[] = [];
  for (let month = Math.floor(first / months) * months; ; month += months) {
    const value = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (value > high) return ticks;
    if (value >= low) ticks.push(value);
  }
}

const MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A time as exact as the step between ticks asks for. */
export function formatTime(ms: number, step: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  const month = MONTH_NAMES[date.getUTCMonth()] ?? "";
  if (step >= 12 * MONTH) return String(date.getUTCFullYear());
  if (step >= MONTH) return date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : month;
  if (step >= DAY) return `${date.getUTCDate()} ${month}`;
  if (step >= MINUTE) return clock === "00:00" ? `${date.getUTCDate()} ${month}` : clock;
  return `${clock}:${two(date.getUTCSeconds())}`;
}
