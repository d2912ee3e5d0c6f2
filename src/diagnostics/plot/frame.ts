/**
 * @file What all plots share: sizes and margins, title, axes with ticks and units, grid, legend,
 * and the words for readers who do not see the picture.
 */
import { createScale, type Scale, type ScaleKind } from "./scale.ts";
import { element, escapeText, fitText, px, textElement, textWidth } from "./svg.ts";
import { DASHES, SERIES_COLORS, styleSheet, type Theme } from "./theme.ts";

/** One axis. */
export interface AxisOptions {
  /** What is shown, such as "delay". */
  readonly label?: string;
  /** Its unit, such as "min"; shown behind the label. */
  readonly unit?: string;
  /** How it counts; default "linear", and "time" where the values are dates. */
  readonly scale?: ScaleKind;
  /** First and last value; default those of the data. */
  readonly domain?: readonly [number, number];
}

/** Options of every plot. */
export interface PlotOptions {
  readonly title?: string;
  /** A smaller line below the title. */
  readonly subtitle?: string;
  /** What the picture shows, for those who do not see it; default: made from the data. */
  readonly description?: string;
  readonly x?: AxisOptions;
  readonly y?: AxisOptions;
  /** Pixels; default 640. */
  readonly width?: number;
  /** Pixels; default 400, and by number of bars for horizontal bars. */
  readonly height?: number;
  /** Default "auto": what the reader's system prefers. */
  readonly theme?: Theme;
}

/** The rectangle of the data, in pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const FONT_SIZE = 12;
const TITLE_SIZE = 16;
const GAP = 8;

/** A name in the legend; `series` is the number of its colour. */
export interface LegendEntry {
  readonly name: string;
  readonly series: number;
  readonly shape: "line" | "square" | "dot";
}

/** What a kind of plot tells the frame. */
export interface FrameParts {
  readonly options: PlotOptions;
  readonly defaultHeight?: number;
  /** Extra room in pixels. */
  readonly rightPad?: number;
  readonly leftLabels?: readonly string[];
  readonly bottomPad?: number;
  readonly legend?: readonly LegendEntry[];
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly xKind?: ScaleKind;
  /** Axes that are drawn by the plot itself (categories). */
  readonly ownX?: boolean;
  readonly ownY?: boolean;
  readonly niceX?: boolean;
  readonly niceY?: boolean;
  readonly description: string;
  /** Draws the data; may use the scales and the area. */
  draw(scales: { x: Scale; y: Scale; area: Area }): string;
}

/** The whole picture as SVG text. */
export function drawFrame(parts: FrameParts): string {
  const { options } = parts;
  const width = options.width ?? 640;
  const height = options.height ?? parts.defaultHeight ?? 400;
  const legend = parts.legend ?? [];
  const head = drawHead(options, legend, width);
  const yTexts = parts.leftLabels ?? yTickTexts(parts, height - head.height - 40);
  const left =
    GAP +
    Math.max(0, ...yTexts.map((text) => textWidth(text, FONT_SIZE))) +
    (axisText(options.y) === "" ? 4 : FONT_SIZE + 10) +
    6;
  const bottomText = axisText(options.x) === "" ? 0 : FONT_SIZE + 8;
  const ticksHeight = parts.ownX === true ? 0 : FONT_SIZE + 10;
  const area: Area = {
    left,
    top: head.height,
    right: width - 20 - (parts.rightPad ?? 0),
    bottom: height - GAP - 4 - bottomText - ticksHeight - (parts.bottomPad ?? 0),
  };
  const scales = makeScales(parts, area);
  const body = [
    parts.ownY === true ? "" : drawYAxis(scales.y, area),
    parts.ownX === true ? "" : drawXAxis(scales.x, area),
    drawAxisLabels(options, area, height),
    parts.draw({ ...scales, area }),
  ];
  return wrapSvg(parts, width, height, head.text + body.join(""));
}

