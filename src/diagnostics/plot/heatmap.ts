/** @file Heat maps: a number for each cell of a grid, such as a two-dimensional histogram. */
import { HeddleError } from "../../core/errors.ts";
import { checkSameLength, type NumberList, toNumbers } from "./data.ts";
import { type Area, drawFrame, FONT_SIZE, type PlotOptions } from "./frame.ts";
import { createScale, extent, formatValue, type Scale } from "./scale.ts";
import { element, px, textElement, tooltip } from "./svg.ts";
import { heatColor } from "./theme.ts";

/** A grid of values: `values[i][j]` lies between x edges i and i+1 and y edges j and j+1. */
export interface HeatmapData {
  readonly values: readonly NumberList[];
  /** Default 0, 1, 2, … */
  readonly xEdges?: NumberList;
  readonly yEdges?: NumberList;
}

/** Options of heat maps. */
export interface HeatmapOptions extends PlotOptions {
  /** How colours count; default "linear". With "log", cells of zero and less stay empty. */
  readonly colorScale?: "linear" | "log";
  /** What the colours mean, shown beside them. */
  readonly colorLabel?: string;
}

/** Above this many cells they carry no tooltips, and cells of one colour become one path. */
const MAX_LIVE_CELLS = 2500;
const SHADES = 48;

/**
 * A heat map as SVG text, first index along x, as `histogram2d` returns it.
 *
 * Errors: `InvalidArgument` for rows of different lengths or edges that do not fit.
 *
 * @example
 * import { heatmapPlot } from "heddle/diagnostics";
 * const values = [[1, 2], [3, 4]];
 * const svg = heatmapPlot({ values }, { title: "Counts", colorLabel: "flights" });
 * console.log(svg.includes("flights"));
 */
export function heatmapPlot(data: HeatmapData, options: HeatmapOptions = {}): string {
  const columns = data.values.map((column, i) => toNumbers(column, `values[${i}]`));
  const height = columns[0]?.length ?? 0;
  if (height === 0) throw new HeddleError("InvalidArgument", "values is empty: nothing to plot");
  for (const [i, column] of columns.entries()) {
    checkSameLength(`values[${i}]`, column.length, "values[0]", height);
  }
  const xEdges = edgesOf(data.xEdges, "xEdges", columns.length);
  const yEdges = edgesOf(data.yEdges, "yEdges", height);
  const isLog = options.colorScale === "log";
  const shown = columns.flatMap((column) => Array.from(column).filter((v) => !isLog || v > 0));
  const [low, high] = extent(shown);
  const color = createScale({
    kind: isLog ? "log" : "linear",
    domain: isLog ? [low, high] : [Math.min(0, low), high],
    range: [0, 1],
    tickCount: 5,
  });
  return drawFrame({
    options,
    rightPad: 74,
    xDomain: extent(xEdges),
    yDomain: extent(yEdges),
    niceY: false,
    description: `Heat map of ${columns.length} by ${height} cells, values from ${formatValue(low)} to ${formatValue(high)}.`,
    draw: ({ x, y, area }) =>
      drawCells(columns, { x, y, xEdges, yEdges, color, isLog }) +
      drawColorBar(color, area, options.colorLabel ?? ""),
  });
}

function edgesOf(given: NumberList | undefined, name: string, cells: number): Float64Array {
  if (given === undefined) return Float64Array.from({ length: cells + 1 }, (_, i) => i);
  const edges = toNumbers(given, name);
  checkSameLength(name, edges.length, "values", cells + 1);
  return edges;
}

interface Grid {
  readonly x: Scale;
  readonly y: Scale;
  readonly xEdges: Float64Array;
  readonly yEdges: Float64Array;
  readonly color: Scale;
  readonly isLog: boolean;
}

function drawCells(columns: readonly Float64Array[], grid: Grid): string {
  const isLive = columns.length * (columns[0]?.length ?? 0) <= MAX_LIVE_CELLS;
  const paths = new Map<string, string>();
  let cells = "";
  for (const [i, column] of columns.entries()) {
    for (const [j, value] of column.entries()) {
      if (!Number.isFinite(value) || (grid.isLog && value <= 0)) continue;
      const shade = heatColor(Math.round(grid.color(value) * SHADES) / SHADES);
      const box = cellBox(grid, i, j);
      if (isLive) {
        const text = `${cellName(grid, i, j)}: ${formatValue(value)}`;
        cells += element("rect", { ...box, fill: shade }, tooltip(text));
      } else {
        const d = `M${px(box.x)} ${px(box.y)}h${px(box.width)}v${px(box.height)}h${px(-box.width)}z`;
        paths.set(shade, (paths.get(shade) ?? "") + d);
      }
    }
  }
  const merged = [...paths].map(([fill, d]) => element("path", { d, fill }));
  return element("g", { "shape-rendering": "crispEdges" }, cells + merged.join(""));
}

function cellBox(
  { x, y, xEdges, yEdges }: Grid,
  i: number,
  j: number,
): { x: number; y: number; width: number; height: number } {
  const [left, right] = [x(xEdges[i] ?? 0), x(xEdges[i + 1] ?? 0)];
  const [bottom, top] = [y(yEdges[j] ?? 0), y(yEdges[j + 1] ?? 0)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function cellName({ xEdges, yEdges }: Grid, i: number, j: number): string {
  const range = (edges: Float64Array, at: number): string =>
    `${formatValue(edges[at] ?? 0)} to ${formatValue(edges[at + 1] ?? 0)}`;
  return `${range(xEdges, i)}, ${range(yEdges, j)}`;
}

const BAR_STEPS = 32;

function drawColorBar(color: Scale, area: Area, label: string): string {
  const left = area.right + 16;
  const height = area.bottom - area.top;
  const step = height / BAR_STEPS;
  const boxes = Array.from({ length: BAR_STEPS }, (_, i) =>
    element("rect", {
      x: left,
      y: area.bottom - (i + 1) * step,
      width: 14,
      height: step + 0.5,
      fill: heatColor((i + 0.5) / BAR_STEPS),
    }),
  );
  const ticks = color.ticks.map(({ value, text }) =>
    textElement(text, {
      x: left + 19,
      y: area.bottom - color(value) * height + 4,
      class: "hp-text hp-muted",
      "font-size": FONT_SIZE,
    }),
  );
  const title = textElement(label, {
    x: left + 14,
    y: area.top - 6,
    "text-anchor": "middle",
    class: "hp-text hp-ink",
    "font-size": FONT_SIZE,
  });
  return boxes.join("") + ticks.join("") + (label === "" ? "" : title);
}
