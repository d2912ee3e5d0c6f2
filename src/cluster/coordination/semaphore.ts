/** @file Semaphores: so many may hold it at the same time. */
/// <reference lib="esnext.disposable" preserve="true" />
import { checkOptionNames } from "../../core/options.ts";
import { inspectAsText } from "../../core/symbols.ts";
import { checkTimeMs, checkWhole } from "../check-given.ts";
import type { Asker } from "./asker.ts";
import {
  acquireFor,
  acquireOptions,
  type Hold,
  heldBy,
  obtain,
  releaseOldest,
  requireHold,
  runWith,
  type Wanted,
} from "./leased.ts";
import type { LockOptions } from "./lock.ts";
import { askerOf, bindClient, nameFor, type WaitOptions } from "./named.ts";

export interface SemaphoreOptions extends LockOptions {
  /** How many may hold it at the same time; default 1. All who use the name must agree. */
  readonly maxLeases?: number;
  readonly name?: string;
}

/** Where each semaphore has been made known. */
const opened = new WeakMap<Semaphore, Asker>();

/**
 * A semaphore that all clients and tasks of an engine share by its name. Those who wait get it in
 * the order in which they came. It may be given to tasks as an argument.
 *
 * @example
 * import { Client, Semaphore } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const database = new Semaphore({ maxLeases: 2, name: "database" });
 *   const ask = (i: number, database: Semaphore) => database.with(async () => i * i);
 *   const futures = client.map(ask, [1, 2, 3], [database, database, database]);
 *   console.log(await client.gather(futures)); // [ 1, 4, 9 ]
 *   await database.close();
 * });
 */
export class Semaphore implements AsyncDisposable {
  readonly name: string;
  readonly maxLeases: number;
  readonly leaseTimeoutMs?: number | undefined;

  constructor(options: SemaphoreOptions = {}) {
    const known = ["maxLeases", "name", "leaseTimeoutMs", "client"];
    checkOptionNames("Semaphore", options, known);
    checkWhole("Semaphore: maxLeases", options.maxLeases, 1);
    checkTimeMs("Semaphore: leaseTimeoutMs", options.leaseTimeoutMs);
    this.name = nameFor("semaphore", options.name);
    this.maxLeases = options.maxLeases ?? 1;
    this.leaseTimeoutMs = options.leaseTimeoutMs;
    bindClient(this, options.client);
  }

  /** Resolves to true when a lease is held; to false when there was none in time. */
  async acquire(options: WaitOptions = {}): Promise<boolean> {
    const wait = acquireOptions("Semaphore", options);
    await open(this);
    return await acquireFor(this, String(this), wantedOf(this), wait);
  }

  /**
   * Ends the oldest lease of this object. Errors: `InvalidArgument` when it holds none; `Lost` when
   * the lease had lapsed.
   */
  async release(): Promise<void> {
    await releaseOldest(this, String(this));
  }

  /** How many leases are held, by all. */
  async getValue(): Promise<number> {
    const { name } = this;
    return await askerOf(this).ask<"lease-count">({ kind: "lease-count", pool: "semaphore", name });
  }

  /** `await using hold = await semaphore.hold()`. Errors: `Timeout`. */
  async hold(options: WaitOptions = {}): Promise<Hold> {
    const wait = acquireOptions("Semaphore", options);
    await open(this);
    return requireHold(String(this), await obtain(this, String(this), wantedOf(this), wait), wait);
  }

  /** Runs `fn` while a lease is held, and releases it whatever happens. Errors: `Timeout`. */
  async with<R>(fn: (hold: Hold) => R | Promise<R>, options: WaitOptions = {}): Promise<R> {
    return await runWith("Semaphore", () => this.hold(options), fn);
  }

  /** Ends the semaphore for all; those who wait for it get `Cancelled`. */
  async close(): Promise<void> {
    opened.delete(this);
    await askerOf(this).ask<"semaphore-close">({ kind: "semaphore-close", name: this.name });
  }

  /** Releases what this object holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (heldBy(this) > 0) await this.release();
  }

  toString(): string {
    return `Semaphore("${this.name}", ${this.maxLeases} leases)`;
  }
}
inspectAsText(Semaphore.prototype);

async function open(semaphore: Semaphore): Promise<void> {
  const asker = askerOf(semaphore);
  if (opened.get(semaphore) === asker) return;
  const { name, maxLeases } = semaphore;
  await asker.ask<"semaphore-open">({ kind: "semaphore-open", name, maxLeases });
  opened.set(semaphore, asker);
}

function wantedOf({ name, leaseTimeoutMs }: Semaphore): Wanted {
  const limit = leaseTimeoutMs === undefined ? {} : { leaseTimeoutMs };
  return { pool: "semaphore", names: [name], ...limit };
}
