/**
 * @file Colours of plots. Series colours keep a contrast of 3:1 to the paper in both themes and can
 * be told apart with the common kinds of colour blindness (after Okabe and Ito, darkened for white
 * paper); lines differ by dashes and points by shape as well. Heat maps use cividis.
 */

/** Which colours: fixed, or those the reader's system prefers. */
export type Theme = "auto" | "light" | "dark";

interface Colors {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly series: readonly string[];
}

const LIGHT: Colors = {
  paper: "#ffffff",
  ink: "#1b1f24",
  muted: "#57606a",
  grid: "#e3e6ea",
  series: ["#0072b2", "#d55e00", "#00805e", "#b0508f", "#8a6a00", "#3b7ea1", "#6e6e6e", "#7a3e9d"],
};

const DARK: Colors = {
  paper: "#14171c",
  ink: "#e8eaed",
  muted: "#a3abb5",
  grid: "#2c323a",
  series: ["#56b4e9", "#ff9152", "#2fc99e", "#e59ac9", "#e6c229", "#8fd0ef", "#b4b4b4", "#c39be0"],
};

/** Number of series that have a colour of their own; more share them, with other dashes. */
export const SERIES_COLORS: number = LIGHT.series.length;

/** Dash patterns of lines, by series: solid first. */
export const DASHES: readonly (string | undefined)[] = [
  undefined,
  "6 3",
  "2 3",
  "8 3 2 3",
  "4 2",
  "1 2",
  "10 4",
  "6 2 2 2 2 2",
];

function rules({ paper, ink, muted, grid, series }: Colors): string {
  const fills = series.map((color, i) => `.hp-f${i}{fill:${color}}.hp-s${i}{stroke:${color}}`);
  return [
    `.hp-paper{fill:${paper}}.hp-paper-line{stroke:${paper}}`,
    `.hp-ink{fill:${ink}}.hp-muted{fill:${muted}}`,
    `.hp-axis{stroke:${muted}}.hp-grid{stroke:${grid}}.hp-ink-line{stroke:${ink}}`,
    ...fills,
  ].join("");
}

const FONT = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',Roboto,Helvetica,Arial,sans-serif";

/** The style sheet of a plot. Classes only, no variables: image converters understand it too. */
export function styleSheet(theme: Theme): string {
  const base = `.hp-text{font-family:${FONT}}`;
  const own = rules(theme === "dark" ? DARK : LIGHT);
  if (theme !== "auto") return base + own;
  return `${base}${own}@media (prefers-color-scheme:dark){${rules(DARK)}}`;
}

/** Cividis, from low to high: even in lightness, equal for all kinds of colour vision. */
const CIVIDIS: readonly (readonly [number, number, number])[] = [
  [0, 32, 77],
  [0, 48, 111],
  [57, 72, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [166, 157, 117],
  [197, 181, 104],
  [229, 207, 82],
  [253, 234, 69],
];

/** The heat colour at `share` from 0 to 1. */
export function heatColor(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1);
  const low = CIVIDIS[Math.floor(at)] ?? [0, 0, 0];
  const high = CIVIDIS[Math.ceil(at)] ?? [0, 0, 0];
  const mixed = low.map((channel, i) =>
    Math.round(channel + ((high[i] ?? 0) - channel) * (at - Math.floor(at))),
  );
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