function makeScales(parts: FrameParts, area: Area): { x: Scale; y: Scale } {
  const { options } = parts;
  const x = createScale({
    kind: options.x?.scale ?? parts.xKind ?? "linear",
    domain: options.x?.domain ?? parts.xDomain,
    range: [area.left, area.right],
    tickCount: Math.max(2, Math.round((area.right - area.left) / 85)),
    nice: parts.niceX === true && options.x?.domain === undefined,
  });
  const y = createScale({
    kind: options.y?.scale ?? "linear",
    domain: options.y?.domain ?? parts.yDomain,
    range: [area.bottom, area.top],
    tickCount: Math.max(2, Math.round((area.bottom - area.top) / 55)),
    nice: parts.niceY !== false && options.y?.domain === undefined,
  });
  return { x, y };
}

/** Texts of the y axis before its place is known: only their widths matter. */
function yTickTexts(parts: FrameParts, height: number): string[] {
  const area = { left: 0, right: 100, top: 0, bottom: Math.max(60, height) };
  return makeScales(parts, area).y.ticks.map((tick) => tick.text);
}

function axisText(axis: AxisOptions | undefined): string {
  if (axis?.label === undefined) return axis?.unit ?? "";
  return axis.unit === undefined ? axis.label : `${axis.label} (${axis.unit})`;
}

function drawHead(
  options: PlotOptions,
  legend: readonly LegendEntry[],
  width: number,
): { text: string; height: number } {
  let y = GAP + 4;
  let text = "";
  const line = (content: string, size: number, className: string, weight?: number): void => {
    y += size;
    text += textElement(fitText(content, width - 2 * GAP - 8, size), {
      x: GAP + 4,
      y,
      class: `hp-text ${className}`,
      "font-size": size,
      "font-weight": weight,
    });
    y += 5;
  };
  if (options.title !== undefined) line(options.title, TITLE_SIZE, "hp-ink", 600);
  if (options.subtitle !== undefined) line(options.subtitle, FONT_SIZE + 1, "hp-muted");
  if (legend.length > 1) {
    const drawn = drawLegend(legend, y + 4, width);
    text += drawn.text;
    y = drawn.bottom;
  }
  return { text, height: y + 10 };
}

function drawLegend(
  legend: readonly LegendEntry[],
  top: number,
  width: number,
): { text: string; bottom: number } {
  let x = GAP + 4;
  let y = top + FONT_SIZE;
  let text = "";
  for (const { name, series, shape } of legend) {
    const entryWidth = 26 + textWidth(name, FONT_SIZE) + 16;
    if (x + entryWidth > width && x > GAP + 4) {
      x = GAP + 4;
      y += FONT_SIZE + 8;
    }
    text += legendMark(shape, series, x, y - 4);
    text += textElement(name, { x: x + 26, y, class: "hp-text hp-ink", "font-size": FONT_SIZE });
    x += entryWidth;
  }
  return { text, bottom: y + 6 };
}

function legendMark(shape: LegendEntry["shape"], series: number, x: number, y: number): string {
  if (shape === "line") {
    return element("path", { d: `M${px(x)} ${px(y)}h20`, ...lineStyle(series) });
  }
  if (shape === "dot") return drawPoint(series, x + 10, y, 4);
  return element("rect", { x: x + 4, y: y - 6, width: 12, height: 12, class: fillClass(series) });
}

/** Class that fills with the colour of a series. */
export function fillClass(series: number): string {
  return `hp-f${series % SERIES_COLORS}`;
}

/** Attributes of a line of a series: colour and dashes. */
export function lineStyle(series: number): Record<string, string | undefined> {
  return {
    class: `hp-s${series % SERIES_COLORS}`,
    fill: "none",
    "stroke-width": "2",
    "stroke-linejoin": "round",
    "stroke-dasharray": DASHES[series % DASHES.length],
  };
}

