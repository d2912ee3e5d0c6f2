/**
 * @file Bulk connections to other processes, opened on demand and used again. A few to each address
 * carry transfers beside each other; what is more waits its turn. Idle ones are closed after a
 * while.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { formatAddress, parseAddress } from "./addresses.ts";
import {
  BulkConnection,
  type BulkOutcome,
  type GetRequest,
  type PutRequest,
} from "./bulk-connection.ts";
import { checkProof } from "./comm-options.ts";
import type { DialerOptions } from "./connect.ts";

/** Options of a {@link BulkPool}. */
export interface BulkPoolOptions extends DialerOptions {
  /** Connections to one address at a time (2). */
  readonly connectionsMax?: number;
  /** An unused connection is closed after so long (60,000). */
  readonly idleMs?: number;
  /** A transfer that does not move for so long has failed (30,000). */
  readonly stallMs?: number;
}

/** What one transfer may be told. */
export interface TransferOptions {
  /** First byte wanted of each id: to go on where a broken transfer stopped. */
  readonly offsets?: ArrayLike<number>;
  /** Which part of each is wanted, in JSON that the other side's store understands. */
  readonly parts?: readonly unknown[];
  /** A value's last byte is there; the others may still be under way. */
  readonly arrived?: (id: number) => void;
  /** Breaks the transfer off. */
  readonly signal?: AbortSignal;
}

/** Someone who waits for a connection. */
interface Waiter {
  readonly resolve: (connection: BulkConnection | undefined) => void;
}

/** Looks now and then whether a connection that is silent leads anywhere. */
interface Probe {
  readonly timer: NodeJS.Timeout;
  /** The last look found somebody there. */
  isAnswered: boolean;
}

/** Connections to one address. */
class Lane {
  readonly idle: { connection: BulkConnection; timer: NodeJS.Timeout }[] = [];
  readonly waiting: Waiter[] = [];
  /** Connections that exist or are being made. */
  count = 0;
}

/** Pulls and pushes values over connections of its own. */
export class BulkPool {
  readonly #options: BulkPoolOptions;
  readonly #lanes: Map<string, Lane> = new Map();
  readonly #open: Set<BulkConnection> = new Set();
  #isClosed = false;

  constructor(options: BulkPoolOptions) {
    this.#options = options;
  }

