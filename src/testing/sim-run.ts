/** @file A task that a simulated thread has begun: what it reads, and what it makes. */
import { assert } from "../core/errors.ts";
import type { Bound } from "../core/graph.ts";
import type { InstalledGraph } from "../machine/scheduler/events.ts";
import type { SimGraph } from "./random-graph.ts";
import type { SimValue } from "./sim-disk.ts";
import type { SimPart } from "./sim-exchange.ts";
import type { SimWorker } from "./sim-worker.ts";

/** Graphs that a worker knows, by base. */
export type SimGraphs = ReadonlyMap<number, InstalledGraph>;

/** A task that a thread has begun. */
export interface SimRun {
  readonly id: number;
  /** Name of its value. */
  readonly name: string;
  /** Of the lease under which it began. */
  readonly epoch: number;
  readonly graph: SimGraph;
  readonly local: number;
  grantedBytes: number;
  /** What its inputs tell of. */
  readonly parts: SimPart[];
  /** It ends without taking its place again. */
  isAside: boolean;
  /** A task that it waited for has failed. */
  hasFailed: boolean;
  /** Lets go of what it has submitted and waits for. */
  dropChildren: (() => void) | undefined;
  /** It was given up. */
  isOver: boolean;
  /** What it has made, where tasks really do something. */
  encoded?: Uint8Array;
}

/** `id` begins to run under the lease of this epoch. */
export function beginRun(graphs: SimGraphs, id: number, epoch: number): SimRun {
  for (const { base, count, body } of graphs.values()) {
    if (id < base || id >= base + count) continue;
    const graph = body as SimGraph;
    const local = id - base;
    return {
      id,
      name: `${graph.name}[${local}]`,
      epoch,
      graph,
      local,
      grantedBytes: 0,
      parts: [],
      isAside: false,
      hasFailed: false,
      dropChildren: undefined,
      isOver: false,
    };
  }
  assert(false, `task ${id} belongs to no graph that is installed`);
}

export function boundOf({ graph, local }: SimRun): Bound | undefined {
  return graph.facts.templates[graph.facts.template[local]!]?.bound;
}

/** Calls `visit` with the id of each input, and the name that its value must have. */
export function eachInput(
  graphs: SimGraphs,
  { id, local, graph: { facts, name, heldNames } }: SimRun,
  visit: (input: number, name: string) => void,
): void {
  const base = id - local;
  const { ids } = graphs.get(base)!;
  for (let e = facts.depOffsets[local]!; e < facts.depOffsets[local + 1]!; e++) {
    const dep = facts.deps[e]!;
    visit(ids?.[dep] ?? base + dep, heldNames.get(dep) ?? `${name}[${dep}]`);
  }
}

/** What the run has made on the worker. */
export function makeValue(run: SimRun, worker: SimWorker): SimValue {
  const { id, name, graph, local, encoded } = run;
  const bytes = graph.bytes[local]!;
  const made = encoded === undefined ? { name, bytes } : { name, bytes, encoded };
  const bound = boundOf(run);
  if (bound === "inputs") return { ...made, parts: run.parts };
  if (bound === undefined) return made;
  const isThere = (): boolean => !worker.isDead && worker.store.find(id) === value;
  const value: SimValue = { ...made, parts: [{ source: name, worker, isThere }] };
  return value;
}
