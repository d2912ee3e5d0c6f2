/**
 * @file Renews the leases that a client holds with a time limit. Leases without one need nothing:
 * they end when they are released, or with the client.
 */
import { HeddleError } from "../../core/errors.ts";
import type { Asker } from "./asker.ts";

/** A lease is renewed so many times within its limit. */
const RENEWALS = 3;

interface Kept {
  readonly what: string;
  readonly timeoutMs: number;
  readonly lost: AbortController;
}

export class LeaseKeeper {
  readonly #asker: Asker;
  readonly #kept = new Map<number, Kept>();
  #next = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** A number that no lease of this client has had. */
  number(): number {
    return this.#next++;
  }

  /** Renews a lease until it is dropped; the signal is aborted when it has lapsed all the same. */
  keep(lease: number, what: string, timeoutMs: number | undefined): AbortSignal {
    const lost = new AbortController();
    if (timeoutMs === undefined) return lost.signal;
    this.#kept.set(lease, { what, timeoutMs, lost });
    this.#schedule();
    return lost.signal;
  }

  drop(lease: number): void {
    if (this.#kept.delete(lease)) this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#kept.size === 0) return;
    const limits = Array.from(this.#kept.values(), ({ timeoutMs }) => timeoutMs);
    this.#timer = setTimeout(() => this.#renew(), Math.min(...limits) / RENEWALS);
    this.#timer.unref();
  }

  #renew(): void {
    const leases = [...this.#kept.keys()];
    this.#asker
      .ask<"renew">({ kind: "renew", leases })
      .then((gone) => {
        for (const lease of gone) this.#lapse(lease);
        this.#schedule();
      })
      .catch((error: unknown) => {
        // The connection has ended, and the leases with it.
        for (const { lost } of this.#kept.values()) lost.abort(error);
        this.#kept.clear();
      });
  }

  #lapse(lease: number): void {
    const kept = this.#kept.get(lease);
    this.#kept.delete(lease);
    kept?.lost.abort(lapsed(kept.what));
  }
}

/** Why a lease is not held any more. */
export function lapsed(what: string): HeddleError<"Lost"> {
  return new HeddleError(
    "Lost",
    `${what} was not renewed in time and lapsed, or was closed: others may hold it. Give a ` +
      "longer leaseTimeoutMs, or none, when synchronous code runs for long.",
  );
}
