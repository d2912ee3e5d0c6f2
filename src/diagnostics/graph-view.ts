/**
 * @file `x.graph`: what would run, to look at: layers with their names, kinds, numbers of tasks and
 * dependencies; as text, as HTML, as keys. Reads the culled graph and never runs anything. After
 * Dask's `HighLevelGraph`.
 */
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { keyOf, type LayerKind, type TaskRef } from "../core/graph.ts";
import { DISPLAY, inspectAsText } from "../core/symbols.ts";
import { fuseChains } from "../optimize/chains.ts";
import { cull, type Draft, type DraftLayer } from "../optimize/draft.ts";
import { fuse } from "../optimize/fuse.ts";
import { sortTasks } from "../optimize/topology.ts";
import { toDot } from "./graph-dot.ts";
import { toHtml } from "./graph-html.ts";

/** One layer of a graph. */
export interface LayerView {
  readonly name: string;
  readonly kind: LayerKind | "held";
  /** Number of tasks that the outputs need. */
  readonly count: number;
  /** Number of tasks that the layer describes. */
  readonly total: number;
  /** Names of the functions that its tasks run. */
  readonly functions: readonly string[];
  /** Names of the layers that it uses. */
  readonly dependencies: readonly string[];
}

/** How to draw a graph. */
export interface DotOptions {
  /** Direction of the edges: "BT" (bottom to top, default), "TB", "LR" or "RL". */
  readonly rankdir?: "BT" | "TB" | "LR" | "RL";
  /** Up to how many tasks each has a node of its own; larger graphs show layers. Default 200. */
  readonly tasksMax?: number;
}

/**
 * The graph of some collections. What Dask's `HighLevelGraph` offers, it offers under the same
 * words.
 *
 * @example
 * import { delayed } from "heddle";
 * const total = delayed(Math.max, { name: "max" })(1, 2);
 * console.log(total.graph.count); // 1
 */
export class GraphView {
  readonly #outputs: readonly TaskRef[];
  readonly #draft: Draft;

