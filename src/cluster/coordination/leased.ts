/**
 * @file Acquiring and releasing, for locks and semaphores. Each `acquire` is a lease of its own, so
 * an object may hold several; `release` ends the oldest. What a task holds ends with the task.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { HeddleError } from "../../core/errors.ts";
import { checkFunction, checkOptionNames } from "../../core/options.ts";
import { checkFlag } from "../../core/task-options.ts";
import type { OpOf } from "../../machine/coordination/events.ts";
import { currentTask } from "../../threads/task-context.ts";
import { checkTimeMs } from "../check-given.ts";
import type { Asker } from "./asker.ts";
import { lapsed } from "./lease-keeper.ts";
import { askerOf, timeoutOf, type WaitOptions, waiting } from "./named.ts";

/** A lease that is held until `release()`, or the end of a `using` block. */
export class Hold implements AsyncDisposable {
  /** Aborted when the lease has lapsed, because it could not be renewed in time. */
  readonly lost: AbortSignal;
  readonly #asker: Asker;
  readonly #lease: number;
  readonly #what: string;
  readonly #callOff: (() => void) | undefined;
  #isOver = false;

  /** @internal */
  constructor(asker: Asker, lease: number, what: string, timeoutMs: number | undefined) {
    this.#asker = asker;
    // The connection may have ended, and the lease with it.
    this.#callOff = currentTask()?.onEnd(() => {
      this.release().catch(() => undefined);
    });
    this.#lease = lease;
    this.#what = what;
    this.lost = asker.leases.keep(lease, what, timeoutMs);
  }

  /** Whether it was released; who holds it no longer for another reason, hears of it by `lost`. */
  get released(): boolean {
    return this.#isOver;
  }

  /** Ends the lease; again does nothing. Errors: `Lost` when it had lapsed. */
  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#callOff?.();
    this.#asker.leases.drop(this.#lease);
    const wasHeld = await this.#asker.ask<"release-lease">({
      kind: "release-lease",
      lease: this.#lease,
    });
    if (!wasHeld) throw lapsed(this.#what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** What is asked for, without its lease. */
export type Wanted = Omit<OpOf<"acquire">, "kind" | "lease" | "timeoutMs">;

const holds = new WeakMap<object, Hold[]>();

/** What the object holds, oldest first: not what has ended with its task. */
function holdsOf(owner: object): Hold[] {
  const held = (holds.get(owner) ?? []).filter(({ released }) => !released);
  holds.set(owner, held);
  return held;
}

/** How many leases the object holds. */
export function heldBy(owner: object): number {
  return holdsOf(owner).length;
}

/** Waits for a lease; undefined when there was none in time. */
export async function obtain(
  owner: object,
  what: string,
  wanted: Wanted,
  options: WaitOptions,
): Promise<Hold | undefined> {
  const asker = askerOf(owner);
  const lease = asker.leases.number();
  const op: OpOf<"acquire"> = { kind: "acquire", ...wanted, lease, ...timeoutOf(options) };
  const ask = (): Promise<boolean> => asker.ask<"acquire">(op, options);
  const isGiven = await (options.timeoutMs === 0 ? ask() : waiting(ask));
  return isGiven ? new Hold(asker, lease, what, wanted.leaseTimeoutMs) : undefined;
}

/** The same, kept with the object for `releaseOldest`; false when there was none in time. */
export async function acquireFor(...given: Parameters<typeof obtain>): Promise<boolean> {
  const hold = await obtain(...given);
  if (hold === undefined) return false;
  const [owner] = given;
  holdsOf(owner).push(hold);
  return true;
}

/** Ends the object's oldest lease. Throws `InvalidArgument` when it holds none. */
export async function releaseOldest(owner: object, what: string): Promise<void> {
  const hold = holdsOf(owner).shift();
  if (hold !== undefined) return await hold.release();
  throw new HeddleError(
    "InvalidArgument",
    `${what} is not held by this object: acquire it first, and release it once for each time`,
  );
}

/** Runs `fn` while a lease is held. */
export async function runWith<R>(
  what: string,
  obtainHold: () => Promise<Hold>,
  fn: (hold: Hold) => R | Promise<R>,
): Promise<R> {
  checkFunction(`${what}.with`, fn, "lock.with(async () => ...)");
  const held = await obtainHold();
  try {
    return await fn(held);
  } finally {
    await held.release();
  }
}

/** Throws `InvalidArgument` for options that make no sense together; gives what is left of them. */
export function acquireOptions(
  what: string,
  options: WaitOptions & { readonly blocking?: boolean },
  ...more: string[]
): WaitOptions {
  checkOptionNames(`${what}.acquire`, options, ["timeoutMs", "blocking", "signal", ...more]);
  const { blocking = true, timeoutMs, signal } = options;
  checkFlag(`${what}.acquire`, "blocking", options.blocking);
  checkTimeMs(`${what}.acquire: timeoutMs`, timeoutMs);
  if (blocking) return { timeoutMs, signal };
  if (timeoutMs === undefined) return { timeoutMs: 0, signal };
  throw new HeddleError(
    "InvalidArgument",
    `${what}.acquire: blocking: false does not wait, so it takes no timeoutMs`,
  );
}

/** Throws `Timeout` when there was no lease in time. */
export function requireHold(
  what: string,
  hold: Hold | undefined,
  { timeoutMs }: WaitOptions,
): Hold {
  if (hold !== undefined) return hold;
  throw new HeddleError("Timeout", `${what} was not free for ${timeoutMs} ms`);
}