/** The point of a series: its shape differs as well as its colour. */
export function drawPoint(series: number, x: number, y: number, radius: number): string {
  const className = fillClass(series);
  const shape = series % 4;
  if (shape === 0) return element("circle", { cx: x, cy: y, r: radius, class: className });
  const r = radius * 1.15;
  const path =
    shape === 1
      ? `M${px(x - r)} ${px(y - r)}h${px(2 * r)}v${px(2 * r)}h${px(-2 * r)}z`
      : shape === 2
        ? `M${px(x)} ${px(y - 1.3 * r)}l${px(1.2 * r)} ${px(2.1 * r)}h${px(-2.4 * r)}z`
        : `M${px(x)} ${px(y - 1.4 * r)}l${px(1.4 * r)} ${px(1.4 * r)}l${px(-1.4 * r)} ${px(1.4 * r)}l${px(-1.4 * r)} ${px(-1.4 * r)}z`;
  return element("path", { d: path, class: className });
}

function drawYAxis(scale: Scale, area: Area): string {
  return scale.ticks
    .map(({ value, text }) => {
      const y = scale(value);
      const line = `M${px(area.left)} ${px(y)}H${px(area.right)}`;
      return (
        element("path", { d: line, class: "hp-grid", "stroke-width": 1 }) +
        textElement(text, {
          x: area.left - 6,
          y: y + 4,
          "text-anchor": "end",
          class: "hp-text hp-muted",
          "font-size": FONT_SIZE,
        })
      );
    })
    .join("");
}

function drawXAxis(scale: Scale, area: Area): string {
  const base = element("path", {
    d: `M${px(area.left)} ${px(area.bottom)}H${px(area.right)}`,
    class: "hp-axis",
    "stroke-width": 1,
  });
  const marks = scale.ticks.map(({ value, text }) => {
    const x = scale(value);
    return (
      element("path", {
        d: `M${px(x)} ${px(area.bottom)}v5`,
        class: "hp-axis",
        "stroke-width": 1,
      }) + drawTickText(text, x, area.bottom + FONT_SIZE + 6)
    );
  });
  return base + marks.join("");
}

/** The text below a tick of the x axis. */
export function drawTickText(text: string, x: number, y: number): string {
  return textElement(text, {
    x,
    y,
    "text-anchor": "middle",
    class: "hp-text hp-muted",
    "font-size": FONT_SIZE,
  });
}

function drawAxisLabels(options: PlotOptions, area: Area, height: number): string {
  const xText = axisText(options.x);
  const yText = axisText(options.y);
  const style = { class: "hp-text hp-ink", "font-size": FONT_SIZE, "text-anchor": "middle" };
  const middleY = (area.top + area.bottom) / 2;
  const middleX = (area.left + area.right) / 2;
  const x = xText === "" ? "" : textElement(xText, { x: middleX, y: height - GAP - 4, ...style });
  const turn = `rotate(-90 ${px(GAP + FONT_SIZE)} ${px(middleY)})`;
  const y =
    yText === ""
      ? ""
      : textElement(yText, { x: GAP + FONT_SIZE, y: middleY, transform: turn, ...style });
  return x + y;
}

function wrapSvg(parts: FrameParts, width: number, height: number, content: string): string {
  const { options } = parts;
  const title = options.title ?? "Plot";
  const description = options.description ?? parts.description;
  const id = `hp${hashText(content + title)}`;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${px(width)} ${px(height)}`,
      width,
      height,
      style: "max-width:100%;height:auto",
      role: "img",
      "aria-labelledby": `${id}t ${id}d`,
    },
    element("title", { id: `${id}t` }, escapeText(title)),
    element("desc", { id: `${id}d` }, escapeText(description)),
    `<style>${styleSheet(options.theme ?? "auto")}</style>`,
    element("rect", { width, height, class: "hp-paper" }),
    content,
  );
}

/** FNV-1a: several plots of one page need different ids, the same plot always the same. */
function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}
