/**
 * @file What the scheduler knows of actors: on which worker each is. It places the next one on the
 * worker that has fewest, and tells when one is about to be made a second time, which means that
 * the first is lost.
 */

/** What is said of actors. */
export type ActorOp =
  /** Where shall it be made? Answered with an address, or null where there is no worker. */
  | { readonly kind: "actor-place"; readonly key: string }
  /** It is being made on a worker; answered with the worker where it was made before, or null. */
  | { readonly kind: "actor-made"; readonly key: string; readonly worker: string }
  | { readonly kind: "actor-gone"; readonly key: string };

interface Entry {
  readonly worker: string;
  readonly isMade: boolean;
  /** It was not made yet, and its task was not known, when the book was last looked through. */
  readonly isDoubtful?: boolean;
}

/** What outlives the scheduler: where actors were made, by key. */
export interface ActorNotes {
  readonly made: ReadonlyMap<string, string>;
  /** One was made on a worker, or is forgotten. */
  note(key: string, worker: string | undefined): void;
}

/** The book is looked through when it has so many entries, and again when it has doubled. */
const LOOK_FIRST = 256;

export class ActorBook {
  readonly #entries = new Map<string, Entry>();
  readonly #knownOf: (keys: readonly string[]) => ReadonlySet<string>;
  readonly #notes: ActorNotes | undefined;
  #lookAt = LOOK_FIRST;

  /** `knownOf` says of which of these keys the scheduler knows tasks. */
  constructor(knownOf: (keys: readonly string[]) => ReadonlySet<string>, notes?: ActorNotes) {
    this.#knownOf = knownOf;
    this.#notes = notes;
    for (const [key, worker] of notes?.made ?? []) {
      this.#entries.set(key, { worker, isMade: true });
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `workers` are the addresses of those that are there. */
  answer(op: ActorOp, workers: readonly string[]): string | null {
    switch (op.kind) {
      case "actor-place": {
        const worker = this.#fewest(workers);
        if (worker === undefined) return null;
        if (this.#entries.size >= this.#lookAt) this.#lookThrough(workers);
        this.#entries.set(op.key, { worker, isMade: false });
        return worker;
      }
      case "actor-made": {
        const before = this.#entries.get(op.key);
        if (before?.isMade === true) return before.worker;
        this.#entries.set(op.key, { worker: op.worker, isMade: true });
        this.#notes?.note(op.key, op.worker);
        return null;
      }
      case "actor-gone":
        this.#forget(op.key);
        return null;
    }
  }

  /**
   * Forgets actors that nobody can ask for any more: lost ones whose tasks are forgotten, so that
   * they cannot be made again, and those whose tasks ended before they were made. A task becomes
   * known soon after its actor was placed, so that is doubted once first.
   */
  #lookThrough(workers: readonly string[]): void {
    const here = new Set(workers);
    const known = this.#knownOf([...this.#entries.keys()]);
    for (const [key, entry] of this.#entries) {
      if (known.has(key) || (entry.isMade && here.has(entry.worker))) continue;
      if (entry.isMade || entry.isDoubtful === true) this.#forget(key);
      else this.#entries.set(key, { ...entry, isDoubtful: true });
    }
    this.#lookAt = Math.max(LOOK_FIRST, 2 * this.#entries.size);
  }

  #forget(key: string): void {
    const isMade = this.#entries.get(key)?.isMade === true;
    this.#entries.delete(key);
    if (isMade) this.#notes?.note(key, undefined);
  }

  #fewest(workers: readonly string[]): string | undefined {
    const counts = new Map(workers.map((worker) => [worker, 0]));
    for (const { worker } of this.#entries.values()) {
      const count = counts.get(worker);
      if (count !== undefined) counts.set(worker, count + 1);
    }
    return [...counts].reduce<[string, number] | undefined>(
      (best, entry) => (best === undefined || entry[1] < best[1] ? entry : best),
      undefined,
    )?.[0];
  }
}
