/**
 * @file What a client collects during one turn of the event loop: calls, which travel as one graph,
 * and the collections that are given to them, which travel as another. A graph is sent when the
 * tasks it builds on have ids, so no two may wait for each other: whatever builds on calls that are
 * still being collected ends the collecting, and later calls begin anew.
 */
import { type Collection, isCollection } from "../core/collection.ts";
import { holdsLazy, partsOf } from "../core/lazy-values.ts";
import { isFuture, type Submission } from "./future.ts";
import type { LazyInputs } from "./lazy-inputs.ts";
import type { CallBatch, LazyInput, TaskInput } from "./submission.ts";

/** How what was collected is opened and sent. */
export interface TurnOwner {
  openCalls(lazy: LazyInput): CallBatch;
  openLazy(): LazyInputs;
  sendCalls(batch: CallBatch): void;
  sendLazy(lazy: LazyInputs): void;
}

export class Turn {
  readonly #owner: TurnOwner;
  #batch: CallBatch | undefined;
  #lazy: LazyInputs | undefined;
  /** Every collection given in this turn is computed once. */
  readonly #known = new Map<Collection, TaskInput>();

  constructor(owner: TurnOwner) {
    this.#owner = owner;
  }

  /** What takes the next call with these arguments. */
  batchFor(values: readonly unknown[]): CallBatch {
    // Before the calls are chosen: a collection may end those that are being collected.
    this.#prepare(values, new Set());
    if (this.#batch !== undefined) return this.#batch;
    const batch = this.#owner.openCalls(this.inputOf);
    this.#batch = batch;
    queueMicrotask(() => {
      if (this.#batch === batch) this.#batch = undefined;
      this.#owner.sendCalls(batch);
    });
    return batch;
  }

  /** Finds the collections within the arguments of calls that come next. */
  #prepare(values: readonly unknown[], seen: Set<object>): void {
    for (const value of values) {
      if (typeof value !== "object" || value === null || isFuture(value)) continue;
      if (isCollection(value)) this.inputOf(value);
      else if (!seen.has(value) && holdsLazy(value)) {
        seen.add(value);
        this.#prepare(partsOf(value) ?? [], seen);
      }
    }
  }

  /** Tasks that build on these have been sent: no call that they wait for may wait for them. */
  sentAfter(inputs: readonly { readonly submission: Submission }[]): void {
    const submission = this.#batch?.submission;
    if (inputs.some((input) => input.submission === submission)) this.#batch = undefined;
  }

  /** Something waits for futures of any calls. */
  endCalls(): void {
    this.#batch = undefined;
  }

  /** The task that computes a collection. */
  readonly inputOf = (collection: Collection): TaskInput => {
    const known = this.#known.get(collection);
    if (known !== undefined) return known;
    const lazy = this.#lazyFor(collection);
    const input = { submission: lazy.submission, local: lazy.add(collection) };
    if (this.#known.size === 0) queueMicrotask(() => this.#known.clear());
    this.#known.set(collection, input);
    return input;
  };

  #lazyFor(collection: Collection): LazyInputs {
    if (waitsForCalls(collection)) {
      this.#batch = undefined;
      this.#lazy = undefined;
    }
    if (this.#lazy !== undefined) return this.#lazy;
    const lazy = this.#owner.openLazy();
    this.#lazy = lazy;
    queueMicrotask(() => {
      if (this.#lazy === lazy) this.#lazy = undefined;
      this.#owner.sendLazy(lazy);
    });
    return lazy;
  }
}

/** Whether the collection is made of futures whose tasks have no ids yet. */
export function waitsForCalls(collection: Collection): boolean {
  const stack = collection.lower().outputs.map(({ layer }) => layer);
  const seen = new Set(stack);
  for (let layer = stack.pop(); layer !== undefined; layer = stack.pop()) {
    const { futures } = (layer.held ?? {}) as { futures?: { readonly submission: Submission } };
    if (futures !== undefined && futures.submission.place === undefined) return true;
    for (const input of layer.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return false;
}
