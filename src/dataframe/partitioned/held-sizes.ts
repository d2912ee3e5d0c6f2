/**
 * @file Sizes of partitions that users have made: of futures the engine is asked before a frame of
 * them is planned; others are thought to be of a usual size.
 */
import { currentLimits } from "../../cluster/limits.ts";
import { config } from "../../config/config.ts";
import type { Layer } from "../../core/graph.ts";
import { inputsOf, type Plan } from "../plan.ts";

/** What users' partitions are thought to take, where nothing says it. */
const PART_BYTES = 32 * 2 ** 20;
/** Bytes of all values of layers that were asked for. */
const measured = new WeakMap<Layer, number>();

/** Bytes of the value of one of the layer's tasks, on average. */
export function bytesOfTask(layer: Layer): number {
  const known = measured.get(layer);
  if (known !== undefined) return known / Math.max(1, layer.count);
  // What is made of each partition by itself is of its size.
  const { inputs } = layer;
  if (inputs.length === 0 || inputs.some((input) => !measured.has(input))) return PART_BYTES;
  const bytes = inputs.reduce((sum, input) => sum + (measured.get(input) ?? 0), 0);
  return bytes / inputs.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Asks for the sizes of the futures that a plan reads; undefined where there are none, or where the
 * plan will be one query whatever they are.
 */
export function measureInputs(plan: Plan): Promise<void> | undefined {
  const mode = config.get("dataframe.fragment");
  const workers = currentLimits()?.workerCount ?? 1;
  if (mode === "single" || workers === 1) return undefined;
  const layers = heldLayers(plan).filter((layer) => !measured.has(layer));
  if (layers.length === 0) return undefined;
  const asked = layers.map(async (layer) => {
    // Without an answer they are thought to be of the usual size.
    const bytes = await layer.held?.measure?.().catch(() => undefined);
    if (bytes !== undefined) measured.set(layer, bytes);
  });
  return Promise.all(asked).then(() => undefined);
}

/** Layers of values whose size can be asked for: what a plan reads, or is made of one by one. */
function heldLayers(plan: Plan): Layer[] {
  const found = new Set<Layer>();
  const seen = new Set<Plan>();
  const visit = (node: Plan): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "input" && node.size === undefined) {
      for (const { layer } of node.refs ?? []) {
        for (const one of [layer, ...layer.inputs]) {
          if (one.held?.measure !== undefined) found.add(one);
        }
      }
    }
    inputsOf(node).forEach(visit);
  };
  visit(plan);
  return [...found];
}
