/**
 * @file Large graphs on their way to workers. A worker of many runs few tasks of a graph, so it is
 * told of the graph's shape once, and gets the rows in pages: neighbouring tasks with their
 * templates, inputs and literals, each page before the first lease of one of its tasks. The
 * worker's arrays have the full length, so that all else reads a graph as if it were whole; what
 * never arrives is memory that is never touched.
 */
import type { GraphFacts, InstalledGraph } from "../../machine/scheduler/events.ts";
import type { ColumnImage, GraphImage, SegmentImage } from "../../threads/graph-image.ts";
import { decodeImage, encodeImage, readImage } from "./graphs.ts";

/** Graphs that take more on the wire are sent in pages. */
const PAGED_FROM_BYTES = 256 * 1024;
/** About so much is sent at a time. */
const PAGE_BYTES = 64 * 1024;
/** Fewer tasks are not worth a message. */
const PAGE_TASKS_MIN = 32;

/** How long a column is; `bytes` of encoded values. */
interface ColumnSize {
  readonly kind: "integers" | "numbers" | "encoded";
  readonly rows: number;
  readonly bytes: number;
}

/** How long the arrays of a graph are whose rows come in pages. */
export interface GraphSizes {
  readonly deps: number;
  readonly columns: readonly ColumnSize[];
}

/** Rows of a column, from row `row` on; columns are counted through all segments. */
interface ColumnPart {
  readonly column: number;
  readonly row: number;
  readonly integers?: Int32Array;
  readonly numbers?: Float64Array;
  readonly offsets?: Float64Array;
  readonly bytes?: Uint8Array;
}

/** Neighbouring tasks of a graph, from local id `start` on. */
export interface GraphPage {
  readonly base: number;
  readonly start: number;
  readonly template: Int32Array;
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
  /** Task ids of these tasks and of their inputs, when some are those of earlier graphs. */
  readonly ids?: Int32Array;
  readonly depIds?: Int32Array;
  readonly columns: readonly ColumnPart[];
}

/** What a worker is told of a graph whose rows come in pages; `facts` are those that it reads. */
interface GraphShape {
  readonly facts: GraphFacts;
  readonly body: Uint8Array;
  readonly pages: GraphSizes;
}

const known = new WeakMap<GraphFacts, GraphPages>();

/** A graph that is sent in pages, as the scheduler has it; the same for all workers. */
export class GraphPages {
  readonly base: number;
  readonly count: number;
  /** Tasks on a page. */
  readonly tasks: number;
  readonly #graph: InstalledGraph;
  readonly #image: GraphImage;
  #shape: GraphShape | undefined;

  private constructor(graph: InstalledGraph, body: Uint8Array, bytes: number) {
    this.base = graph.base;
    this.count = graph.count;
    this.#graph = graph;
    // Columns are views, which must be aligned.
    this.#image = readImage(body.byteOffset % 8 === 0 ? body : body.slice());
    const each = Math.ceil((PAGE_BYTES * graph.count) / bytes);
    this.tasks = Math.min(graph.count, Math.max(PAGE_TASKS_MIN, each));
  }

  /** The graph in pages, if it is large enough for that. */
  static of(graph: InstalledGraph): GraphPages | undefined {
    const { graph: facts } = graph;
    const body = graph.body as Uint8Array;
    const bytes = body.length + 4 * (2 * facts.count + facts.deps.length);
    if (bytes <= PAGED_FROM_BYTES || facts.count <= PAGE_TASKS_MIN) return undefined;
    let pages = known.get(facts);
    if (pages === undefined) {
      pages = new GraphPages(graph, body, bytes);
      known.set(facts, pages);
    }
    return pages;
  }

  /** How many pages there are. */
  get length(): number {
    return Math.ceil(this.count / this.tasks);
  }

  /** Without its rows; made once for all workers. */
  get shape(): GraphShape {
    this.#shape ??= this.#makeShape();
    return this.#shape;
  }

  #makeShape(): GraphShape {
    const none = new Int32Array(0);
    const { graph } = this.#graph;
    return {
      facts: {
        count: this.count,
        templates: graph.templates,
        segments: [],
        template: none,
        depOffsets: none,
        deps: none,
        rank: none,
        outputs: none,
      },
      body: encodeImage({ ...this.#image, segments: this.#image.segments.map(withoutRows) }),
      pages: {
        deps: graph.deps.length,
        columns: this.#image.segments.flatMap(({ columns }) => columns.map(sizeOf)),
      },
    };
  }

  page(number: number): GraphPage {
    const { graph, ids } = this.#graph;
    const start = number * this.tasks;
    const end = Math.min(this.count, start + this.tasks);
    const deps = graph.deps.subarray(graph.depOffsets[start], graph.depOffsets[end]);
    return {
      base: this.base,
      start,
      template: graph.template.subarray(start, end),
      depOffsets: graph.depOffsets.subarray(start, end + 1),
      deps,
      ...(ids && { ids: ids.subarray(start, end), depIds: deps.map((dep) => ids[dep]!) }),
      columns: this.#parts(start, end),
    };
  }

  #parts(start: number, end: number): ColumnPart[] {
    const parts: ColumnPart[] = [];
    let column = 0;
    for (const segment of this.#image.segments) {
      const from = Math.max(start, segment.start) - segment.start;
      const to = Math.min(end, segment.start + segment.count) - segment.start;
      if (from < to) {
        const [first, last] = rowsOf(segment, from, to);
        segment.columns.forEach((image, i) => {
          parts.push({ column: column + i, row: first, ...partOf(image, first, last) });
        });
      }
      column += segment.columns.length;
    }
    return parts;
  }
}

