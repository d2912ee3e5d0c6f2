/**
 * @file What holds for every kind of plot: well-formed and self-contained SVG, words for those who
 * do not see it, any odd data drawn without NaN, and wrong data refused by name.
 */
import { describe, expect, it } from "vitest";
import {
  barPlot,
  boxPlot,
  heatmapPlot,
  histogramPlot,
  horizontalBarPlot,
  linePlot,
  type PlotOptions,
  scatterPlot,
  toPng,
} from "../../../../src/diagnostics/plot/index.ts";

const PLOTS: Readonly<Record<string, (options: PlotOptions) => string>> = {
  line: (options) => linePlot({ series: [{ name: "a<b", y: [1, 2, null as never, 4] }] }, options),
  bars: (options) => barPlot({ labels: ["x & y", "z"], values: [3, -1] }, options),
  lyingBars: (options) => horizontalBarPlot({ labels: ["one", "two"], values: [3, 0.5] }, options),
  histogram: (options) => histogramPlot({ values: [1, 2, 2, 3, Number.NaN] }, options),
  heatmap: (options) =>
    heatmapPlot(
      {
        values: [
          [0, 2],
          [3, 4],
        ],
      },
      options,
    ),
  scatter: (options) => scatterPlot([{ x: [1, 2], y: [3, Number.NaN] }], options),
  box: (options) => boxPlot([{ name: "g", values: [1, 2, 3, 90] }], options),
};

/** Tags in order; throws when one is not closed. */
function tagsOf(svg: string): string[] {
  const open: string[] = [];
  const tags: string[] = [];
  for (const match of svg.matchAll(/<(\/?)([a-z]+)((?:\s[a-z-]+="[^"<]*")*)\s*(\/?)>|<|>/gi)) {
    const [whole, closing, name, , selfClosing] = match;
    if (name === undefined) throw new Error(`stray ${whole} at ${match.index}`);
    tags.push(name);
    if (closing === "/") expect(open.pop()).toBe(name);
    else if (selfClosing !== "/") open.push(name);
  }
  expect(open).toEqual([]);
  return tags;
}

describe.each(Object.entries(PLOTS))("%s", (_kind, plot) => {
  const options: PlotOptions = {
    title: 'T "1" < 2',
    x: { label: "x", unit: "m" },
    y: { label: "y" },
  };

  it("is well-formed and needs nothing from outside", () => {
    const svg = plot(options);
    expect(tagsOf(svg.replace(/<style>.*?<\/style>/s, "")).length).toBeGreaterThan(8);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|script|@import|url\(|xlink/);
    expect(svg.match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
  });

  it("has a title, a description and axis labels with units", () => {
    const svg = plot(options);
    const id = /aria-labelledby="(\w+)t \1d"/.exec(svg)?.[1];
    expect(svg).toContain(`<title id="${id}t">T &quot;1&quot; &lt; 2</title>`);
    expect(svg).toMatch(new RegExp(`<desc id="${id}d">[A-Z][^<]{20,}</desc>`));
    expect(svg).toContain(">x (m)</text>");
    expect(plot({ description: "mine" })).toContain(">mine</desc>");
  });

  it("follows the reader's theme, or keeps the one that is asked for", () => {
    expect(plot({})).toContain("prefers-color-scheme:dark");
    expect(plot({ theme: "light" })).not.toContain("prefers-color-scheme");
    expect(plot({ theme: "dark" })).toContain(".hp-paper{fill:#14171c}");
  });

  it("keeps inside its size", () => {
    const svg = plot({
      width: 300,
      height: 200,
      title: "A title that is much too long for it all",
    });
    const xs = [...svg.matchAll(/ x="(-?[\d.]+)"/g)].map((match) => Number(match[1]));
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...xs)).toBeLessThanOrEqual(300);
    expect(svg).toContain("…");
  });

  it("is the same each time, with an id of its own", () => {
    expect(plot(options)).toBe(plot(options));
    expect(plot(options)).not.toBe(plot({ ...options, title: "other" }));
  });
});

describe("data", () => {
  it("a line breaks at missing values", () => {
    const svg = PLOTS["line"]?.({}) ?? "";
    const path = /<path d="(M[^"]*)" class="hp-s0"/.exec(svg)?.[1] ?? "";
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/L/g)).toHaveLength(1);
  });

  it("a line of a million points stays small and keeps its extremes", () => {
    const y = Float64Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i / 1000));
    y[500_000] = 9;
    const svg = linePlot({ series: [{ y }] });
    expect(svg.length).toBeLessThan(100_000);
    expect(svg).toContain("to 9.");
    const top = Math.min(...[...svg.matchAll(/L[\d.]+ ([\d.]+)/g)].map((m) => Number(m[1])));
    expect(top).toBeLessThan(70);
  });

  it("histogram counts every finite value once, in round intervals", () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 100);
    const svg = histogramPlot({ values, bins: 10 });
    const counts = [...svg.matchAll(/ to [\d,]+: ([\d,]+)<\/title>/g)].map((m) => Number(m[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(svg).toContain("0 to 10: 100");
  });

  it("box plot has NumPy's quartiles and Tukey's whiskers", () => {
    const svg = boxPlot([{ name: "g", values: [1, 2, 3, 4, 5, 6, 7, 100] }]);
    expect(svg).toContain("g: 1, 2.75, 4.5, 6.25, 7</title>");
    expect(svg.match(/<circle/g)).toHaveLength(1);
  });

  it("bars tell their values, and lying bars write them", () => {
    expect(PLOTS["bars"]?.({})).toContain("<title>x &amp; y: 3</title>");
    expect(PLOTS["lyingBars"]?.({})).toMatch(/>0.5<\/text>/);
    const grouped = barPlot({
      labels: ["a"],
      values: [
        { name: "one", values: [1] },
        { name: "two", values: [2] },
      ],
    });
    expect(grouped).toContain("a, two: 2");
    expect(grouped).toContain(">one</text>");
  });

  it("a large heat map is small: equal colours are one path", () => {
    const values = Array.from({ length: 200 }, (_, i) =>
      Float64Array.from({ length: 200 }, (_, j) => i * j),
    );
    const svg = heatmapPlot({ values });
    expect(svg.match(/<path/g)?.length).toBeLessThan(80);
    const log = heatmapPlot(
      {
        values: [
          [0, 1],
          [10, 100],
        ],
      },
      { colorScale: "log" },
    );
    expect(log.match(/<title>\d/g)).toHaveLength(3);
  });
});

