/**
 * @file Values of a scatter on their way to workers. A client keeps their bytes until it hears that
 * they are there, or never will be: a worker that ends meanwhile, even after it has taken them all,
 * loses nothing, since the scheduler names another one.
 */
import type { ToClient } from "./wire/client-messages.ts";

type Placed = Extract<ToClient, { kind: "placed" }>;

/** What is to be brought to one worker. */
export interface Load {
  readonly ids: number[];
  readonly epochs: number[];
  readonly values: { readonly id: number; readonly bytes: Uint8Array }[];
}

export class Scattering {
  /** Values without ids, by the request in which they were named. */
  readonly #asked = new Map<number, readonly Uint8Array[]>();
  readonly #bringing = new Map<number, Uint8Array>();

  asked(request: number, values: readonly Uint8Array[]): void {
    this.#asked.set(request, values);
  }

  /** Values that are kept: for tests. */
  get size(): number {
    return this.#asked.size + this.#bringing.size;
  }

  /** The scheduler has said where values go, for the first time or again: loads by address. */
  placed({ request, base, addresses, epochs }: Placed): Map<string, Load> {
    this.#asked.get(request)?.forEach((bytes, i) => {
      this.#bringing.set(base + i, bytes);
    });
    this.#asked.delete(request);
    const loads = new Map<string, Load>();
    for (const [i, address] of addresses.entries()) {
      const bytes = this.#bringing.get(base + i);
      // Nobody waits for it any more; or it has no place yet, or never will.
      if (bytes === undefined || address === "") continue;
      let load = loads.get(address);
      if (load === undefined) {
        load = { ids: [], epochs: [], values: [] };
        loads.set(address, load);
      }
      load.ids.push(base + i);
      load.epochs.push(epochs[i]!);
      load.values.push({ id: base + i, bytes });
    }
    return loads;
  }

  /** They are there, or nobody here waits for them. */
  ended(ids: Iterable<number>): void {
    if (this.#bringing.size > 0) for (const id of ids) this.#bringing.delete(id);
  }
}
