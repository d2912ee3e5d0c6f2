/**
 * @file The graphs that a task thread knows: finds a task's function, literals and inputs.
 * Functions are decoded when first needed, which may take an import.
 */
import { type ColumnReader, compileTemplate, type Invoke } from "../core/invoke.ts";
import { columnFrom, prepareRow, type SegmentImage, templateFrom } from "./graph-image.ts";
import type { ThreadGraph } from "./messages.ts";

/** A template ready to run. */
export interface LocalTemplate {
  readonly name: string;
  readonly invoke: Invoke;
  /** Undefined until the first call has shown it. */
  isAsync: boolean | undefined;
  /** Tasks of this template that may share a slot while they wait. */
  readonly concurrency: number;
}

/** Templates with an id, the oldest first; as many as are worth their memory. */
const shared = new Map<string, LocalTemplate>();
const SHARED_MAX = 1024;

function share(id: string, template: LocalTemplate): void {
  shared.set(id, template);
  if (shared.size <= SHARED_MAX) return;
  for (const oldest of shared.keys()) {
    shared.delete(oldest);
    return;
  }
}

interface LocalSegment {
  readonly image: SegmentImage;
  readonly columns: readonly ColumnReader[];
  /** Rows may hold functions whose modules must be loaded. */
  readonly mayLoad: boolean;
}

export class LocalGraph {
  readonly graph: ThreadGraph;
  readonly #templates: (LocalTemplate | Promise<LocalTemplate> | undefined)[];
  readonly #segments: LocalSegment[];
  #lastSegment = 0;

  constructor(graph: ThreadGraph) {
    this.graph = graph;
    this.#templates = graph.image.templates.map(({ id }) => {
      return id === undefined ? undefined : shared.get(id);
    });
    this.#segments = graph.image.segments.map((image) => ({
      image,
      columns: image.columns.map(columnFrom),
      mayLoad: image.columns.some((column) => column.kind === "encoded" && column.mayHoldFunctions),
    }));
  }

  /**
   * The template of a task: at once when it is loaded, else a promise (rejected when it cannot be).
   */
  template(local: number): LocalTemplate | Promise<LocalTemplate> {
    const index = this.graph.template[local]!;
    return this.#templates[index] ?? this.#load(index);
  }

  segment(local: number): LocalSegment {
    const last = this.#segments[this.#lastSegment]!;
    if (local >= last.image.start && local < last.image.start + last.image.count) return last;
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#segments[middle]!.image.start <= local) low = middle;
      else high = middle - 1;
    }
    this.#lastSegment = low;
    return this.#segments[low]!;
  }

  row(segment: LocalSegment, local: number): number {
    const at = local - segment.image.start;
    return segment.image.rows === undefined ? at : segment.image.rows[at]!;
  }

  /** Loads what a task's literals refer to; undefined when there is nothing to load. */
  prepare(local: number): Promise<unknown> | undefined {
    const segment = this.segment(local);
    if (!segment.mayLoad) return undefined;
    return prepareRow(segment.image.columns, this.row(segment, local));
  }

  /** Task id of the dependency number `index` of a task. */
  input(local: number, index: number): number {
    const { depOffsets, deps, ids, base } = this.graph;
    const dep = deps[depOffsets[local]! + index]!;
    return ids === undefined ? base + dep : ids[dep]!;
  }

  inputCount(local: number): number {
    const { depOffsets } = this.graph;
    return depOffsets[local + 1]! - depOffsets[local]!;
  }

  #load(index: number): Promise<LocalTemplate> {
    const image = this.graph.image.templates[index]!;
    const loading = templateFrom(image).then((template) => {
      const loaded: LocalTemplate = {
        name: template.name,
        invoke: compileTemplate(template),
        isAsync: undefined,
        concurrency: Math.max(1, template.options?.concurrency ?? 1),
      };
      this.#templates[index] = loaded;
      if (image.id !== undefined) share(image.id, loaded);
      return loaded;
    });
    this.#templates[index] = loading;
    loading.catch(() => {
      this.#templates[index] = undefined;
    });
    return loading;
  }
}
