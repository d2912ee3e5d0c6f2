/** @file Histograms: counts over intervals of a number, from the counts or from the values. */
import { checkSameLength, checkSome, type NumberList, toNumbers } from "./data.ts";
import { drawFrame, fillClass, type PlotOptions } from "./frame.ts";
import { extent, formatValue, niceStep } from "./scale.ts";
import { element, px, tooltip } from "./svg.ts";

/** Counts between edges (one more edge than counts, as `histogram` returns), or bare values. */
export type HistogramData =
  | { readonly counts: NumberList; readonly edges: NumberList }
  | { readonly values: NumberList; readonly bins?: number };

/**
 * A histogram as SVG text.
 *
 * Errors: `InvalidArgument` for empty data, or when there is not one edge more than counts.
 *
 * @example
 * import { histogramPlot } from "heddle/diagnostics";
 * const svg = histogramPlot({ counts: [1, 4, 2], edges: [0, 10, 20, 30] }, { title: "Delay" });
 * console.log(svg.length > 0);
 */
export function histogramPlot(data: HistogramData, options: PlotOptions = {}): string {
  const { counts, edges } = "counts" in data ? given(data) : countValues(data);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const best = counts.indexOf(Math.max(...counts));
  const between = `between ${formatValue(edges[best] ?? 0)} and ${formatValue(edges[best + 1] ?? 0)}`;
  return drawFrame({
    options,
    xDomain: [edges[0] ?? 0, edges.at(-1) ?? 1],
    yDomain: [0, Math.max(...counts)],
    description: `Histogram of ${formatValue(total)} values in ${counts.length} intervals; most lie ${between}.`,
    draw: ({ x, y, area }) => {
      const bars = Array.from(counts, (count, i) => {
        const [left, right] = [x(edges[i] ?? 0), x(edges[i + 1] ?? 0)];
        const gap = right - left > 4 ? 1 : 0;
        const place = {
          x: left + gap / 2,
          y: y(count),
          width: Math.max(0.3, right - left - gap),
          height: Math.max(0, area.bottom - y(count)),
        };
        const interval = `${formatValue(edges[i] ?? 0)} to ${formatValue(edges[i + 1] ?? 0)}`;
        const text = tooltip(`${interval}: ${formatValue(count)}`);
        return element("rect", { ...place, class: fillClass(0) }, text);
      });
      const d = `M${px(area.left)} ${px(area.bottom)}H${px(area.right)}`;
      return bars.join("") + element("path", { d, class: "hp-axis", "stroke-width": 1 });
    },
  });
}

function given(data: { counts: NumberList; edges: NumberList }): Binned {
  const counts = toNumbers(data.counts, "counts");
  const edges = toNumbers(data.edges, "edges");
  checkSome("counts", counts.length);
  checkSameLength("edges", edges.length, "counts", counts.length + 1);
  return { counts, edges };
}

interface Binned {
  readonly counts: Float64Array;
  readonly edges: Float64Array;
}

/** Counts values in intervals of a round width. */
function countValues(data: { values: NumberList; bins?: number }): Binned {
  const values = toNumbers(data.values, "values");
  checkSome("values", values.length);
  const [low, high] = extent(values);
  // As many intervals as the cube root rule of Rice asks for.
  const wanted = data.bins ?? Math.min(60, Math.max(5, Math.ceil(2 * Math.cbrt(values.length))));
  const step = low === high ? 1 : niceStep(high - low, wanted);
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.floor(high / step) - first + 1);
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
  const counts = new Float64Array(count);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const at = Math.min(count - 1, Math.floor(value / step) - first);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { counts, edges };
}
