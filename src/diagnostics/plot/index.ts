/** @file Plots as self-contained SVG text: no scripts, no fonts, no network. */
export { type BarData, barPlot, horizontalBarPlot } from "./bars.ts";
export { type BoxGroup, type BoxSummary, boxPlot } from "./box.ts";
export type { NumberList } from "./data.ts";
export type { AxisOptions, PlotOptions } from "./frame.ts";
export { type HeatmapData, type HeatmapOptions, heatmapPlot } from "./heatmap.ts";
export { type HistogramData, histogramPlot } from "./histogram.ts";
export { type LineData, type LineSeries, linePlot } from "./line.ts";
export { toPng } from "./png.ts";
export type { ScaleKind } from "./scale.ts";
export { type PointSeries, scatterPlot } from "./scatter.ts";
export type { Theme } from "./theme.ts";
