/** @file Locks, of one name and of several. */
/// <reference lib="esnext.disposable" preserve="true" />
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { inspectAsText } from "../../core/symbols.ts";
import { checkTimeMs, checkWhole } from "../check-given.ts";
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
import { askerOf, bindClient, type NamedOptions, nameFor, type WaitOptions } from "./named.ts";

export interface LockOptions extends NamedOptions {
  /**
   * The lock is taken from a holder that does not answer for so long, though its connection lives;
   * default: never, it ends when it is released, or with the holder's thread or process.
   */
  readonly leaseTimeoutMs?: number | undefined;
}

export interface AcquireOptions extends WaitOptions {
  /** False: do not wait; default true. */
  readonly blocking?: boolean;
}

export interface MultiLockOptions extends AcquireOptions {
  /** How many of the names are needed; default all. */
  readonly numLocks?: number;
}

const LOCK_OPTIONS = ["client", "leaseTimeoutMs"];

/**
 * A lock that all clients and tasks of an engine share by its name. Those who wait get it in the
 * order in which they came. It is not reentrant. It may be given to tasks as an argument.
 *
 * @example
 * import { Client, Lock } from "heddle";
 * await Client.with({ embedded: true }, async () => {
 *   const lock = new Lock("printer");
 *   await lock.with(async () => console.log("nobody else prints now"));
 *   console.log(await lock.locked()); // false
 * });
 */
export class Lock implements AsyncDisposable {
  readonly name: string;
  readonly leaseTimeoutMs?: number | undefined;

  /** Without a name, nobody else shares the lock but who is given it. */
  constructor(name?: string, options: LockOptions = {}) {
    checkOptionNames("Lock", options, LOCK_OPTIONS);
    checkTimeMs("Lock: leaseTimeoutMs", options.leaseTimeoutMs);
    this.name = nameFor("lock", name);
    this.leaseTimeoutMs = options.leaseTimeoutMs;
    bindClient(this, options.client);
  }

  /** Resolves to true when the lock is held; to false when it was not free in time. */
  async acquire(options: AcquireOptions = {}): Promise<boolean> {
    const wait = acquireOptions("Lock", options);
    return await acquireFor(this, String(this), wantedOf(this), wait);
  }

  /**
   * Errors: `InvalidArgument` when this object does not hold the lock; `Lost` when the lease had
   * lapsed.
   */
  async release(): Promise<void> {
    await releaseOldest(this, String(this));
  }

  /** Whether anybody holds it. */
  async locked(): Promise<boolean> {
    const { name } = this;
    const op = { kind: "lease-count", pool: "lock", name } as const;
    return (await askerOf(this).ask<"lease-count">(op)) > 0;
  }

  /**
   * Acquires the lock for a block: `await using hold = await lock.hold()`. Errors: `Timeout`.
   */
  async hold(options: WaitOptions = {}): Promise<Hold> {
    const wait = acquireOptions("Lock", options);
    return requireHold(String(this), await obtain(this, String(this), wantedOf(this), wait), wait);
  }

  /** Runs `fn` while the lock is held, and releases it whatever happens. Errors: `Timeout`. */
  async with<R>(fn: (hold: Hold) => R | Promise<R>, options: WaitOptions = {}): Promise<R> {
    return await runWith("Lock", () => this.hold(options), fn);
  }

  /** Releases what this object holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (heldBy(this) > 0) await this.release();
  }

  toString(): string {
    return `Lock("${this.name}")`;
  }
}
inspectAsText(Lock.prototype);

/**
 * Several locks at once: all of them, or as many as are needed. Locks of the same names are the
 * same locks. Nobody waits for ever because two want the same locks in another order.
 *
 * @example
 * import { Client, MultiLock } from "heddle";
 * await Client.with({ embedded: true }, async () => {
 *   const lock = new MultiLock(["left", "right"]);
 *   console.log(await lock.acquire({ timeoutMs: 100 })); // true
 *   await lock.release();
 * });
 */
export class MultiLock implements AsyncDisposable {
  readonly names: readonly string[];
  readonly leaseTimeoutMs?: number | undefined;

  constructor(names: readonly string[], options: LockOptions = {}) {
    checkOptionNames("MultiLock", options, LOCK_OPTIONS);
    checkTimeMs("MultiLock: leaseTimeoutMs", options.leaseTimeoutMs);
    if (!Array.isArray(names) || names.length === 0) {
      throw new HeddleError("InvalidArgument", 'MultiLock takes a list of names: ["a", "b"]');
    }
    this.names = names.map((name: string) => nameFor("lock", name));
    this.leaseTimeoutMs = options.leaseTimeoutMs;
    bindClient(this, options.client);
  }

  /** Resolves to true when the locks are held; to false when they were not free in time. */
  async acquire(options: MultiLockOptions = {}): Promise<boolean> {
    const wait = this.#checked(options);
    return await acquireFor(this, String(this), wantedOf(this, options.numLocks), wait);
  }

  /** As for `Lock`: all that one `acquire` got. */
  async release(): Promise<void> {
    await releaseOldest(this, String(this));
  }

  /** Whether this object holds its locks. */
  locked(): boolean {
    return heldBy(this) > 0;
  }

  /** As for `Lock`. */
  async hold(options: MultiLockOptions = {}): Promise<Hold> {
    const wait = this.#checked(options);
    const hold = await obtain(this, String(this), wantedOf(this, options.numLocks), wait);
    return requireHold(String(this), hold, wait);
  }

  /** As for `Lock`. */
  async with<R>(fn: (hold: Hold) => R | Promise<R>, options: MultiLockOptions = {}): Promise<R> {
    return await runWith("MultiLock", () => this.hold(options), fn);
  }

  /** Releases what this object holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (heldBy(this) > 0) await this.release();
  }

  #checked(options: MultiLockOptions): WaitOptions {
    const wait = acquireOptions("MultiLock", options, "numLocks");
    checkWhole("MultiLock.acquire: numLocks", options.numLocks, 1, this.names.length);
    return wait;
  }

  toString(): string {
    return `MultiLock(${this.names.map((name) => `"${name}"`).join(", ")})`;
  }
}
inspectAsText(MultiLock.prototype);

function wantedOf(lock: Lock | MultiLock, count?: number): Wanted {
  const { leaseTimeoutMs } = lock;
  return {
    pool: "lock",
    names: "names" in lock ? lock.names : [lock.name],
    ...(count === undefined ? {} : { count }),
    ...(leaseTimeoutMs === undefined ? {} : { leaseTimeoutMs }),
  };
}
