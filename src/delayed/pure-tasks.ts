/**
 * @file The tasks of pure calls by their keys, for as long as anyone uses their layers: an equal
 * call that is made later is the same task. Tasks are numbered through all layers, so that each is
 * a plain number here; a weak reference for each would cost more than its call.
 */
import type { Layer } from "../core/graph.ts";

/** A layer that is being made, or was. */
export interface Place {
  /** Number of its first task. */
  readonly start: number;
  /** Undefined while it is being made. */
  layer: WeakRef<Layer> | undefined;
}

/** A task of a layer, or of the layer that is being made. */
interface PureTask {
  readonly layer: Layer | undefined;
  readonly index: number;
}

class PureTasks {
  readonly #numberOf = new Map<string, number>();
  /** Ascending by `start`. */
  readonly #places: Place[] = [];
  readonly #gone = new FinalizationRegistry<{ place: Place; keys: readonly string[] }>(
    ({ place, keys }) => this.forget(place, keys),
  );
  #next = 0;

  /** The task of a call with this key. */
  get(key: string): PureTask | undefined {
    const number = this.#numberOf.get(key);
    if (number === undefined) return undefined;
    const { start, layer } = this.#places[this.#placeAt(number)] as Place;
    const index = number - start;
    if (layer === undefined) return { layer, index };
    const alive = layer.deref();
    return alive && { layer: alive, index };
  }

  /** A place for the tasks of a new layer; one can be open at a time. */
  open(): Place {
    return { start: this.#next, layer: undefined };
  }

  add(place: Place, key: string, index: number): void {
    if (this.#places.at(-1) !== place) this.#places.push(place);
    this.#numberOf.set(key, place.start + index);
  }

  /** The layer is made. */
  close(place: Place, layer: Layer): void {
    if (this.#places.at(-1) !== place) return;
    this.#next += layer.count;
    place.layer = new WeakRef(layer);
    // Where a key is made of content, all keys of the layer are text.
    this.#gone.register(layer, { place, keys: layer.keys as readonly string[] });
  }

  /** Forgets a place and the keys that still lead to it. */
  forget(place: Place, keys: readonly string[]): void {
    const at = this.#places.indexOf(place);
    if (at < 0) return;
    const end = this.#places[at + 1]?.start ?? Infinity;
    for (const key of keys) {
      const number = this.#numberOf.get(key);
      if (number !== undefined && number >= place.start && number < end) this.#numberOf.delete(key);
    }
    this.#places.splice(at, 1);
  }

  #placeAt(number: number): number {
    let low = 0;
    let high = this.#places.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#places[middle] as Place).start <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Of this process. */
export const pureTasks: PureTasks = new PureTasks();
