/** @file Points in the plane, in one or several groups. */
import { checkSameLength, checkSome, isDates, type NumberList, toNumbers } from "./data.ts";
import { drawFrame, drawPoint, type PlotOptions } from "./frame.ts";
import { extent, formatValue, type Scale } from "./scale.ts";
import { element, px } from "./svg.ts";
import { SERIES_COLORS } from "./theme.ts";

/** A group of points. */
export interface PointSeries {
  readonly name?: string;
  readonly x: NumberList;
  readonly y: NumberList;
}

/** Above this many points of a group they become one path of small dots. */
const MAX_LIVE_POINTS = 1500;

interface Points {
  readonly name: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * Points as SVG text. Groups differ by colour and shape; many points are drawn small and
 * see-through, so that dense places look dense.
 *
 * Errors: `InvalidArgument` for empty data or lists of different lengths.
 *
 * @example
 * import { scatterPlot } from "heddle/diagnostics";
 * const svg = scatterPlot([{ x: [1, 2, 3], y: [2, 4, 5] }], { title: "Distance and delay" });
 * console.log(svg.startsWith("<svg"));
 */
export function scatterPlot(series: readonly PointSeries[], options: PlotOptions = {}): string {
  checkSome("series", series.length);
  const groups = series.map((group, i): Points => {
    const x = toNumbers(group.x, `series[${i}].x`);
    const y = toNumbers(group.y, `series[${i}].y`);
    checkSameLength(`series[${i}].y`, y.length, `series[${i}].x`, x.length);
    return { name: group.name ?? `group ${i + 1}`, x, y };
  });
  checkSome("series[0].x", groups[0]?.x.length ?? 0);
  return drawFrame({
    options,
    xDomain: padded(groups.map(({ x }) => x)),
    yDomain: padded(groups.map(({ y }) => y)),
    xKind: series.some(({ x }) => isDates(x)) ? "time" : "linear",
    legend: groups.map(({ name }, i) => ({ name, series: i, shape: "dot" })),
    description: describe(groups),
    draw: ({ x, y }) => groups.map((group, i) => drawGroup(group, i, x, y)).join(""),
  });
}

/** The extent of all lists with a little room, so that no point lies on an axis. */
function padded(lists: readonly Float64Array[]): [number, number] {
  const [low, high] = extent(lists.flatMap((list) => extent(list)));
  const pad = (high - low) * 0.03;
  return [low - pad, high + pad];
}

function describe(groups: readonly Points[]): string {
  const parts = groups.map(({ name, x, y }) => {
    const [xLow, xHigh] = extent(x).map(formatValue);
    const [yLow, yHigh] = extent(y).map(formatValue);
    return `${name}: ${x.length} points, x from ${xLow} to ${xHigh}, y from ${yLow} to ${yHigh}`;
  });
  return `Scatter plot. ${parts.join("; ")}.`;
}

function drawGroup({ x, y }: Points, series: number, xScale: Scale, yScale: Scale): string {
  const isDense = x.length > MAX_LIVE_POINTS;
  let points = "";
  for (let i = 0; i < x.length; i++) {
    const [left, top] = [xScale(x[i] ?? 0), yScale(y[i] ?? 0)];
    if (!Number.isFinite(left) || !Number.isFinite(top)) continue;
    points += isDense ? `M${px(left)} ${px(top)}h0` : drawPoint(series, left, top, 3.5);
  }
  if (!isDense) return element("g", { opacity: 0.8 }, points);
  return element("path", {
    d: points,
    class: `hp-s${series % SERIES_COLORS}`,
    "stroke-width": 3,
    "stroke-linecap": "round",
    opacity: x.length > 20_000 ? 0.3 : 0.6,
  });
}