  /** The graph of collections or of single tasks; `optimize` shows what remains after fusion. */
  constructor(
    of: readonly (Collection | TaskRef)[],
    options: { readonly optimize?: boolean } = {},
  ) {
    this.#outputs = of.flatMap((one) => outputsOf(one));
    const culled = cull(this.#outputs);
    this.#draft = options.optimize === true ? fuseChains(fuse(culled)) : culled;
  }

  /** The graph of several collections, each task once. */
  static fromCollections(...collections: readonly Collection[]): GraphView {
    return new GraphView(collections);
  }

  /** One graph of several, each task once. */
  static merge(...graphs: readonly GraphView[]): GraphView {
    return new GraphView(graphs.flatMap((graph) => graph.#outputs));
  }

  /** The same graph as an object of its own. */
  copy(): GraphView {
    return GraphView.merge(this);
  }

  /** Number of tasks. */
  get count(): number {
    return this.#draft.count;
  }

  /** The layers, dependencies first. */
  get layers(): readonly LayerView[] {
    const { layers } = this.#draft;
    const uses = layerEdges(this.#draft);
    return layers
      .map((draft, i) =>
        describe(
          draft,
          [...(uses[i] as Set<number>)].map((k) => nameOf(layers, k)),
        ),
      )
      .filter(({ count }) => count > 0);
  }

  /** Keys of all tasks, dependencies first where layers do not refer to themselves. */
  *keys(): Generator<string> {
    for (const { layer, rows, count } of this.#draft.layers) {
      for (let i = 0; i < count; i++)
        yield keyOf(layer, rows === undefined ? i : (rows[i] as number));
    }
  }

  /** Each layer's name with the layer. */
  *items(): Generator<[name: string, layer: LayerView]> {
    for (const layer of this.layers) yield [layer.name, layer];
  }

  /** The layers, dependencies first. */
  *values(): Generator<LayerView> {
    yield* this.layers;
  }

  /** Keys of values that a running engine holds already: what the graph needs from outside. */
  get externalKeys(): ReadonlySet<string> {
    const held = this.#draft.layers.filter(({ layer }) => layer.held !== undefined);
    return new Set(
      held.flatMap(({ layer, rows, count }) =>
        Array.from({ length: count }, (_, i) => keyOf(layer, rows?.[i] ?? i)),
      ),
    );
  }

  /** Keys of the tasks that were asked for. */
  get outputs(): readonly string[] {
    return this.#outputs.map(({ layer, index }) => keyOf(layer, index));
  }

  /** Every task's key with the keys it depends on. */
  toDict(): Map<string, readonly string[]> {
    const { depOffsets, deps } = this.#draft;
    const keys = [...this.keys()];
    return new Map(
      keys.map((key, id) => {
        const own = deps.subarray(depOffsets[id] as number, depOffsets[id + 1] as number);
        return [key, Array.from(own, (dep) => keys[dep] as string)];
      }),
    );
  }

  /** The graph that only these tasks need. Errors: `MissingKey`, naming the nearest. */
  cull(keys: readonly string[]): GraphView {
    const found = new Map<string, TaskRef>();
    const wanted = new Set(keys);
    for (const { layer, rows, count } of this.#draft.layers) {
      for (let i = 0; i < count; i++) {
        const index = rows === undefined ? i : (rows[i] as number);
        const key = keyOf(layer, index);
        if (wanted.has(key)) found.set(key, { layer, index });
      }
    }
    const tasks = keys.map((key) => found.get(key) ?? throwMissing("task", key, this.keys()));
    return new GraphView(tasks);
  }

  /** The graph of all tasks of these layers. Errors: `MissingKey`, naming the nearest. */
  cullLayers(names: readonly string[]): GraphView {
    for (const name of names) this.layer(name);
    const wanted = this.#draft.layers.filter(({ layer }) => names.includes(layer.name));
    const tasks = wanted.flatMap(({ layer, rows, count }) =>
      Array.from({ length: count }, (_, i): TaskRef => ({ layer, index: rows?.[i] ?? i })),
    );
    return new GraphView(tasks);
  }

  /** Names of the layers that each layer uses. */
  get dependencies(): ReadonlyMap<string, readonly string[]> {
    return new Map(this.layers.map(({ name, dependencies }) => [name, dependencies]));
  }

  /** Names of the layers that use each layer. */
  get dependents(): ReadonlyMap<string, readonly string[]> {
    const users = new Map<string, string[]>(this.layers.map(({ name }) => [name, []]));
    for (const { name, dependencies } of this.layers) {
      for (const used of dependencies) if (used !== name) users.get(used)?.push(name);
    }
    return users;
  }

  /** The layer of that name. Errors: `MissingKey`, naming the nearest. */
  layer(name: string): LayerView {
    const found = this.layers.find((layer) => layer.name === name);
    if (found !== undefined) return found;
    return throwMissing(
      "layer",
      name,
      this.layers.map((layer) => layer.name),
    );
  }

  /**
   * Checks that no task depends on itself. Errors: `CycleInGraph`. Missing dependencies fail on
   * construction.
   */
  validate(): void {
    let keys: string[] | undefined;
    sortTasks(this.#draft, (id) => {
      keys ??= [...this.keys()];
      return keys[id] as string;
    });
  }

  /** A line a layer. */
  toString(): string {
    const { layers } = this;
    const lines = layers.map(({ name, kind, count, functions }, i) => {
      const what = functions.length > 4 ? [...functions.slice(0, 4), "…"] : functions;
      const run = what.length === 0 ? "" : `: ${what.join(", ")}`;
      return ` ${i}. ${name}  (${kind}, ${plural(count, "task")}${run})`;
    });
    const head = `Graph of ${plural(layers.length, "layer")}, ${plural(this.count, "task")}`;
    return [head, ...lines].join("\n");
  }

  /** A self-contained HTML fragment: a table of layers. */
  toHTML(): string {
    return toHtml(this);
  }

  /** Graphviz source: a node a task, or a node a layer when there are too many tasks to see. */
  toDot(options: DotOptions = {}): string {
    return toDot(this, options);
  }

  /** The drawing, made by Graphviz compiled to WebAssembly. */
  async toSvg(options: DotOptions = {}): Promise<string> {
    const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
    const graphviz = await Graphviz.load();
    return graphviz.dot(this.toDot(options), "svg");
  }
}

inspectAsText(GraphView.prototype);
Object.defineProperty(GraphView.prototype, DISPLAY, {
  value(this: GraphView): Record<string, string> {
    return { "text/html": this.toHTML(), "text/plain": this.toString() };
  },
});

function throwMissing(what: string, name: string, known: Iterable<string>): never {
  const near = nearestName(name, known);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw new HeddleError("MissingKey", `There is no ${what} ${name} in this graph.${hint}`, {
    fields: { key: name },
  });
}

function outputsOf(given: Collection | TaskRef): readonly TaskRef[] {
  if (isCollection(given)) return given.lower().outputs;
  if (typeof given === "object" && given !== null && "layer" in given) return [given];
  throw new HeddleError(
    "InvalidArgument",
    "A graph is drawn of lazy collections (arrays, frames, bags, delayed values), " +
      `not of ${typeof given}`,
  );
}

function nameOf(layers: readonly DraftLayer[], index: number): string {
  return (layers[index] as DraftLayer).layer.name;
}

function describe({ layer, count, templates }: DraftLayer, dependencies: string[]): LayerView {
  return {
    name: layer.name,
    kind: layer.held === undefined ? layer.kind : "held",
    count,
    total: layer.count,
    functions: [...new Set(templates.map((template) => template.name))],
    dependencies,
  };
}

/**
 * For each layer the layers that its needed tasks use, itself included when it refers to itself.
 */
function layerEdges({ layers, depOffsets, deps }: Draft): Set<number>[] {
  const starts = layers.map(({ start }) => start);
  return layers.map(({ start, count }) => {
    const uses = new Set<number>();
    let near = 0;
    for (let e = depOffsets[start] as number; e < (depOffsets[start + count] as number); e++) {
      near = layerAt(deps[e] as number, starts, near);
      uses.add(near);
    }
    return uses;
  });
}

function layerAt(id: number, starts: readonly number[], near: number): number {
  const within = (at: number): boolean =>
    (starts[at] as number) <= id && id < (starts[at + 1] ?? Number.POSITIVE_INFINITY);
  if (within(near)) return near;
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= id) low = middle;
    else high = middle - 1;
  }
  return low;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
