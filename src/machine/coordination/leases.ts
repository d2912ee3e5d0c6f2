/**
 * @file Locks, locks of several names at once, and semaphores: pools of leases. Whoever waits
 * stands in the queue of each of its pools, in the order of arrival; a lease that comes free is
 * *offered* to the first that has none of this pool yet, and who has been offered enough gets them
 * all together. All queues have the same order, so whoever came first is always served next: nobody
 * starves, and no two can wait for each other. (Dask's MultiLock works so; here locks do too.)
 */
import { assert, HeddleError } from "../../core/errors.ts";
import type { Deadline } from "./deadlines.ts";
import { type Asking, type Desk, deleteFrom, mapOf, type Waiting } from "./desk.ts";
import type { OpOf, PoolKind } from "./events.ts";
import { Fifo, type FifoNode } from "./fifo.ts";
import { checkCount, checkName, checkNames, checkTime, refuse } from "./limits.ts";

type Acquire = OpOf<"acquire">;

/** Invariant: `leasesMax = free + held + offered`, and while one is free, nobody is in `queue`. */
interface Pool {
  readonly kind: PoolKind;
  readonly name: string;
  readonly leasesMax: number;
  free: number;
  readonly held: Set<Lease>;
  readonly offered: Set<Waiter>;
  /** Those to whom no lease of it has been offered. */
  readonly queue: Fifo<Waiter>;
}

interface Waiter {
  readonly waiting: Waiting;
  readonly op: Acquire;
  readonly count: number;
  /** In the order in which they were named. */
  readonly pools: readonly Pool[];
  readonly offered: Set<Pool>;
  readonly places: Map<Pool, FifoNode<Waiter>>;
}

interface Lease {
  readonly client: number;
  readonly lease: number;
  readonly pools: readonly Pool[];
  readonly timeoutMs: number | undefined;
  /** It lapses when it has not been renewed until then. */
  expiresMs: number;
  /** When it is looked at next. */
  deadline: Deadline | undefined;
}

/** What a lease is after a restart. */
export interface SavedLease {
  readonly client: number;
  readonly lease: number;
  readonly pool: PoolKind;
  readonly names: readonly string[];
  readonly timeoutMs?: number;
}

export interface SavedLeases {
  readonly semaphores: readonly { readonly name: string; readonly maxLeases: number }[];
  readonly leases: readonly SavedLease[];
}

export class Leases {
  readonly #desk: Desk;
  readonly #pools = { lock: new Map<string, Pool>(), semaphore: new Map<string, Pool>() };
  readonly #leases = new Map<number, Map<number, Lease>>();
  /** Leases that are waited for. */
  readonly #pending = new Map<number, Map<number, Waiter>>();
  #count = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  open(at: Asking, { name, maxLeases }: OpOf<"semaphore-open">): void {
    checkName(this.#desk.limits, "semaphore", name);
    checkCount("maxLeases", maxLeases, 1);
    const known = this.#pools.semaphore.get(name);
    if (known === undefined) {
      this.#make("semaphore", name, maxLeases);
    } else if (known.leasesMax !== maxLeases) {
      throw refuse(
        "InvalidArgument",
        `semaphore "${name}" was made with maxLeases ${known.leasesMax}, not ${maxLeases}. Use ` +
          "the same number everywhere, another name, or close it first.",
      );
    }
    this.#desk.answer<"semaphore-open">(at, null);
  }

