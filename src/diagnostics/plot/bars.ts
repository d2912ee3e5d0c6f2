/** @file Bars for categories, standing or lying, one or several for each category. */
import { checkSameLength, checkSome, type NumberList, toNumbers } from "./data.ts";
import {
  type Area,
  drawFrame,
  drawTickText,
  FONT_SIZE,
  fillClass,
  type PlotOptions,
} from "./frame.ts";
import { extent, formatValue, type Scale } from "./scale.ts";
import { element, fitText, px, textElement, textWidth, tooltip } from "./svg.ts";

/** Values for categories: one list, or several named ones side by side. */
export interface BarData {
  readonly labels: readonly string[];
  readonly values: NumberList | readonly { readonly name: string; readonly values: NumberList }[];
}

interface BarSeries {
  readonly name: string;
  readonly values: Float64Array;
}

function seriesOf(data: BarData): BarSeries[] {
  checkSome("labels", data.labels.length);
  const lists = isNamed(data.values) ? data.values : [{ name: "value", values: data.values }];
  return lists.map(({ name, values }) => {
    const numbers = toNumbers(values, name);
    checkSameLength(name, numbers.length, "labels", data.labels.length);
    return { name, values: numbers };
  });
}

function isNamed(
  values: BarData["values"],
): values is readonly { readonly name: string; readonly values: NumberList }[] {
  return values.length > 0 && typeof values[0] === "object" && !(values[0] instanceof Date);
}

/** Bars start at zero: their length is the value. */
function barDomain(series: readonly BarSeries[]): [number, number] {
  const [low, high] = extent(series.flatMap(({ values }) => extent(values)));
  return [Math.min(0, low), Math.max(0, high)];
}

function describe(data: BarData, series: readonly BarSeries[]): string {
  const parts = series.flatMap(({ name, values }) => {
    const best = values.indexOf(Math.max(...values));
    if (best < 0) return [];
    const most = `${data.labels[best]} with ${formatValue(values[best] ?? 0)}`;
    return [series.length === 1 ? `largest: ${most}` : `${name}: largest ${most}`];
  });
  return `Bar chart of ${data.labels.length} categories; ${parts.join("; ")}.`;
}

/**
 * Standing bars as SVG text. Labels that do not fit side by side are turned.
 *
 * Errors: `InvalidArgument` for empty data or lists of different lengths.
 *
 * @example
 * import { barPlot } from "heddle/diagnostics";
 * const svg = barPlot({ labels: ["Mon", "Tue"], values: [3, 5] }, { title: "Flights" });
 * console.log(svg.includes("Mon"));
 */
export function barPlot(data: BarData, options: PlotOptions = {}): string {
  const series = seriesOf(data);
  const slot = ((options.width ?? 640) - 90) / data.labels.length;
  const widest = Math.max(...data.labels.map((label) => textWidth(label, FONT_SIZE)));
  const isTurned = widest > slot - 2;
  const labelRoom = isTurned ? Math.min(110, widest * 0.75 + 14) : FONT_SIZE + 10;
  return drawFrame({
    options,
    bottomPad: labelRoom,
    legend: series.map(({ name }, i) => ({ name, series: i, shape: "square" })),
    xDomain: [0, data.labels.length],
    yDomain: barDomain(series),
    ownX: true,
    description: describe(data, series),
    draw: ({ y, area }) => {
      const bars = data.labels.map((label, i) => standingBars(series, i, label, y, area, data));
      return bars.join("") + drawLabels(data.labels, area, isTurned) + zeroLine(y, area);
    },
  });
}

function standingBars(
  series: readonly BarSeries[],
  at: number,
  label: string,
  y: Scale,
  area: Area,
  data: BarData,
): string {
  const slot = (area.right - area.left) / data.labels.length;
  const gap = Math.min(slot * 0.2, 12);
  const width = Math.max(0.5, (slot - gap) / series.length);
  return series
    .map(({ name, values }, i) => {
      const value = values[at] ?? Number.NaN;
      if (!Number.isFinite(value)) return "";
      const [top, bottom] = [y(Math.max(0, value)), y(Math.min(0, value))];
      const left = area.left + at * slot + gap / 2 + i * width;
      const place = { x: left, y: top, width: Math.max(0.5, width - 1), height: bottom - top };
      const who = series.length === 1 ? label : `${label}, ${name}`;
      const text = tooltip(`${who}: ${formatValue(value)}`);
      return element("rect", { ...place, class: fillClass(i) }, text);
    })
    .join("");
}

function zeroLine(y: Scale, area: Area): string {
  const d = `M${px(area.left)} ${px(y(0))}H${px(area.right)}`;
  return element("path", { d, class: "hp-axis", "stroke-width": 1 });
}