describe("wrong data", () => {
  it.each([
    ["no series", () => linePlot({ series: [] }), "series is empty"],
    ["no values", () => linePlot({ series: [{ y: [] }] }), "series[0].y is empty"],
    ["lengths", () => linePlot({ x: [1], series: [{ y: [1, 2] }] }), "series[0].y has 2 values"],
    ["no list", () => linePlot({ series: [{ y: 3 as never }] }), "must be a list of numbers"],
    ["bars", () => barPlot({ labels: ["a"], values: [1, 2] }), "but labels asks for 1"],
    ["edges", () => histogramPlot({ counts: [1], edges: [0] }), "edges has 1 values"],
    ["rows", () => heatmapPlot({ values: [[1], [1, 2]] }), "values[1] has 2 values"],
    ["points", () => scatterPlot([{ x: [1], y: [] }]), "series[0].y has 0 values"],
    ["box", () => boxPlot([{ name: "g", values: [Number.NaN] }]), "the group g is empty"],
  ])("is refused: %s", (_what, draw, message) => {
    expect(draw).toThrow(message);
  });
});

describe("toPng", () => {
  it("makes a picture of twice the size", async () => {
    const png = await toPng(
      linePlot({ series: [{ y: [1, 2] }] }, { theme: "light", width: 200, height: 100 }),
    );
    const view = new DataView(png.buffer, png.byteOffset);
    expect([...png.subarray(1, 4)]).toEqual([..."PNG"].map((letter) => letter.charCodeAt(0)));
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([400, 200]);
  });
});

it("a line plot of two lists says how it is called", () => {
  expect(() => linePlot([1, 2] as never, [3, 4] as never)).toThrow(/series: \[\{ y \}\]/);
});