  acquire(at: Asking, op: Acquire): void {
    const { client } = at;
    if (this.#leases.get(client)?.has(op.lease)) return this.#desk.answer<"acquire">(at, true);
    const count = this.#check(client, op);
    const pools = this.#poolsOf(op);
    const free = pools.filter((pool) => pool.free > 0).slice(0, count);
    if (free.length < count && op.timeoutMs !== 0) return this.#queue(at, op, pools, count);
    const isGiven = free.length === count;
    if (isGiven) {
      for (const pool of free) pool.free--;
      this.#hold(client, op, free);
    }
    for (const pool of pools) this.#dropIfIdle(pool);
    this.#desk.answer<"acquire">(at, isGiven);
  }

  #queue(at: Asking, op: Acquire, pools: readonly Pool[], count: number): void {
    const leave = (): void => this.#leave(waiter);
    const waiting = this.#desk.wait(at, op, { leave, late: () => false });
    const waiter: Waiter = { waiting, op, count, pools, offered: new Set(), places: new Map() };
    for (const pool of pools) {
      if (pool.free > 0) {
        pool.free--;
        pool.offered.add(waiter);
        waiter.offered.add(pool);
      } else {
        waiter.places.set(pool, pool.queue.push(waiter));
      }
    }
    mapOf(this.#pending, at.client).set(op.lease, waiter);
  }

  /** How many of the names are needed. Throws when it makes no sense, or is one too many. */
  #check(client: number, op: Acquire): number {
    const { limits } = this.#desk;
    const { names, count = names.length, leaseTimeoutMs } = op;
    checkNames(limits, op.pool, names);
    checkCount("the number of names needed", count, 1);
    if (new Set(names).size < names.length) {
      throw refuse("InvalidArgument", "a name is there twice: each is locked once");
    }
    if (count > names.length) {
      throw refuse("InvalidArgument", `${count} of ${names.length} names are needed: too many`);
    }
    if (op.pool === "semaphore" && names.length > 1) {
      throw refuse("InvalidArgument", "a lease is one of one semaphore");
    }
    if (this.#pending.get(client)?.has(op.lease)) {
      throw refuse("InvalidArgument", `lease ${op.lease} is waited for already`);
    }
    checkTime("leaseTimeoutMs", leaseTimeoutMs, 1);
    this.#desk.checkWait(op);
    if (this.#count >= limits.leasesMax) {
      throw refuse("MemoryLimit", `${this.#count} leases are held already: no more are given`);
    }
    return count;
  }

  release(at: Asking, { lease }: OpOf<"release-lease">): void {
    const held = this.#leases.get(at.client)?.get(lease);
    if (held !== undefined) this.#end(held);
    this.#desk.answer<"release-lease">(at, held !== undefined);
  }

  renew(at: Asking, { leases }: OpOf<"renew">): void {
    const held = this.#leases.get(at.client);
    const gone: number[] = [];
    for (const number of leases) {
      const lease = held?.get(number);
      if (lease === undefined) gone.push(number);
      else if (lease.timeoutMs !== undefined) lease.expiresMs = this.#desk.nowMs + lease.timeoutMs;
    }
    this.#desk.answer<"renew">(at, gone);
  }

  countHeld(at: Asking, { pool: kind, name }: OpOf<"lease-count">): void {
    const pool = this.#pools[kind].get(name);
    this.#desk.answer<"lease-count">(at, pool?.held.size ?? 0);
  }

  /** Ends a semaphore: its leases are gone, and who waits for it hears of that. */
  close(at: Asking, { name }: OpOf<"semaphore-close">): void {
    const pool = this.#pools.semaphore.get(name);
    if (pool !== undefined) {
      const waiters = [...pool.offered, ...pool.queue];
      for (const waiter of waiters) {
        const { waiting } = waiter;
        this.#settle(waiter);
        const error = new HeddleError("Cancelled", `semaphore "${name}" was closed`);
        this.#desk.refuse(waiting, error);
      }
      for (const lease of pool.held) this.#forget(lease);
      this.#pools.semaphore.delete(name);
      this.#desk.dropName();
    }
    this.#desk.answer<"semaphore-close">(at, null);
  }

