/**
 * @file Random graphs with more ways to wait: several tasks that wait for the same tasks, whichever
 * submits them first, and tasks that step aside for a while (`secede`), of which some never take
 * their place again.
 */
import type { Prng } from "../core/prng.ts";
import { randomGraph, type SimGraph } from "./random-graph.ts";

/** How a task steps aside. */
export interface SimAside {
  readonly ms: number;
  /** Whether it takes its place again before it ends. */
  readonly comesBack: boolean;
}

/** The graph, in which some tasks wait for what others wait for, and some step aside. */
export function withWaits(prng: Prng, graph: SimGraph): SimGraph {
  const fresh = graph.facts.segments[0]!.count;
  const children = new Map(graph.children);
  for (const [local, child] of children) children.set(local, withWaits(prng, child));
  const shared = sharedChild(prng, graph.name, children);
  const asides = new Map<number, SimAside>();
  for (let local = 0; local < fresh; local++) {
    if (children.has(local)) continue;
    const choice = prng.random();
    if (choice < 0.05) children.set(local, shared);
    else if (choice < 0.1) {
      asides.set(local, { ms: prng.exponential(20), comesBack: prng.chance(0.5) });
    }
  }
  return { ...graph, children, asides };
}

/** A graph that is the same whoever submits it: one that there is, or a new one. */
function sharedChild(prng: Prng, name: string, children: Map<number, SimGraph>): SimGraph {
  const first = [...children][0];
  const [local, child] = first ?? [-1, smallGraph(prng, `${name}/all`)];
  const segments = child.facts.segments.map((segment) => ({ ...segment, pure: true }));
  const shared = { ...child, facts: { ...child.facts, segments } };
  if (local >= 0) children.set(local, shared);
  return shared;
}

function smallGraph(prng: Prng, name: string): SimGraph {
  return randomGraph(prng, {
    name,
    tasksMax: 6,
    bytesMax: 200,
    failing: 0,
    nesting: 0,
    pure: true,
    held: [],
  });
}