function drawLabels(labels: readonly string[], area: Area, isTurned: boolean): string {
  const slot = (area.right - area.left) / labels.length;
  // So many labels that even turned ones would overlap: every second, third, … is shown.
  const every = isTurned ? Math.max(1, Math.ceil((FONT_SIZE + 2) / slot)) : 1;
  return labels
    .map((label, i) => {
      if (i % every !== 0) return "";
      const x = area.left + (i + 0.5) * slot;
      const y = area.bottom + FONT_SIZE + 4;
      if (!isTurned) return drawTickText(label, x, y);
      return textElement(fitText(label, 130, FONT_SIZE), {
        x,
        y: y - 2,
        transform: `rotate(-40 ${px(x)} ${px(y - 2)})`,
        "text-anchor": "end",
        class: "hp-text hp-muted",
        "font-size": FONT_SIZE,
      });
    })
    .join("");
}

const ROW = 26;

/**
 * Lying bars as SVG text, the first category on top, each with its value: the form for long names
 * and rankings.
 *
 * Errors: `InvalidArgument` for empty data or lists of different lengths.
 *
 * @example
 * import { horizontalBarPlot } from "heddle/diagnostics";
 * const svg = horizontalBarPlot(
 *   { labels: ["Newark to Chicago", "Boston to Dallas"], values: [42.5, 17] },
 *   { title: "Mean delay", x: { unit: "min" } },
 * );
 * console.log(svg.includes("42.5"));
 */
export function horizontalBarPlot(data: BarData, options: PlotOptions = {}): string {
  const series = seriesOf(data);
  const width = options.width ?? 640;
  const labels = data.labels.map((label) => fitText(label, width * 0.38, FONT_SIZE));
  const texts = series.flatMap(({ values }) => Array.from(values, formatValue));
  const headRoom = 70 + (options.title === undefined ? 0 : 24) + (series.length > 1 ? 26 : 0);
  return drawFrame({
    options,
    defaultHeight: headRoom + data.labels.length * Math.max(ROW, 14 * series.length + 8),
    leftLabels: labels,
    rightPad: Math.max(...texts.map((text) => textWidth(text, FONT_SIZE))),
    legend: series.map(({ name }, i) => ({ name, series: i, shape: "square" })),
    xDomain: barDomain(series),
    niceX: true,
    yDomain: [0, 1],
    ownY: true,
    description: describe(data, series),
    draw: ({ x, area }) => gridLines(x, area) + lyingBars(series, labels, data, x, area),
  });
}

function gridLines(x: Scale, area: Area): string {
  return x.ticks
    .map(({ value }) => {
      const d = `M${px(x(value))} ${px(area.top)}V${px(area.bottom)}`;
      return element("path", { d, class: "hp-grid", "stroke-width": 1 });
    })
    .join("");
}

function lyingBars(
  series: readonly BarSeries[],
  labels: readonly string[],
  data: BarData,
  x: Scale,
  area: Area,
): string {
  const slot = (area.bottom - area.top) / labels.length;
  const gap = Math.min(slot * 0.25, 8);
  const height = (slot - gap) / series.length;
  return labels
    .map((label, at) => {
      const middle = area.top + (at + 0.5) * slot;
      const name = textElement(label, {
        x: area.left - 6,
        y: middle + 4,
        "text-anchor": "end",
        class: "hp-text hp-ink",
        "font-size": FONT_SIZE,
      });
      const bars = series.map((one, i) => {
        const top = area.top + at * slot + gap / 2 + i * height;
        const full = data.labels[at] ?? label;
        const who = series.length === 1 ? full : `${full}, ${one.name}`;
        return lyingBar(one.values[at] ?? Number.NaN, who, i, x, top, height);
      });
      return name + bars.join("");
    })
    .join("");
}

function lyingBar(
  value: number,
  who: string,
  series: number,
  x: Scale,
  top: number,
  height: number,
): string {
  if (!Number.isFinite(value)) return "";
  const [left, right] = [x(Math.min(0, value)), x(Math.max(0, value))];
  const text = tooltip(`${who}: ${formatValue(value)}`);
  const place = { x: left, y: top, width: right - left, height: Math.max(0.5, height - 1) };
  const bar = element("rect", { ...place, class: fillClass(series) }, text);
  if (height < FONT_SIZE - 2) return bar;
  return (
    bar +
    textElement(formatValue(value), {
      x: right + 5,
      y: top + height / 2 + 4,
      class: "hp-text hp-muted",
      "font-size": FONT_SIZE - 1,
    })
  );
}
