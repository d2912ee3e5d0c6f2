/** @file Box plots: quartiles, whiskers at 1.5 times the box (Tukey), points beyond them. */
import { checkSome, type NumberList, toNumbers } from "./data.ts";
import { type Area, drawFrame, drawTickText, FONT_SIZE, type PlotOptions } from "./frame.ts";
import { extent, formatValue, type Scale } from "./scale.ts";
import { element, fitText, px, tooltip } from "./svg.ts";

/** Five numbers that stand for a distribution. */
export interface BoxSummary {
  readonly low: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly high: number;
  readonly outliers?: NumberList;
}

/** One box: from its values, or from five numbers computed elsewhere. */
export type BoxGroup = { readonly name: string } & (
  | { readonly values: NumberList }
  | { readonly summary: BoxSummary }
);

interface Box {
  readonly name: string;
  readonly summary: BoxSummary;
  readonly outliers: Float64Array;
}

const MAX_OUTLIERS = 200;

/**
 * Boxes as SVG text, one for each group.
 *
 * Errors: `InvalidArgument` when there are no groups, or a group has no values.
 *
 * @example
 * import { boxPlot } from "heddle/diagnostics";
 * const svg = boxPlot([{ name: "ORD", values: [1, 2, 3, 4, 50] }], { y: { label: "delay" } });
 * console.log(svg.includes("ORD"));
 */
export function boxPlot(groups: readonly BoxGroup[], options: PlotOptions = {}): string {
  checkSome("groups", groups.length);
  const boxes = groups.map(boxOf);
  const ends = boxes.flatMap(({ summary, outliers }) => [
    summary.low,
    summary.high,
    ...extent(outliers.length > 0 ? outliers : [summary.median]),
  ]);
  const medians = boxes.map(({ name, summary }) => `${name} ${formatValue(summary.median)}`);
  return drawFrame({
    options,
    bottomPad: FONT_SIZE + 10,
    xDomain: [0, boxes.length],
    yDomain: extent(ends),
    ownX: true,
    description: `Box plot of ${boxes.length} groups. Medians: ${medians.join(", ")}.`,
    draw: ({ y, area }) => boxes.map((box, i) => drawBox(box, i, boxes.length, y, area)).join(""),
  });
}

function boxOf(group: BoxGroup): Box {
  if ("summary" in group) {
    const outliers = toNumbers(group.summary.outliers ?? [], "outliers");
    return { name: group.name, summary: group.summary, outliers };
  }
  const all = toNumbers(group.values, group.name);
  const sorted = all.filter((value) => Number.isFinite(value)).sort();
  checkSome(`the group ${group.name}`, sorted.length);
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  const reach = 1.5 * ((q3 ?? 0) - (q1 ?? 0));
  const isInside = (value: number): boolean =>
    value >= (q1 ?? 0) - reach && value <= (q3 ?? 0) + reach;
  const inside = sorted.filter(isInside);
  const outliers = sorted.filter((value) => !isInside(value));
  const summary = {
    low: inside[0] ?? q1 ?? 0,
    q1: q1 ?? 0,
    median: median ?? 0,
    q3: q3 ?? 0,
    high: inside.at(-1) ?? q3 ?? 0,
  };
  return { name: group.name, summary, outliers };
}

/** Linear interpolation between order statistics, NumPy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

function drawBox(box: Box, at: number, count: number, y: Scale, area: Area): string {
  const slot = (area.right - area.left) / count;
  const middle = area.left + (at + 0.5) * slot;
  const half = Math.min(34, slot * 0.3);
  const { low, q1, median, q3, high } = box.summary;
  const whiskers =
    `M${px(middle)} ${px(y(q3))}V${px(y(high))}M${px(middle - half / 2)} ${px(y(high))}h${px(half)}` +
    `M${px(middle)} ${px(y(q1))}V${px(y(low))}M${px(middle - half / 2)} ${px(y(low))}h${px(half)}`;
  const numbers = [low, q1, median, q3, high].map(formatValue).join(", ");
  const place = { x: middle - half, y: y(q3), width: 2 * half, height: y(q1) - y(q3) };
  const medianLine = `M${px(middle - half)} ${px(y(median))}h${px(2 * half)}`;
  return [
    element("path", { d: whiskers, class: "hp-ink-line", "stroke-width": 1.3, fill: "none" }),
    element(
      "rect",
      { ...place, class: "hp-f0", opacity: 0.75 },
      tooltip(`${box.name}: ${numbers}`),
    ),
    element("path", { d: medianLine, class: "hp-ink-line", "stroke-width": 2.5 }),
    ...thinned(box.outliers).map((value) =>
      element("circle", { cx: middle, cy: y(value), r: 2.2, class: "hp-s0", fill: "none" }),
    ),
    drawTickText(fitText(box.name, slot - 4, FONT_SIZE), middle, area.bottom + FONT_SIZE + 6),
  ].join("");
}

/** Evenly chosen values, the outermost among them, so that a box of a million rows stays small. */
function thinned(values: Float64Array): number[] {
  if (values.length <= MAX_OUTLIERS) return Array.from(values);
  const step = (values.length - 1) / (MAX_OUTLIERS - 1);
  return Array.from({ length: MAX_OUTLIERS }, (_, i) => values[Math.round(i * step)] ?? 0);
}
