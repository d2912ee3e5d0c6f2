/**
 * @file What a scheduler has to remember beyond its own life, as facts in the order in which they
 * came to be: what clients asked, which values exist, what has failed. Not who was given what:
 * after a restart workers say themselves what they have and what they run. So facts played into a
 * machine (`replay.ts`) do not depend on how tasks are placed, and need no clock.
 */
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { GraphFacts, SchedulerEvent } from "./events.ts";
import type { Failure } from "./state.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** What clients ask that is a fact as it is. */
export type AskedFact = EventOf<
  "want" | "retry" | "release" | "client-left" | "replicate" | "rejoined"
>;

/** Values that have come to be. */
export interface DoneFact {
  readonly kind: "done";
  readonly ids: Int32Array;
  readonly epochs: Int32Array;
  readonly bytes: Float64Array;
  /** Of values that are words; tag 0 for the others. */
  readonly tags: Uint8Array;
  readonly words: Float64Array;
}

export type Fact =
  | AskedFact
  | DoneFact
  /** `spared`: dependents that were running and so did not fail with it. */
  | (EventOf<"cancel"> & { readonly spared: Int32Array })
  | {
      readonly kind: "graph";
      readonly client: number;
      readonly request: number;
      readonly parent?: number;
      readonly base: number;
      /** As in `accepted`. */
      readonly ids?: Int32Array;
      readonly facts: GraphFacts;
      readonly body: unknown;
    }
  | {
      /** Values that a client brings; `epochs` are those under which workers expect them. */
      readonly kind: "brought";
      readonly client: number;
      readonly request: number;
      readonly base: number;
      readonly name: string;
      readonly bytes: Float64Array;
      readonly epochs: Int32Array;
      readonly broadcast: number;
    }
  /** A value is brought to another worker, which expects it under this epoch. */
  | { readonly kind: "brought-again"; readonly id: number; readonly epoch: number }
  /** Values that nobody has any more; `how` that came, where they cannot be made again. */
  | { readonly kind: "gone"; readonly ids: Int32Array; readonly how?: string }
  | {
      readonly kind: "erred";
      readonly id: number;
      readonly error: unknown;
      readonly blame: "user" | "worker" | "memory";
    }
  /** It was on a worker when that died. */
  | { readonly kind: "suspected"; readonly id: number }
  /** It has killed its worker. */
  | { readonly kind: "convicted"; readonly id: number; readonly blame: "worker" | "memory" }
  /** It runs again, and answers for what it has submitted. */
  | { readonly kind: "inherited"; readonly id: number }
  /** It may not be tried again, or cannot be. */
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure };

export class FactLog {
  #facts: Fact[] = [];
  readonly #done = new IdList();
  readonly #epochs = new IdList();
  readonly #bytes = new FloatList();
  readonly #tags = new IdList();
  readonly #words = new FloatList();
  readonly #gone = new IdList();
  #how: string | undefined;

  add(fact: Fact): void {
    this.#close();
    this.#facts.push(fact);
  }

  done(id: number, epoch: number, bytes: number, tag: number, word: number): void {
    if (this.#gone.length > 0) this.#close();
    this.#done.push(id);
    this.#epochs.push(epoch);
    this.#bytes.push(bytes);
    this.#tags.push(tag);
    this.#words.push(word);
  }

  gone(id: number, how?: string): void {
    if (this.#done.length > 0 || how !== this.#how) this.#close();
    this.#gone.push(id);
    this.#how = how;
  }

  /** All facts since the last call. */
  take(): Fact[] {
    this.#close();
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  #close(): void {
    if (this.#gone.length > 0) {
      const how = this.#how === undefined ? {} : { how: this.#how };
      this.#facts.push({ kind: "gone", ids: this.#gone.take(), ...how });
    }
    if (this.#done.length === 0) return;
    this.#facts.push({
      kind: "done",
      ids: this.#done.take(),
      epochs: this.#epochs.take(),
      bytes: this.#bytes.take(),
      tags: Uint8Array.from(this.#tags.take()),
      words: this.#words.take(),
    });
  }
}
