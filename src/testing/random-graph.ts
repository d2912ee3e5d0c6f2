/**
 * @file Random graphs for the simulator: layers of tasks with random inputs, sizes and durations,
 * all from one seed.
 */
import type { Prng } from "../core/prng.ts";
import type { GraphFacts } from "../machine/scheduler/events.ts";
import type { SimAside } from "./sim-waits.ts";
import type { SimWork } from "./sim-work.ts";

/** A graph and what its tasks will do when they run. */
export interface SimGraph {
  readonly name: string;
  readonly facts: GraphFacts;
  readonly durationMs: Float64Array;
  readonly bytes: Float64Array;
  /** How often each task throws before it succeeds. */
  readonly failures: Uint8Array;
  /** How often each task has run to its end. */
  readonly tries: Uint8Array;
  /** Tasks that end their worker's process whenever they run. */
  readonly killers: ReadonlySet<number>;
  /** Graphs that tasks submit, and wait for, while they run. */
  readonly children: ReadonlyMap<number, SimGraph>;
  /** Tasks that step aside for a while. */
  readonly asides?: ReadonlyMap<number, SimAside>;
  /** What the values of tasks of other graphs are, by local id. */
  readonly heldNames: ReadonlyMap<number, string>;
  /** What tasks really do; absent when they only take time and room. */
  readonly work?: SimWork;
}

/** A value of an engine that a graph may use. */
export interface SimInput {
  readonly id: number;
  /** What the value must be. */
  readonly name: string;
}

export interface RandomGraphOptions {
  readonly name: string;
  readonly tasksMax: number;
  readonly bytesMax: number;
  /** Share of tasks that throw at least once. */
  readonly failing: number;
  /** Share of tasks that submit tasks themselves. */
  readonly nesting: number;
  /** Share of tasks that end their worker; drawn only when it is set. */
  readonly killing?: number;
  readonly pure: boolean;
  readonly held: readonly SimInput[];
}

/** Depth to which tasks submit tasks. */
const DEPTH_MAX = 3;

export function randomGraph(prng: Prng, options: RandomGraphOptions, depth = 0): SimGraph {
  const { name, pure } = options;
  const fresh = 1 + prng.integer(options.tasksMax);
  const held = options.held.slice(0, prng.integer(options.held.length + 1));
  const count = fresh + held.length;
  const { depOffsets, deps } = randomEdges(prng, fresh, held.length);
  const template = new Int32Array(count).fill(-1);
  for (let i = 0; i < fresh; i++) template[i] = prng.integer(3);
  const heldIds = new Int32Array(count).fill(-1);
  held.forEach(({ id }, i) => {
    heldIds[fresh + i] = id;
  });
  const inputs = { start: fresh, count: held.length, name: "inputs", pure: false };
  return {
    name,
    heldNames: new Map(held.map((input, i) => [fresh + i, input.name])),
    children: depth < DEPTH_MAX ? randomChildren(prng, fresh, options, depth) : new Map(),
    durationMs: Float64Array.from({ length: count }, () => 0.01 + 50 * prng.random() ** 6),
    bytes: Float64Array.from({ length: count }, () =>
      prng.random() < 0.3 ? 0 : Math.floor(options.bytesMax * prng.random() ** 3),
    ),
    failures: Uint8Array.from({ length: count }, () =>
      prng.random() < options.failing ? 1 + prng.integer(3) : 0,
    ),
    tries: new Uint8Array(count),
    killers: randomKillers(prng, fresh, options.killing ?? 0),
    facts: {
      count,
      templates: [
        { name: "a" },
        { name: "b", options: { retries: 2 } },
        { name: "c", options: { priority: prng.integer(3) - 1 } },
      ],
      template,
      depOffsets,
      deps,
      segments: [{ start: 0, count: fresh, name, pure }, ...(held.length > 0 ? [inputs] : [])],
      rank: Int32Array.from({ length: count }, (_, i) => (i < fresh ? i + held.length : i - fresh)),
      outputs: outputsOf(prng, fresh, deps),
      ...(held.length === 0 ? {} : { held: heldIds }),
    },
  };
}

/** Each task uses up to three of the tasks shortly before it, and now and then one that is held. */
function randomEdges(
  prng: Prng,
  fresh: number,
  held: number,
): { depOffsets: Int32Array; deps: Int32Array } {
  const depOffsets = new Int32Array(fresh + held + 1);
  const deps: number[] = [];
  const span = 1 + prng.integer(40);
  for (let i = 0; i < fresh; i++) {
    const inputs = i === 0 ? 0 : prng.integer(Math.min(4, i + 1));
    const chosen = new Set<number>();
    for (let e = 0; e < inputs; e++) chosen.add(i - 1 - prng.integer(Math.min(i, span)));
    if (held > 0 && prng.random() < 0.2) chosen.add(fresh + prng.integer(held));
    deps.push(...chosen);
    depOffsets[i + 1] = deps.length;
  }
  depOffsets.fill(deps.length, fresh + 1);
  return { depOffsets, deps: Int32Array.from(deps) };
}

function randomKillers(prng: Prng, fresh: number, share: number): Set<number> {
  const killers = new Set<number>();
  for (let i = 0; share > 0 && i < fresh; i++) if (prng.chance(share)) killers.add(i);
  return killers;
}

function randomChildren(
  prng: Prng,
  fresh: number,
  options: RandomGraphOptions,
  depth: number,
): Map<number, SimGraph> {
  const children = new Map<number, SimGraph>();
  for (let i = 0; options.nesting > 0 && i < fresh; i++) {
    if (prng.random() >= options.nesting) continue;
    const child = {
      ...options,
      name: `${options.name}/${i}`,
      tasksMax: 6,
      held: [],
      // A task that runs again submits the same graph again.
      pure: options.pure || prng.random() < 0.5,
    };
    children.set(i, randomGraph(prng, child, depth + 1));
  }
  return children;
}

/** All tasks that nothing uses, and some others. */
function outputsOf(prng: Prng, fresh: number, deps: Int32Array): Int32Array {
  const used = new Set(deps);
  const outputs: number[] = [];
  for (let i = 0; i < fresh; i++) if (!used.has(i) || prng.random() < 0.1) outputs.push(i);
  return Int32Array.from(outputs);
}

/** Bytes that one task pins and makes, for the task that needs most. */
export function footprintOf(graph: SimGraph, bytesOf: (heldName: string) => number): number {
  const { depOffsets, deps, template } = graph.facts;
  let largest = 0;
  for (let i = 0; i < graph.facts.count; i++) {
    if (template[i]! < 0) continue;
    let bytes = graph.bytes[i]!;
    for (let e = depOffsets[i]!; e < depOffsets[i + 1]!; e++) {
      const held = graph.heldNames.get(deps[e]!);
      bytes += held === undefined ? graph.bytes[deps[e]!]! : bytesOf(held);
    }
    largest = Math.max(largest, bytes);
  }
  for (const child of graph.children.values())
    largest = Math.max(largest, footprintOf(child, bytesOf));
  return largest;
}
