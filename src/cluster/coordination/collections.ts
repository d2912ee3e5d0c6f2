/**
 * @file Collections as shared values. One travels as the layers that it lowers to; a layer over
 * values of the engine travels as a stand-in that names places in the payload, and is one over the
 * same values again where it arrives.
 */
import type { Collection } from "../../core/collection.ts";
import { HeddleError } from "../../core/errors.ts";
import type { Layer } from "../../core/graph.ts";
import { heldLayer, keepOutputs } from "../held-layer.ts";
import type { EngineLink } from "../link.ts";
import { submissionOf } from "./asker.ts";

const STAND_IN = "heddle-shared-";

/**
 * The collection with stand-ins; `place` takes the tasks of a layer and gives their first place.
 */
export function withStandIns(
  link: EngineLink,
  collection: Collection,
  place: (ids: Int32Array) => number,
): Collection {
  return withLayers(collection, (layer) => {
    if (layer.held === undefined) return undefined;
    if (layer.held.engine !== link.owner) {
      throw new HeddleError(
        "InvalidArgument",
        "a collection was persisted by another client: publish it there, or persist it again here",
      );
    }
    const { held, ...plain } = layer;
    return { ...plain, name: `${STAND_IN}${place(held.ids)}` };
  });
}

/** The collection as this client's: its stand-ins are layers over the tasks of the payload. */
export function withoutStandIns(
  link: EngineLink,
  collection: Collection,
  tasks: Int32Array,
): Collection {
  return withLayers(collection, (layer) => {
    if (!layer.name.startsWith(STAND_IN)) return undefined;
    const first = Number(layer.name.slice(STAND_IN.length));
    const ids = tasks.slice(first, first + layer.count);
    const release = keepOutputs(submissionOf(link, ids), Int32Array.from(ids.keys()));
    return heldLayer({ engine: link.owner, ids }, release);
  });
}

/** The same collection, with other layers in place of those for which `replace` gives one. */
function withLayers(
  collection: Collection,
  replace: (layer: Layer) => Layer | undefined,
): Collection {
  const { outputs, rebuild } = collection.lower();
  const changed = new Map<Layer, Layer>();
  const change = (layer: Layer): Layer => {
    const before = changed.get(layer);
    if (before !== undefined) return before;
    const inputs = layer.inputs.map(change);
    const isSame = inputs.every((input, i) => input === layer.inputs[i]);
    const after = replace(layer) ?? (isSame ? layer : { ...layer, inputs });
    changed.set(layer, after);
    return after;
  };
  const refs = outputs.map(({ layer, index }) => ({ layer: change(layer), index }));
  return outputs.every(({ layer }, i) => layer === refs[i]?.layer) ? collection : rebuild(refs);
}
