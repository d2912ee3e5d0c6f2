/**
 * @file Lazy collections as values: what a function captures, what a task returns. One travels as
 * the layers that it lowers to, so it arrives as a collection of the same tasks under the same
 * keys, whatever it was made of.
 */
import type { Collection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Layer, TaskRef } from "../core/graph.ts";
import { registerClass } from "./registry.ts";

/** A collection on its way: its tasks, and what its class needs beside them. */
export interface PackedCollection<S> {
  readonly outputs: readonly TaskRef[];
  readonly facts: S;
}

/**
 * Lets instances of a class of collections travel. `pack` calls {@link packOutputs}. Both functions
 * must be exports, so that the class can be found by its module.
 */
export function registerCollection<C extends Collection, S>(
  name: string,
  make: abstract new (...args: never[]) => C,
  pack: (collection: C) => PackedCollection<S>,
  unpack: (packed: PackedCollection<S>) => C,
): void {
  registerClass<C, PackedCollection<S>>(`heddle/${name}`, make, { encode: pack, decode: unpack });
}

/**
 * The tasks of a collection, as plain data. Errors: `NotSerializable` when values of a running
 * engine are among them.
 */
export function packOutputs(collection: Collection): readonly TaskRef[] {
  const outputs = collection.lower().outputs.map(({ layer, index }) => ({ layer, index }));
  const seen = new Set<Layer>();
  const next = outputs.map(({ layer }) => layer);
  for (let layer = next.pop(); layer !== undefined; layer = next.pop()) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    if (layer.held !== undefined) throw holdsValues(layer);
    next.push(...layer.inputs);
  }
  return outputs;
}

function holdsValues({ name }: Layer): HeddleError<"NotSerializable"> {
  return new HeddleError(
    "NotSerializable",
    `A lazy collection over ${name}, which is a future or persisted, cannot be sent to a task: ` +
      "its values belong to this client. Pass the future or the collection as an argument of the " +
      "task, or compute it first.",
    { fields: { name } },
  );
}
