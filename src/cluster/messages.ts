/**
 * @file What a client and the engine's control thread say to each other over a message port. Lists
 * of messages are posted, one list for each turn of the event loop. Large parts lie in shared
 * memory.
 */
import type { WasmMemory } from "../core/wasm.ts";
import type { GraphFacts } from "../machine/scheduler/events.ts";
import type { GraphImage } from "../threads/graph-image.ts";
import type { ControlOp, Outcome } from "./control/ops.ts";
import type { CoordinationNews, CoordinationRequest } from "./coordination/asker.ts";

export type ClientMessage =
  | {
      readonly kind: "graph";
      readonly request: number;
      readonly facts: GraphFacts;
      readonly image: GraphImage;
      readonly parent?: number;
      /** Whether the client wants to hear of every task. */
      readonly watch?: boolean;
    }
  | { readonly kind: "want" | "retry"; readonly ids: Int32Array }
  /** The values of a `read` have been copied. */
  | { readonly kind: "unpin"; readonly request: number }
  | {
      readonly kind: "release";
      readonly ids: Int32Array;
      /** Number of the last request that the client knows to be accepted. */
      readonly seen: number;
    }
  | {
      readonly kind: "cancel";
      readonly ids: Int32Array;
      readonly force: boolean;
      /** Not for what later requests have asked for again; default: for all. */
      readonly before?: number;
    }
  | { readonly kind: "read"; readonly request: number; readonly ids: Int32Array }
  | {
      readonly kind: "scatter";
      readonly request: number;
      readonly name: string;
      /** Encoded values, in shared memory. */
      readonly values: readonly Uint8Array[];
      /** Names or addresses of the workers that may have them; default all. */
      readonly workers?: readonly string[];
      /** On how many workers each shall lie; default 1. */
      readonly broadcast?: number;
    }
  | {
      readonly kind: "query";
      readonly request: number;
      readonly what: Query;
      readonly ids?: Int32Array;
    }
  /** For the coordination machine: locks, queues and the like. */
  | { readonly kind: "coordinate"; readonly event: CoordinationRequest }
  /** A question about the cluster, or a change of it; answered by `controlled`. */
  | { readonly kind: "control"; readonly request: number; readonly op: ControlOp }
  | { readonly kind: "close" };

/** What may be asked of an engine at any time. */
export type Query = "info" | "tasks" | "progress" | "holders" | "demand";

export type EngineMessage =
  | { readonly kind: "arena"; readonly memory: WasmMemory }
  | { readonly kind: "page"; readonly buffer: SharedArrayBuffer }
  | {
      readonly kind: "accepted";
      readonly request: number;
      readonly base: number;
      readonly ids?: Int32Array;
    }
  /** A graph or a scatter that was not accepted, and why. */
  | {
      readonly kind: "refused";
      readonly request: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: "cancelled" | "reset"; readonly ids: Int32Array }
  | {
      readonly kind: "done";
      readonly ids: Int32Array;
      /** Values that need no heap come along where no memory is shared: tag and number. */
      readonly tags?: Uint8Array;
      readonly words?: Float64Array;
    }
  | {
      readonly kind: "failed";
      readonly ids: Int32Array;
      readonly error: WireError;
      readonly culprit: string;
      readonly attempts: number;
    }
  /**
   * Tasks of a watched graph that have ended: what they took (NaN: not measured alone), and whether
   * they failed.
   */
  | {
      readonly kind: "progress";
      readonly request: number;
      readonly ids: Int32Array;
      readonly elapsedMs: Float64Array;
      readonly failed: Uint8Array;
    }
  /** Answer to `read`: the values are in memory until `unpin`, except those that are gone. */
  | { readonly kind: "read"; readonly request: number; readonly missing: Int32Array }
  | {
      /** Where to bring the values of a `scatter`: value `i` goes to `addresses[i]`. */
      readonly kind: "placed";
      readonly request: number;
      readonly base: number;
      readonly addresses: readonly string[];
      readonly epochs: Int32Array;
    }
  | { readonly kind: "answer"; readonly request: number; readonly value: unknown }
  | { readonly kind: "controlled"; readonly request: number; readonly outcome: Outcome }
  /** What tasks have printed: to standard output (1) or standard error (2). */
  | { readonly kind: "printed"; readonly stream: number; readonly text: string }
  /** From the coordination machine. */
  | { readonly kind: "coordinated"; readonly news: CoordinationNews }
  | { readonly kind: "warn"; readonly message: string }
  /** Memory is short: forgotten futures should be found now. */
  | { readonly kind: "collect" }
  | { readonly kind: "closed" };

/** An error on its way: the encoded error of a user's function, or one that a machine made. */
export type WireError =
  | { readonly encoded: Uint8Array }
  | { readonly plain: true; readonly code: string; readonly message: string };

/** What `tasks` answers for each id. */
export interface TaskFacts {
  readonly state: string;
  /** Addresses of the workers that hold the value. */
  readonly workers: readonly string[];
  readonly bytes: number;
}

/** What `holders` answers: where the values lie, and how those workers are reached. */
export interface HoldersAnswer {
  /** By worker number, best first. */
  readonly addresses: Readonly<Record<number, readonly string[]>>;
  /** Worker numbers for each id asked. */
  readonly holders: readonly (readonly number[])[];
}

/** What `info` answers: an engine and its workers, as `schedulerInfo()` returns them. */
export interface EngineInfo {
  readonly address: string;
  readonly workers: Readonly<Record<string, WorkerInfo>>;
  /** Task threads of all workers, also under the name `cpu`. */
  readonly threads: number;
  readonly cpu: number;
  /** The memory limits of all workers in bytes, also under the name `memory`. */
  readonly memoryLimitBytes: number;
  readonly memory: number;
  readonly clients: number;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly transitions: number;
  /** Where the scheduler shows its state, if it does. */
  readonly dashboard?: string;
}

export interface WorkerInfo {
  readonly name: string;
  readonly address: string;
  /** Name of the machine. */
  readonly host: string;
  readonly pid: number;
  readonly threads: number;
  /** What it was given: of its process, or of the values of an engine within the program. */
  readonly memoryLimitBytes: number;
  readonly resources: Readonly<Record<string, number>>;
  /** When it was last heard of, in milliseconds since 1970. */
  readonly seenMs: number;
  /** Bytes of values and of running tasks' arrays in the heap. */
  readonly memoryBytes: number;
  /** The most there were at any time. */
  readonly peakBytes: number;
  readonly spilledBytes: number;
  readonly running: number;
  /** Where it shows its own metrics over HTTP, if it does; takes the token of `dashboardLink`. */
  readonly dashboard?: string;
}
