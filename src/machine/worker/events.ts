/**
 * @file What the worker machine hears and says. The shell around it owns threads, the heap and the
 * disk: it runs the commands and reports each operation's end exactly once.
 */
import type { InstalledGraph, Inventory, Needs, Words } from "../scheduler/events.ts";

export type WorkerEvent =
  | { readonly kind: "install"; readonly graph: InstalledGraph }
  | { readonly kind: "uninstall"; readonly base: number; readonly count: number }
  | {
      readonly kind: "lease";
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly needs?: Needs;
      readonly words?: Words;
    }
  | {
      readonly kind: "revoke" | "recall" | "hold";
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      /** Of a revoke: why the shell ends what does not end by itself; absent where it need not. */
      readonly ends?: "cancelled" | "client-gone";
    }
  | { readonly kind: "free"; readonly ids: Int32Array }
  | { readonly kind: "copy"; readonly needs: Needs }
  | {
      readonly kind: "expect";
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly bytes: Float64Array;
    }
  /** Values that were fetched lie in the heap. */
  | { readonly kind: "fetched"; readonly ids: Int32Array; readonly bytes: Float64Array }
  | {
      readonly kind: "fetch-failed";
      readonly holder: number;
      readonly ids: Int32Array;
      /** The holder answered, and does not have them. */
      readonly isGone: boolean;
      readonly message: string;
    }
  /** A client would like to bring values: answered by `receive` or `refuse`. */
  | { readonly kind: "offered"; readonly ids: Int32Array; readonly epochs: Int32Array }
  /** A client that was to bring them has broken off. */
  | { readonly kind: "receive-failed"; readonly ids: Int32Array }
  /** The scheduler does not know this worker any more: its leases are void; see `inventory`. */
  | { readonly kind: "rejoin" }
  | {
      /** Tasks that ended with a value; `bytes` is 0 for values that need no heap. */
      readonly kind: "ran";
      readonly count: number;
      readonly ids: Int32Array;
      readonly bytes: Float64Array;
    }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly error: unknown;
      readonly blame: "user" | "worker" | "memory";
    }
  | {
      /**
       * Answer to `take-back`: these had not been started. The others will end in `ran` or
       * `failed`.
       */
      readonly kind: "taken-back";
      readonly ids: Int32Array;
    }
  | {
      /**
       * The thread that had claimed these died before it came to them: they go back to the
       * scheduler.
       */
      readonly kind: "unstarted";
      readonly ids: Int32Array;
    }
  | { readonly kind: "spilled" | "unspilled"; readonly id: number; readonly error?: string }
  | {
      /** A thread needs heap for a running task and waits for `grant`. */
      readonly kind: "request";
      readonly thread: number;
      readonly id: number;
      readonly bytes: number;
    }
  | {
      /**
       * A reader outside the tasks needs these values in memory until `unpin`; answered by
       * `pinned`.
       */
      readonly kind: "pin";
      readonly reader: number;
      readonly ids: Int32Array;
    }
  | {
      /** Part of the memory now belongs to something else (the table engine has started). */
      readonly kind: "limit";
      readonly bytes: number;
      /**
       * Tasks that cannot go on otherwise may have more, up to this much; default: as much as they
       * need.
       */
      readonly mostBytes?: number;
    }
  | { readonly kind: "unpin"; readonly ids: Int32Array }
  | {
      /**
       * Running tasks that wait for others, and hold no thread while they do (1), or that go on
       * (0). The end of a task ends its wait.
       */
      readonly kind: "suspended";
      readonly ids: Int32Array;
      readonly waits: Uint8Array;
    }
  /**
   * A thread has died: what it asked for is not answered. Its tasks end in `failed` or `unstarted`.
   */
  | { readonly kind: "thread-died"; readonly thread: number }
  /**
   * Threads, or tasks that wait to start, have been waiting for memory and nothing has moved: one
   * must get it now, or fail. `mostBytes`: as in `limit`, for those that wait to start; what tasks
   * take while they run is not there now.
   */
  | { readonly kind: "stalled"; readonly mostBytes?: number }
  | {
      /** Values that a client has brought. */
      readonly kind: "adopt";
      readonly ids: Int32Array;
      readonly bytes: Float64Array;
      /**
       * 1 for those that were put on disk because memory had no room; default: all are in memory.
       */
      readonly onDisk?: Uint8Array;
    };

export type WorkerCommand =
  | { readonly kind: "run"; readonly table: boolean; readonly ids: Int32Array }
  | { readonly kind: "take-back"; readonly ids: Int32Array }
  | { readonly kind: "spill" | "unspill"; readonly id: number; readonly bytes: number }
  /** The value's bytes in the heap may go: its file is complete. */
  | { readonly kind: "evict"; readonly id: number }
  /** The file just written is not needed: the value is in use again and stays in memory. */
  | { readonly kind: "keep"; readonly id: number }
  | { readonly kind: "discard"; readonly ids: number[]; readonly onDisk: boolean }
  | { readonly kind: "grant"; readonly thread: number; readonly bytes: number }
  /** The thread does not get what it asked for: its task fails. */
  | { readonly kind: "deny"; readonly thread: number; readonly isDiskFull: boolean }
  | { readonly kind: "pinned"; readonly reader: number; readonly missing: Int32Array }
  | { readonly kind: "warn"; readonly message: string }
  /** Memory is short: clients should let go of values that they have forgotten. */
  | { readonly kind: "collect" }
  | {
      readonly kind: "finished";
      readonly count: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly bytes: Float64Array;
    }
  | {
      readonly kind: "erred";
      readonly id: number;
      readonly epoch: number;
      readonly error: unknown;
      readonly blame: "user" | "worker" | "memory";
    }
  | {
      /** Leased tasks that wait for others and hold no thread while they do (1), or go on (0). */
      readonly kind: "suspended";
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly waits: Uint8Array;
    }
  | { readonly kind: "returned"; readonly ids: Int32Array; readonly epochs: Int32Array }
  | { readonly kind: "lost"; readonly ids: Int32Array }
  /** Copy these from the worker that has them; each ends in `fetched` or `fetch-failed`. */
  | {
      readonly kind: "fetch";
      readonly holder: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly bytes: Float64Array;
    }
  /** These are the values of their ids until they are discarded. */
  | ({ readonly kind: "words" } & Words)
  /** Take these from the clients that offer them; each ends in `adopt` or `receive-failed`. */
  | { readonly kind: "receive"; readonly ids: Int32Array }
  /** These are not wanted any more. */
  | { readonly kind: "refuse"; readonly ids: Int32Array }
  | { readonly kind: "replicated"; readonly ids: Int32Array; readonly epochs: Int32Array }
  | {
      readonly kind: "unreachable";
      readonly ids: Int32Array;
      readonly holders: Int32Array;
      readonly isGone: Uint8Array;
    }
  /** All that the worker has, for the scheduler that it joins again. */
  | { readonly kind: "inventory"; readonly inventory: Inventory }
  /** Nothing is left of the graph here: no value, no running task, no reader. */
  | { readonly kind: "uninstalled"; readonly base: number };