  clientLeft(client: number): void {
    for (const lease of [...(this.#leases.get(client)?.values() ?? [])]) this.#end(lease);
  }

  save(): SavedLeases {
    const all = [...this.#leases.values()].flatMap((leases) => [...leases.values()]);
    return {
      semaphores: [...this.#pools.semaphore.values()].map(({ name, leasesMax }) => ({
        name,
        maxLeases: leasesMax,
      })),
      leases: all.map(({ client, lease, pools, timeoutMs }) => ({
        client,
        lease,
        pool: pools[0]!.kind,
        names: pools.map(({ name }) => name),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })),
    };
  }

  /** Each holder gets its whole time again: while nobody listened, it could not renew. */
  load({ semaphores, leases }: SavedLeases): void {
    for (const { name, maxLeases } of semaphores) this.#make("semaphore", name, maxLeases);
    for (const { client, lease, pool: kind, names, timeoutMs } of leases) {
      const op: Acquire = {
        kind: "acquire",
        pool: kind,
        names,
        lease,
        ...(timeoutMs === undefined ? {} : { leaseTimeoutMs: timeoutMs }),
      };
      const pools = this.#poolsOf(op);
      for (const pool of pools) pool.free--;
      this.#hold(client, op, pools);
    }
  }

  /** Throws `InvariantViolated` when the numbers do not add up; for tests. */
  validate(): void {
    for (const pools of Object.values(this.#pools)) {
      for (const { name, leasesMax, free, held, offered, queue } of pools.values()) {
        const sum = free + held.size + offered.size;
        const facts = `${free} free, ${held.size} held, ${offered.size} offered of ${leasesMax}`;
        const isSound = sum === leasesMax && free >= 0 && (free === 0 || queue.length === 0);
        assert(isSound, `leases of "${name}": ${facts}`);
      }
    }
  }

  #poolsOf({ pool: kind, names }: Acquire): Pool[] {
    const pools: Pool[] = [];
    try {
      for (const name of names) pools.push(this.#pools[kind].get(name) ?? this.#first(kind, name));
      return pools;
    } catch (error) {
      for (const pool of pools) this.#dropIfIdle(pool);
      throw error;
    }
  }

  /** Locks begin when they are named; semaphores must be made first. */
  #first(kind: PoolKind, name: string): Pool {
    if (kind === "lock") return this.#make(kind, name, 1);
    throw refuse(
      "InvalidArgument",
      `there is no semaphore "${name}": it was never made, or it was closed`,
    );
  }

  #make(kind: PoolKind, name: string, leasesMax: number): Pool {
    this.#desk.addName();
    const pool: Pool = {
      kind,
      name,
      leasesMax,
      free: leasesMax,
      held: new Set(),
      offered: new Set(),
      queue: new Fifo(),
    };
    this.#pools[kind].set(name, pool);
    return pool;
  }

  #hold(client: number, op: Acquire, pools: readonly Pool[]): void {
    const { leaseTimeoutMs: timeoutMs } = op;
    const expiresMs = this.#desk.nowMs + (timeoutMs ?? Number.POSITIVE_INFINITY);
    const lease: Lease = {
      client,
      lease: op.lease,
      pools,
      timeoutMs,
      expiresMs,
      deadline: undefined,
    };
    for (const pool of pools) pool.held.add(lease);
    mapOf(this.#leases, client).set(op.lease, lease);
    this.#count++;
    this.#watch(lease);
  }

  /** Looks at the lease when it would lapse; if it was renewed by then, again later. */
  #watch(lease: Lease): void {
    lease.deadline = this.#desk.deadlines.add(lease.expiresMs, () => {
      if (lease.expiresMs > this.#desk.nowMs) return this.#watch(lease);
      const names = lease.pools.map(({ name }) => `"${name}"`).join(", ");
      const { kind } = lease.pools[0]!;
      this.#desk.say({
        kind: "warn",
        client: lease.client,
        message:
          `a lease of ${kind} ${names} lapsed, because its holder did not renew it for ` +
          `${lease.timeoutMs} ms: others may hold it while the former holder still works`,
      });
      this.#end(lease);
    });
  }

  #end(lease: Lease): void {
    this.#forget(lease);
    for (const pool of lease.pools) this.#comesFree(pool);
  }

  #forget(lease: Lease): void {
    deleteFrom(this.#leases, lease.client, lease.lease);
    if (lease.deadline !== undefined) this.#desk.deadlines.callOff(lease.deadline);
    for (const pool of lease.pools) pool.held.delete(lease);
    this.#count--;
  }

  /** One lease of the pool is neither held nor offered. */
  #comesFree(pool: Pool): void {
    const next = pool.queue.shift();
    if (next === undefined) {
      pool.free++;
      this.#dropIfIdle(pool);
      return;
    }
    next.places.delete(pool);
    next.offered.add(pool);
    pool.offered.add(next);
    if (next.offered.size === next.count) this.#grant(next);
  }

  #grant(waiter: Waiter): void {
    const { waiting, op, pools, offered } = waiter;
    this.#settle(waiter);
    const taken = pools.filter((pool) => offered.has(pool));
    this.#leaveQueues(waiter);
    for (const pool of taken) pool.offered.delete(waiter);
    this.#hold(waiting.client, op, taken);
    this.#desk.answer<"acquire">(waiting, true);
  }

  #settle(waiter: Waiter): void {
    const { waiting, op } = waiter;
    this.#desk.settle(waiting);
    deleteFrom(this.#pending, waiting.client, op.lease);
  }

  /** It has been settled. */
  #leave(waiter: Waiter): void {
    deleteFrom(this.#pending, waiter.waiting.client, waiter.op.lease);
    this.#leaveQueues(waiter);
    for (const pool of waiter.offered) {
      pool.offered.delete(waiter);
      this.#comesFree(pool);
    }
  }

  #leaveQueues({ places }: Waiter): void {
    for (const [pool, node] of places) pool.queue.remove(node);
    places.clear();
  }

  /** Locks are forgotten when nobody has to do with them; semaphores are closed. */
  #dropIfIdle(pool: Pool): void {
    if (pool.kind !== "lock" || pool.free < pool.leasesMax) return;
    if (this.#pools.lock.delete(pool.name)) this.#desk.dropName();
  }
}