  /**
   * Pulls values: `place` gives the memory for each, `(id, bytes) => Uint8Array`. Resolves with
   * what became of each id, in order. Throws `TransferFailed` when the connection breaks (its
   * `fields` say which values are `done` and how many bytes of the `next` one are there),
   * `ConnectFailed`, `AuthFailed`.
   */
  async get(
    address: string,
    ids: ArrayLike<number>,
    place: GetRequest["place"],
    options: TransferOptions = {},
  ): Promise<BulkOutcome[]> {
    const { offsets, parts, arrived, signal } = options;
    return await this.#transfer(address, signal, (connection) =>
      connection.get({ ids, place, offsets, parts, arrived }),
    );
  }

  /** Pushes values, for a scatter. Throws as {@link get} does. */
  async put(
    address: string,
    values: PutRequest["values"],
    facts: unknown = null,
    options: Pick<TransferOptions, "signal"> = {},
  ): Promise<BulkOutcome[]> {
    return await this.#transfer(address, options.signal, (connection) =>
      connection.put({ values, facts }),
    );
  }

  /** Closes all connections; transfers under way fail. */
  close(): void {
    this.#isClosed = true;
    const error = new HeddleError("Cancelled", "The pool of bulk connections was closed");
    for (const connection of this.#open) connection.close(error);
    for (const lane of this.#lanes.values()) {
      for (const { timer } of lane.idle.splice(0)) clearTimeout(timer);
      for (const { resolve } of lane.waiting.splice(0)) resolve(undefined);
    }
    this.#lanes.clear();
  }

  async #transfer(
    given: string,
    signal: AbortSignal | undefined,
    run: (connection: BulkConnection) => Promise<BulkOutcome[]>,
  ): Promise<BulkOutcome[]> {
    const address = formatAddress(parseAddress(given));
    for (;;) {
      const connection = await this.#take(address, signal);
      if (signal?.aborted) {
        this.#giveBack(address, connection);
        throw signal.reason;
      }
      const wasUsed = connection.hasAnswered;
      connection.hasAnswered = false;
      const stop = (): void => connection.close(signal?.reason as Error);
      signal?.addEventListener("abort", stop, { once: true });
      const probe = this.#probe(address, connection);
      try {
        return await run(connection);
      } catch (error) {
        // Small messages came through, and what was asked for did not.
        if (probe?.isAnswered && isStalled(error)) {
          this.#options.relay?.cut(parseAddress(address), error);
        }
        // The other side may have closed an idle connection the moment it was taken.
        const isStale = wasUsed && !connection.hasAnswered && !signal?.aborted;
        if (!isStale || !isHeddleError(error, "TransferFailed") || isStalled(error)) throw error;
      } finally {
        clearInterval(probe?.timer);
        signal?.removeEventListener("abort", stop);
        this.#giveBack(address, connection);
      }
    }
  }

  /**
   * A network that is cut says nothing: whether a silent connection still leads anywhere, another
   * one shows within seconds. With a relay there is something to be done about it.
   */
  #probe(address: string, connection: BulkConnection): Probe | undefined {
    const { relay, stallMs = 30_000 } = this.#options;
    const target = parseAddress(address);
    if (relay?.carries(target) !== true || connection.isRelayed) return undefined;
    const quietMs = relay.directMs;
    let isProbing = false;
    const look = async (): Promise<void> => {
      isProbing = true;
      const other = await BulkConnection.open(target, this.#options, stallMs);
      if (other.isRelayed) connection.close(new HeddleError("CommClosed", "the network is cut"));
      probe.isAnswered = !other.isRelayed;
      other.close(
        new HeddleError("CommClosed", "The connection was made to see whether it can be"),
      );
    };
    const timer = setInterval(() => {
      if (isProbing || !connection.isOpen || connection.quietMs < quietMs) return;
      const over = (): void => {
        isProbing = false;
      };
      // Who is not reached at all is waited for as long as ever.
      look().then(over, over);
    }, quietMs).unref();
    const probe: Probe = { timer, isAnswered: false };
    return probe;
  }

  /** An idle connection, a new one, or the next to become free. */
  async #take(address: string, signal: AbortSignal | undefined): Promise<BulkConnection> {
    for (;;) {
      if (this.#isClosed) throw new HeddleError("CommClosed", "The bulk pool is closed");
      signal?.throwIfAborted();
      const lane = this.#lane(address);
      const idle = lane.idle.pop();
      if (idle !== undefined) {
        clearTimeout(idle.timer);
        if (idle.connection.isOpen && !this.#isOutdated(idle.connection)) return idle.connection;
        idle.connection.close(new HeddleError("CommClosed", "There is another way now"));
        this.#drop(address, lane, idle.connection);
        continue;
      }
      if (lane.count < (this.#options.connectionsMax ?? 2))
        return await this.#connect(address, lane);
      const connection = await new Promise<BulkConnection | undefined>((resolve) => {
        lane.waiting.push({ resolve });
      });
      if (connection !== undefined) return connection;
    }
  }

  /** Whether another connection to the same address would go another way. */
  #isOutdated(connection: BulkConnection): boolean {
    const { relay } = this.#options;
    return (
      relay !== undefined && relay.isCut(parseAddress(connection.address)) !== connection.isRelayed
    );
  }

  async #connect(address: string, lane: Lane): Promise<BulkConnection> {
    const target = parseAddress(address);
    checkProof(target, address, this.#options);
    lane.count++;
    try {
      const { stallMs = 30_000 } = this.#options;
      const connection = await BulkConnection.open(target, this.#options, stallMs);
      this.#open.add(connection);
      if (this.#isClosed)
        connection.close(new HeddleError("CommClosed", "The bulk pool is closed"));
      return connection;
    } catch (error) {
      lane.count--;
      lane.waiting.shift()?.resolve(undefined);
      throw error;
    }
  }

  #giveBack(address: string, connection: BulkConnection): void {
    const lane = this.#lane(address);
    if (!connection.isOpen || this.#isClosed) return this.#drop(address, lane, connection);
    const waiter = lane.waiting.shift();
    if (waiter !== undefined) return waiter.resolve(connection);
    const { idleMs = 60_000 } = this.#options;
    const timer = setTimeout(() => {
      const at = lane.idle.findIndex((entry) => entry.connection === connection);
      if (at < 0) return;
      lane.idle.splice(at, 1);
      connection.close(new HeddleError("CommClosed", "The connection was not used"));
      this.#drop(address, lane, connection);
    }, idleMs);
    timer.unref();
    lane.idle.push({ connection, timer });
  }

  /** A connection is gone: somebody who waits may open another. */
  #drop(address: string, lane: Lane, connection: BulkConnection): void {
    if (!this.#open.delete(connection)) return;
    lane.count--;
    const waiter = lane.waiting.shift();
    if (waiter !== undefined) waiter.resolve(undefined);
    else if (lane.count === 0) this.#lanes.delete(address);
  }

  #lane(address: string): Lane {
    const found = this.#lanes.get(address);
    if (found !== undefined) return found;
    const lane = new Lane();
    this.#lanes.set(address, lane);
    return lane;
  }
}

function isStalled(error: unknown): boolean {
  return isHeddleError(error, "TransferFailed") && isHeddleError(error.cause, "Timeout");
}
