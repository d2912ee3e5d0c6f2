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
}

export class ActorBook {
  readonly #entries = new Map<string, Entry>();

  /** `workers` are the addresses of those that are there. */
  answer(op: ActorOp, workers: readonly string[]): string | null {
    switch (op.kind) {
      case "actor-place": {
        const worker = this.#fewest(workers);
        if (worker !== undefined) this.#entries.set(op.key, { worker, isMade: false });
        return worker ?? null;
      }
      case "actor-made": {
        const before = this.#entries.get(op.key);
        if (before?.isMade === true) return before.worker;
        this.#entries.set(op.key, { worker: op.worker, isMade: true });
        return null;
      }
      case "actor-gone":
        this.#entries.delete(op.key);
        return null;
    }
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
