/**
 * @file What is known while one graph of values with functions in it is written: the tables of
 * places that its nodes refer to, and whether anything in it can change until the next submit.
 */
import type { AnyFunction, JsonObject } from "../codec/registry.ts";
import type { GraphWriter } from "../codec/writer.ts";
import type { ModulePlace } from "./modules.ts";
import type { Place } from "./origins.ts";
import type { Capture } from "./script.ts";

/** Where a function's source stands; not part of its token. */
export interface Site {
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** The text was made by a compiler, whose source map the sender has. */
  readonly isMapped?: boolean;
  /** For classes: the same for the same class, so that instances come home to it. */
  readonly id?: string;
}

/** What the nodes of a graph refer to by index. */
export interface FunctionTables {
  readonly sites: readonly Site[];
  readonly modules: readonly ModulePlace[];
}

/** What is known while one graph is written. */
export interface GraphState {
  readonly sites: Site[];
  readonly modules: ModulePlace[];
  /** Nothing written so far can change between two submits, but for the modules. */
  isStable: boolean;
  /** Classes whose evaluation waits for what is being written. */
  readonly open: Set<unknown>;
  /** Classes written, by the index of their site. */
  readonly classes: Map<number, AnyFunction>;
}

const states = new WeakMap<GraphWriter, GraphState>();

/** The state that goes with a graph. */
export function stateOf(graph: GraphWriter): GraphState {
  let state = states.get(graph);
  if (state === undefined) {
    state = { sites: [], modules: [], isStable: true, open: new Set(), classes: new Map() };
    states.set(graph, state);
  }
  return state;
}

/** Puts the module into the tables. */
export function placeNode(place: Place, graph: GraphWriter): JsonObject {
  if ("path" in place) return { $: "g", p: place.path };
  if ("special" in place) return { $: place.special, u: place.url };
  const { modules } = stateOf(graph);
  const { id, how, specifier } = place.module;
  let index = modules.findIndex(
    (known) => known.id === id && known.how === how && known.specifier === specifier,
  );
  if (index < 0) index = modules.push(place.module) - 1;
  return { $: "I", m: index, n: place.name };
}

/** Never assigned after its declaration. */
export function isConstant(binding: Capture["binding"]): boolean {
  return binding !== undefined && (binding.kind === "const" || binding.writes === 0);
}
