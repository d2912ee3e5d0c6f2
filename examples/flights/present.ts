/**
 * @file How the flights example shows its numbers: tables for the terminal, sections with plots for
 * the page.
 */
import { Table } from "heddle/dataframe";
import { barPlot, heatmapPlot, horizontalBarPlot, linePlot } from "heddle/diagnostics";
import { formatNumber, type Row, type Section } from "./report.ts";

/** Flights of one origin or route. */
interface Delays extends Row {
  readonly origin: string;
  readonly flights: number;
  readonly meanDelay: number;
  readonly shareLate: number;
}

/** Everything that the example computes; the last three only for its own data. */
export interface Numbers {
  readonly flights: number;
  readonly byOrigin: readonly Delays[];
  readonly byRoute: readonly (Delays & { readonly destination: string })[];
  readonly worstRoutes: readonly (Delays & {
    readonly destination: string;
    readonly originCity: string;
    readonly destinationCity: string;
  })[];
  readonly perDay: readonly { readonly day: string; readonly flights: number }[];
  readonly perHour: readonly { readonly hour: number; readonly flights: number }[];
  readonly quantiles: readonly { readonly quantile: number; readonly delay: number }[];
  readonly histogram: {
    readonly counts: readonly (readonly number[])[];
    readonly distanceEdges: readonly number[];
    readonly delayEdges: readonly number[];
  };
  readonly correlation: number;
  readonly bag?: {
    readonly records: number;
    readonly byDistance: readonly { from: number; flights: number; meanDelay: number }[];
    readonly mostDelayed: readonly Row[];
  };
  readonly pi?: { readonly points: number; readonly estimate: number };
  readonly waits?: { readonly waited: number; readonly seconds: number };
}

/** Prints the main tables. */
export function printTables(numbers: Numbers): void {
  const { bag, pi, waits } = numbers;
  print(
    `${formatNumber(numbers.flights)} flights; the busiest origins`,
    busiest(numbers.byOrigin, 8),
  );
  print(
    `The busiest of ${formatNumber(numbers.byRoute.length)} routes`,
    busiest(numbers.byRoute, 8),
  );
  print("The ten worst routes with at least 1,000 flights", numbers.worstRoutes);
  print("Flights per hour of the day", numbers.perHour);
  print("Delay in minutes, by quantile", numbers.quantiles);
  console.log(`\nCorrelation of delay and distance: ${numbers.correlation.toFixed(6)}`);
  if (bag === undefined || pi === undefined || waits === undefined) return;
  print(
    `Delay by distance in miles, from ${formatNumber(bag.records)} JSON objects`,
    bag.byDistance,
  );
  console.log(`\nPi from ${formatNumber(pi.points)} points: ${pi.estimate}`);
  console.log(`${waits.waited} one-second waits took ${waits.seconds.toFixed(2)} s`);
}

function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  console.log(Table.fromRecords(rows));
}

function busiest<T extends Delays>(rows: readonly T[], count: number): T[] {
  return rows.toSorted((a, b) => b.flights - a.flights).slice(0, count);
}

/** Small enough to stay readable on a phone. */
const SIZE = { width: 480, height: 320 };

/** The sections of the page. */
export function plotSections(numbers: Numbers): Section[] {
  const sections = [origins(numbers), worst(numbers), days(numbers), hours(numbers)];
  sections.push(grid(numbers), quantiles(numbers));
  if (numbers.bag !== undefined) sections.push(bands(numbers.bag));
  if (numbers.pi !== undefined && numbers.waits !== undefined) {
    const { points, estimate } = numbers.pi;
    const rows = [
      { what: `pi from ${formatNumber(points)} random points`, result: String(estimate) },
      {
        what: `${numbers.waits.waited} delayed waits of one second`,
        result: `${numbers.waits.seconds.toFixed(2)} s`,
      },
    ];
    sections.push({ title: "Arrays and delayed calls", text: "Work without files.", rows });
  }
  return sections;
}

function origins({ byOrigin }: Numbers): Section {
  const rows = busiest(byOrigin, 15);
  return {
    title: "Share of late flights",
    text: "More than 15 minutes late, at the fifteen busiest origins.",
    plot: horizontalBarPlot(
      { labels: rows.map((r) => r.origin), values: rows.map((r) => 100 * r.shareLate) },
      { width: SIZE.width, x: { label: "late", unit: "%" } },
    ),
  };
}

function worst({ worstRoutes }: Numbers): Section {
  const rows = worstRoutes.map((r) => ({
    from: `${r.originCity} (${r.origin})`,
    to: `${r.destinationCity} (${r.destination})`,
    flights: r.flights,
    meanDelay: r.meanDelay,
  }));
  return {
    title: "The ten worst routes",
    text: "By mean delay in minutes, of routes with at least 1,000 flights.",
    rows,
  };
}

function days({ perDay }: Numbers): Section {
  const x = perDay.map((r) => Date.parse(r.day));
  const y = perDay.map((r) => r.flights);
  return {
    title: "Flights per day",
    text: "The first and the last day need not be whole.",
    plot: linePlot(
      { x, series: [{ y }] },
      { ...SIZE, x: { scale: "time" }, y: { label: "flights" } },
    ),
  };
}

function hours({ perHour }: Numbers): Section {
  return {
    title: "Flights per hour",
    text: "By hour of the day.",
    plot: barPlot(
      { labels: perHour.map((r) => String(r.hour)), values: perHour.map((r) => r.flights) },
      { ...SIZE, x: { label: "hour" }, y: { label: "flights" } },
    ),
  };
}

function grid({ histogram, correlation }: Numbers): Section {
  return {
    title: "Delay by distance",
    text: `Flights in each cell; the correlation of all flights is ${correlation.toFixed(4)}.`,
    plot: heatmapPlot(
      { values: histogram.counts, xEdges: histogram.distanceEdges, yEdges: histogram.delayEdges },
      {
        ...SIZE,
        x: { label: "distance", unit: "mi" },
        y: { label: "delay", unit: "min" },
        colorScale: "log",
        colorLabel: "flights",
      },
    ),
  };
}

function quantiles(numbers: Numbers): Section {
  const x = numbers.quantiles.map((r) => 100 * r.quantile);
  const y = numbers.quantiles.map((r) => r.delay);
  return {
    title: "Quantiles of delay",
    text: "Half of all flights are less late than the middle value.",
    plot: linePlot(
      { x, series: [{ y }] },
      { ...SIZE, x: { label: "share of flights", unit: "%" }, y: { label: "delay", unit: "min" } },
    ),
  };
}

function bands(bag: NonNullable<Numbers["bag"]>): Section {
  return {
    title: "Delay by distance band",
    text: `A bag pass over ${formatNumber(bag.records)} JSON objects.`,
    plot: barPlot(
      {
        labels: bag.byDistance.map((r) => `${r.from}+`),
        values: bag.byDistance.map((r) => r.meanDelay),
      },
      { ...SIZE, x: { label: "distance", unit: "mi" }, y: { label: "mean delay", unit: "min" } },
    ),
  };
}
