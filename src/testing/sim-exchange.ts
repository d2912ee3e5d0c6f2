/**
 * @file Exchanges in random graphs: sources whose values tell of something that lies at the worker
 * which made them, one task that collects what all of them tell, and destinations that read it. The
 * machines see only what their templates are bound to.
 */
import { assert } from "../core/errors.ts";
import type { Prng } from "../core/prng.ts";
import type { SimGraph } from "./random-graph.ts";
import type { SimWorker } from "./sim-worker.ts";

/** What a source has written: there for as long as its worker has the value. */
export interface SimPart {
  /** Name of the source's task. */
  readonly source: string;
  readonly worker: SimWorker;
  readonly isThere: () => boolean;
}

/** The graph with an exchange behind it: some of its tasks are the sources. */
export function withExchange(prng: Prng, graph: SimGraph): SimGraph {
  const { facts } = graph;
  const sources = 1 + prng.integer(12);
  const destinations = 1 + prng.integer(24);
  const count = facts.count + sources + 1 + destinations;
  const seal = facts.count + sources;
  const { depOffsets, deps } = exchangeEdges(prng, graph, sources, destinations);
  const kinds = facts.templates.length;
  const own = (local: number): number => (local < seal ? 0 : local === seal ? 1 : 2);
  const outputs = Array.from({ length: destinations }, (_, i) => seal + 1 + i);
  return {
    ...graph,
    durationMs: longer(graph.durationMs, count, () => 1 + 80 * prng.random() ** 2),
    bytes: longer(graph.bytes, count, (local) => (own(local) === 2 ? prng.integer(200) : 10)),
    failures: grown(graph.failures, count),
    tries: grown(graph.tries, count),
    facts: {
      ...facts,
      count,
      templates: [
        ...facts.templates,
        { name: "write", bound: "worker" },
        { name: "seal", bound: "inputs" },
        { name: "read" },
      ],
      template: Int32Array.from({ length: count }, (_, i) => facts.template[i] ?? kinds + own(i)),
      depOffsets,
      deps,
      segments: [
        ...facts.segments,
        {
          start: facts.count,
          count: count - facts.count,
          name: `${graph.name}-exchange`,
          pure: facts.segments[0]!.pure,
        },
      ],
      rank: Int32Array.from({ length: count }, (_, i) => facts.rank[i] ?? i),
      outputs: Int32Array.from([...facts.outputs, ...outputs]),
      ...(facts.held === undefined
        ? {}
        : { held: Int32Array.from({ length: count }, (_, i) => facts.held![i] ?? -1) }),
    },
  };
}

function exchangeEdges(
  prng: Prng,
  { facts }: SimGraph,
  sources: number,
  destinations: number,
): { depOffsets: Int32Array; deps: Int32Array } {
  const fresh = facts.segments[0]!.count;
  const deps = [...facts.deps];
  const offsets = [...facts.depOffsets];
  for (let i = 0; i < sources; i++) offsets.push(deps.push(prng.integer(fresh)));
  for (let i = 0; i < sources; i++) deps.push(facts.count + i);
  offsets.push(deps.length);
  for (let i = 0; i < destinations; i++) offsets.push(deps.push(facts.count + sources));
  return { depOffsets: Int32Array.from(offsets), deps: Int32Array.from(deps) };
}

function longer(from: Float64Array, count: number, of: (local: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => from[i] ?? of(i));
}

function grown(from: Uint8Array, count: number): Uint8Array {
  const to = new Uint8Array(count);
  to.set(from);
  return to;
}

export function isExchange({ facts }: SimGraph): boolean {
  return facts.templates.some(({ bound }) => bound !== undefined);
}

/** A destination gets what each source of its exchanges has written once. */
export function checkParts(graph: SimGraph, destination: number, parts: readonly SimPart[]): void {
  const wanted = depsOf(graph, destination).flatMap((local) => sourcesOf(graph, local));
  const expected = wanted.map((local) => `${graph.name}[${local}]`).join();
  const found = parts.map(({ source }) => source).join();
  assert(found === expected, `an exchange brings ${found} instead of ${expected}`);
}

/** The tasks that have written what the value of a task tells of. */
function sourcesOf(graph: SimGraph, local: number): number[] {
  const { templates, template } = graph.facts;
  const bound = templates[template[local]!]?.bound;
  if (bound === undefined) return [];
  // The seal of a single source may be part of its task.
  return bound === "worker" ? [local] : depsOf(graph, local);
}

function depsOf({ facts: { deps, depOffsets } }: SimGraph, local: number): number[] {
  return [...deps.subarray(depOffsets[local], depOffsets[local + 1])];
}
