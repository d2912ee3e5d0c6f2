/** @file Lines over a number or a time. */
import { HeddleError } from "../../core/errors.ts";
import { checkSameLength, checkSome, isDates, type NumberList, toNumbers } from "./data.ts";
import { drawFrame, lineStyle, type PlotOptions } from "./frame.ts";
import { extent, formatValue, type Scale } from "./scale.ts";
import { element, px } from "./svg.ts";

/** One line; NaN and null leave a gap. */
export interface LineSeries {
  readonly name?: string;
  readonly y: NumberList;
}

/** Lines that share their x values. */
export interface LineData {
  /** Default 0, 1, 2, … */
  readonly x?: NumberList;
  readonly series: readonly LineSeries[];
}

/**
 * Lines as SVG text. Dates on x give a calendar axis (UTC).
 *
 * Errors: `InvalidArgument` for empty data or lists of different lengths.
 *
 * @example
 * import { linePlot } from "heddle/diagnostics";
 * const svg = linePlot(
 *   { series: [{ name: "loss", y: [4, 2, 1, 0.5] }] },
 *   { title: "Training", x: { label: "epoch" }, y: { label: "loss" } },
 * );
 * console.log(svg.startsWith("<svg"));
 */
export function linePlot(data: LineData, options: PlotOptions = {}): string {
  checkSeries(data);
  checkSome("series", data.series.length);
  const lines = data.series.map((series, i) => ({
    name: series.name ?? `series ${i + 1}`,
    y: toNumbers(series.y, `series[${i}].y`),
  }));
  const count = lines[0]?.y.length ?? 0;
  checkSome("series[0].y", count);
  const x =
    data.x === undefined
      ? Float64Array.from({ length: count }, (_, i) => i)
      : toNumbers(data.x, "x");
  for (const [i, line] of lines.entries()) {
    checkSameLength(`series[${i}].y`, line.y.length, "x", x.length);
  }
  const [low, high] = extent(lines.flatMap((line) => extent(line.y)));
  // A line near zero reads better from zero; others show their own range.
  const startsAtZero = options.y?.scale !== "log" && low > 0 && low < (high - low) * 0.5;
  return drawFrame({
    options,
    xDomain: extent(x),
    yDomain: startsAtZero ? [0, high] : [low, high],
    xKind: data.x !== undefined && isDates(data.x) ? "time" : "linear",
    legend: lines.map(({ name }, series) => ({ name, series, shape: "line" })),
    description: describe(lines),
    draw: ({ x: xScale, y: yScale }) =>
      lines
        .map(({ y }, series) => {
          const d = linePath(x, y, xScale, yScale);
          return element("path", { d, ...lineStyle(series) });
        })
        .join(""),
  });
}

/** Lists of numbers, as other libraries take them, are told what to be. */
function checkSeries(data: LineData): void {
  if (Array.isArray((data as Partial<LineData> | undefined)?.series)) return;
  throw new HeddleError(
    "InvalidArgument",
    "linePlot takes { x, series: [{ name, y }] }, not lists of numbers: for y over x write " +
      "linePlot({ x, series: [{ y }] })",
  );
}

function describe(lines: readonly { name: string; y: Float64Array }[]): string {
  const parts = lines.map(({ name, y }) => {
    const [low, high] = extent(y);
    return `${name}: ${y.length} values from ${formatValue(low)} to ${formatValue(high)}`;
  });
  return `Line plot. ${parts.join("; ")}.`;
}

/**
 * The path of one line. Several points in one pixel column become its first, lowest, highest and
 * last, which looks the same and keeps a line of a million points small.
 */
function linePath(x: Float64Array, y: Float64Array, xScale: Scale, yScale: Scale): string {
  let path = "";
  let isOpen = false;
  const add = (i: number): void => {
    path += `${isOpen ? "L" : "M"}${px(xScale(x[i] ?? 0))} ${px(yScale(y[i] ?? 0))}`;
    isOpen = true;
  };
  const width = Math.abs(xScale(xScale.domain[1]) - xScale(xScale.domain[0]));
  const isDense = y.length > 4 * width;
  let start = 0;
  while (start < y.length) {
    if (!Number.isFinite(y[start]) || !Number.isFinite(x[start])) {
      isOpen = false;
      start += 1;
      continue;
    }
    const end = isDense ? columnEnd(x, y, xScale, start) : start + 1;
    for (const i of isDense ? columnPoints(y, start, end) : [start]) add(i);
    start = end;
  }
  return path;
}

/** The first index after `start` whose point lies in another pixel column, or is missing. */
function columnEnd(x: Float64Array, y: Float64Array, xScale: Scale, start: number): number {
  const column = Math.floor(xScale(x[start] ?? 0));
  let end = start + 1;
  while (end < y.length && Number.isFinite(y[end]) && Math.floor(xScale(x[end] ?? 0)) === column) {
    end += 1;
  }
  return end;
}

function columnPoints(y: Float64Array, start: number, end: number): number[] {
  let low = start;
  let high = start;
  for (let i = start; i < end; i++) {
    if ((y[i] ?? 0) < (y[low] ?? 0)) low = i;
    if ((y[i] ?? 0) > (y[high] ?? 0)) high = i;
  }
  return [...new Set([start, low, high, end - 1])].sort((a, b) => a - b);
}
