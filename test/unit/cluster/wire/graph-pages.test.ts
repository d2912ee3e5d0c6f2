/** @file Rows of large graphs, sent in pages in any order, are those of the whole graph. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphPages, PagedGraphs } from "../../../../src/cluster/wire/graph-pages.ts";
import { encodeImage, readImage } from "../../../../src/cluster/wire/graphs.ts";
import { type ToWorker, toWorker } from "../../../../src/cluster/wire/worker-messages.ts";
import type { InstalledGraph } from "../../../../src/machine/scheduler/events.ts";
import { joinChunks } from "../../../../src/protocol/index.ts";
import type { ColumnImage, GraphImage, SegmentImage } from "../../../../src/threads/graph-image.ts";

const BASE = 1000;

/** Bytes of different lengths, one stretch for each row. */
function encoded(rows: number): ColumnImage {
  const offsets = new Float64Array(rows + 1);
  for (let i = 0; i < rows; i++) offsets[i + 1] = offsets[i]! + 8 * (1 + (i % 13));
  const bytes = Uint8Array.from({ length: offsets[rows]! }, (_, i) => i % 251);
  return { kind: "encoded", offsets, bytes, mayHoldFunctions: false };
}

/** Two segments: one that uses every third row of its columns, one that uses all. */
function graphOf(count: number, hasIds: boolean): InstalledGraph {
  const half = count >> 1;
  const rows = Int32Array.from({ length: half }, (_, i) => 3 * i + 1);
  const common = { pure: true };
  const segments: SegmentImage[] = [
    {
      ...common,
      start: 0,
      count: half,
      name: "a",
      rows,
      columns: [
        { kind: "number", data: Int32Array.from({ length: 3 * half }, (_, i) => -i) },
        encoded(3 * half),
      ],
    },
    {
      ...common,
      start: half,
      count: count - half,
      name: "b",
      columns: [{ kind: "number", data: Float64Array.from({ length: count - half }, Math.sqrt) }],
    },
  ];
  const depOffsets = new Int32Array(count + 1);
  const deps: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < i % 4; d++) deps.push((i * 7 + d) % count);
    depOffsets[i + 1] = deps.length;
  }
  const templates = [{ name: "f" }, { name: "g" }];
  const image: GraphImage = {
    usesScratch: false,
    templates: templates.map(({ name }) => ({ name, call: Uint8Array.of(1, 2, 3) })),
    segments,
  };
  return {
    base: BASE,
    count,
    serial: 7,
    graph: {
      count,
      templates,
      template: Int32Array.from({ length: count }, (_, i) => i % 2),
      depOffsets,
      deps: Int32Array.from(deps),
      segments: segments.map(({ columns: _, ...facts }) => facts),
      rank: Int32Array.from({ length: count }, (_, i) => i),
      outputs: Int32Array.of(count - 1),
    },
    body: encodeImage(image),
    ...(hasIds && {
      ids: Int32Array.from({ length: count }, (_, i) => (i % 5 === 0 ? i : BASE + i)),
    }),
  };
}

/** The message as it arrives. */
function arrived<K extends ToWorker["kind"]>(
  message: Extract<ToWorker, { kind: K }>,
): Extract<ToWorker, { kind: K }> {
  const [back] = toWorker.decode(joinChunks(toWorker.encode([message])));
  return back as Extract<ToWorker, { kind: K }>;
}

/** Everything that running a task takes. */
function rowOf(graph: InstalledGraph, image: GraphImage, local: number): unknown {
  const { template, depOffsets, deps } = graph.graph;
  const inputs = deps.subarray(depOffsets[local], depOffsets[local + 1]);
  const segment = image.segments.find(({ start, count }) => {
    return local >= start && local < start + count;
  }) as SegmentImage;
  const at = local - segment.start;
  const row = segment.rows?.[at] ?? at;
  const literals = segment.columns.map((column) =>
    column.kind === "number"
      ? column.data[row]
      : Array.from(column.bytes.subarray(column.offsets[row], column.offsets[row + 1])),
  );
  const ids = Array.from(inputs, (dep) => graph.ids?.[dep] ?? graph.base + dep);
  return { template: template[local], ids, literals, own: graph.ids?.[local] };
}

describe("graphs in pages", () => {
  it("has every row of the pages that have come, whatever their order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6000, max: 9000 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        (count, hasIds, choices) => {
          const graph = graphOf(count, hasIds);
          const pages = GraphPages.of(graph) as GraphPages;
          expect(pages.length).toBeGreaterThan(3);
          const { facts, body, pages: sizes } = pages.shape;
          const which = { base: BASE, count, serial: 7 };
          const held = hasIds ? { ids: new Int32Array(0) } : {};
          const message = {
            kind: "install",
            ...which,
            ...held,
            facts,
            body,
            pages: sizes,
          } as const;
          const there = arrived<"install">(message);
          expect(joinChunks(toWorker.encode([message])).length).toBeLessThan(100_000);
          const worker = new PagedGraphs();
          const opened = worker.open(
            { ...which, ...(there.ids && { ids: there.ids }) },
            there.facts,
            there.body,
            there.pages as NonNullable<typeof there.pages>,
          );
          const image = opened.body as GraphImage;
          const wholeImage = readImage(graph.body as Uint8Array);
          for (let i = 0; i < 4; i++) {
            const number = (choices.next().value as number) % pages.length;
            worker.fill(arrived<"page">({ kind: "page", ...pages.page(number) }));
            const first = number * pages.tasks;
            const last = Math.min(count, first + pages.tasks) - 1;
            for (const local of [first, (first + last) >> 1, last]) {
              expect(rowOf(opened, image, local)).toEqual(rowOf(graph, wholeImage, local));
            }
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it("small graphs are sent whole", () => {
    expect(GraphPages.of(graphOf(100, false))).toBeUndefined();
  });

  it("pages of graphs that have been let go of change nothing", () => {
    const pages = GraphPages.of(graphOf(8000, false)) as GraphPages;
    expect(() => new PagedGraphs().fill(pages.page(0))).not.toThrow();
  });
});