/** The graphs that a worker gets in pages. */
export class PagedGraphs {
  readonly #graphs = new Map<number, Paged>();

  /** A graph without rows, with room for all of them in memory that threads share. */
  open(
    installed: Omit<InstalledGraph, "body" | "graph">,
    facts: GraphFacts,
    body: Uint8Array,
    sizes: GraphSizes,
  ): InstalledGraph {
    const { base, count, serial } = installed;
    const image = decodeImage(body);
    let column = 0;
    const segments = image.segments.map((segment) => ({
      ...segment,
      columns: segment.columns.map((empty) => roomFor(empty, sizes.columns[column++]!)),
    }));
    const graph = {
      ...facts,
      template: integers(count),
      depOffsets: integers(count + 1),
      deps: integers(sizes.deps),
    };
    const ids = installed.ids === undefined ? undefined : integers(count);
    const columns = segments.flatMap((segment) => segment.columns);
    this.#graphs.set(base, { ...graph, columns, ids });
    return {
      base,
      count,
      serial,
      graph,
      body: { ...image, segments },
      ...(ids === undefined ? {} : { ids }),
    };
  }

  /** Rows have come. */
  fill(page: GraphPage): void {
    const graph = this.#graphs.get(page.base);
    if (graph === undefined) return;
    const { start, deps, ids, depIds } = page;
    graph.template.set(page.template, start);
    graph.depOffsets.set(page.depOffsets, start);
    graph.deps.set(deps, page.depOffsets[0]);
    if (ids !== undefined) graph.ids?.set(ids, start);
    depIds?.forEach((id, i) => {
      if (graph.ids !== undefined) graph.ids[deps[i]!] = id;
    });
    for (const part of page.columns) fillColumn(graph.columns[part.column]!, part);
  }

  close(base: number): void {
    this.#graphs.delete(base);
  }
}

interface Paged {
  readonly template: Int32Array;
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
  readonly ids: Int32Array | undefined;
  readonly columns: readonly ColumnImage[];
}

function integers(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

function numbers(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}

function withoutRows(segment: SegmentImage): SegmentImage {
  const columns = segment.columns.map((column): ColumnImage => {
    const none = new Float64Array(0);
    if (column.kind === "number") return { kind: "number", data: none };
    return { ...column, offsets: none, bytes: new Uint8Array(0) };
  });
  return { ...segment, columns };
}

function sizeOf(column: ColumnImage): ColumnSize {
  if (column.kind === "encoded") {
    return { kind: "encoded", rows: column.offsets.length - 1, bytes: column.bytes.length };
  }
  const kind = column.data instanceof Int32Array ? "integers" : "numbers";
  return { kind, rows: column.data.length, bytes: 0 };
}

function roomFor(empty: ColumnImage, { kind, rows, bytes }: ColumnSize): ColumnImage {
  if (kind === "integers") return { kind: "number", data: integers(rows) };
  if (kind === "numbers" || empty.kind === "number") return { kind: "number", data: numbers(rows) };
  const room = new Uint8Array(new SharedArrayBuffer(bytes));
  return { ...empty, offsets: numbers(rows + 1), bytes: room };
}

/** The rows that tasks of a segment use: the first, and the one after the last. */
function rowsOf({ rows }: SegmentImage, from: number, to: number): [number, number] {
  if (rows === undefined) return [from, to];
  let first = rows[from]!;
  let last = first;
  for (let i = from + 1; i < to; i++) {
    first = Math.min(first, rows[i]!);
    last = Math.max(last, rows[i]!);
  }
  return [first, last + 1];
}

function partOf(column: ColumnImage, first: number, last: number): Partial<ColumnPart> {
  if (column.kind === "encoded") {
    const { offsets, bytes } = column;
    return {
      offsets: offsets.subarray(first, last + 1),
      bytes: bytes.subarray(offsets[first], offsets[last]),
    };
  }
  const { data } = column;
  if (data instanceof Int32Array) return { integers: data.subarray(first, last) };
  return { numbers: data.subarray(first, last) };
}

function fillColumn(column: ColumnImage, part: ColumnPart): void {
  if (column.kind === "number") {
    column.data.set(part.integers ?? part.numbers ?? [], part.row);
  } else if (part.offsets !== undefined && part.bytes !== undefined) {
    column.offsets.set(part.offsets, part.row);
    column.bytes.set(part.bytes, part.offsets[0]);
  }
}
