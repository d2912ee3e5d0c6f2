/**
 * @file Random graphs for the simulator: layers of tasks with random inputs, sizes and durations,
 * all from one seed.
 */
import type { Prng } from "../core/prng.ts";
import type { GraphFacts } from "../machine/scheduler/events.ts";

/** A graph and what its tasks will do when they run. */
export interface SimGraph {
  readonly facts: GraphFacts;
  readonly durationMs: Float64Array;
  readonly bytes: Float64Array;
  /** How often each task throws before it succeeds. */
  readonly failures: Uint8Array;
}

export interface RandomGraphOptions {
  readonly tasksMax: number;
  readonly bytesMax: number;
  /** Share of tasks that throw at least once. */
  readonly failing: number;
  /** Ids of an engine that the graph may use as inputs. */
  readonly held: readonly number[];
  readonly name: string;
}

export function randomGraph(prng: Prng, options: RandomGraphOptions): SimGraph {
  const fresh = 1 + prng.integer(options.tasksMax);
  const held = options.held.slice(0, prng.integer(options.held.length + 1));
  const count = fresh + held.length;
  const depOffsets = new Int32Array(count + 1);
  const deps: number[] = [];
  const span = 1 + prng.integer(40);
  for (let i = 0; i < fresh; i++) {
    const inputs = i === 0 ? 0 : prng.integer(Math.min(4, i + 1));
    const chosen = new Set<number>();
    for (let e = 0; e < inputs; e++) chosen.add(i - 1 - prng.integer(Math.min(i, span)));
    if (held.length > 0 && prng.random() < 0.2) chosen.add(fresh + prng.integer(held.length));
    deps.push(...chosen);
    depOffsets[i + 1] = deps.length;
  }
  depOffsets.fill(deps.length, fresh + 1);
  const template = new Int32Array(count).fill(-1);
  for (let i = 0; i < fresh; i++) template[i] = prng.integer(3);
  const outputs = outputsOf(prng, fresh, deps);
  const heldIds = new Int32Array(count).fill(-1);
  held.forEach((id, i) => {
    heldIds[fresh + i] = id;
  });
  return {
    durationMs: Float64Array.from({ length: count }, () => 0.01 + 50 * prng.random() ** 6),
    bytes: Float64Array.from({ length: count }, () =>
      prng.random() < 0.3 ? 0 : Math.floor(options.bytesMax * prng.random() ** 3),
    ),
    failures: Uint8Array.from({ length: count }, () =>
      prng.random() < options.failing ? 1 + prng.integer(3) : 0,
    ),
    facts: {
      count,
      templates: [
        { name: "a" },
        { name: "b", options: { retries: 2 } },
        { name: "c", options: { priority: prng.integer(3) - 1 } },
      ],
      template,
      depOffsets,
      deps: Int32Array.from(deps),
      segments: [{ start: 0, count, name: options.name, pure: false }],
      rank: Int32Array.from({ length: count }, (_, i) =>
        i < held.length ? fresh + i : i - held.length,
      ),
      outputs,
      ...(held.length === 0 ? {} : { held: heldIds }),
    },
  };
}

/** All tasks that nothing uses, and some others. */
function outputsOf(prng: Prng, fresh: number, deps: readonly number[]): Int32Array {
  const used = new Set(deps);
  const outputs: number[] = [];
  for (let i = 0; i < fresh; i++) if (!used.has(i) || prng.random() < 0.1) outputs.push(i);
  return Int32Array.from(outputs);
}
