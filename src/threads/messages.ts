/**
 * @file What the control thread posts to task threads: what leases refer to. A thread that meets
 * something unknown in the ring reads its inbox before anything else, so a message posted before a
 * lease is always in time.
 */
import type { MessagePort } from "node:worker_threads";
import type { SecurityOptions } from "../comm/index.ts";
import type { WasmMemory } from "../core/wasm.ts";
import type { CallOutcome } from "../functions/index.ts";
import type { GraphImage } from "./graph-image.ts";

/** A graph as task threads see it; arrays lie in shared memory. */
export interface ThreadGraph {
  /** The control thread's number for it, as in the leases; never used again. */
  readonly number: number;
  readonly base: number;
  readonly count: number;
  readonly ids?: Int32Array;
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
  readonly template: Int32Array;
  readonly image: GraphImage;
}

export type ThreadMessage =
  | { readonly kind: "arena"; readonly memory: WasmMemory }
  | { readonly kind: "page"; readonly buffer: SharedArrayBuffer }
  | { readonly kind: "graph"; readonly graph: ThreadGraph }
  | { readonly kind: "forget"; readonly numbers: readonly number[] }
  /** Asynchronous tasks that nobody wants any more: what they still do does not count. */
  | { readonly kind: "give-up"; readonly ids: Int32Array }
  /** Values that are actors, and are gone. */
  | { readonly kind: "actors-gone"; readonly ids: readonly number[] }
  /** Memory is short: a thread that sleeps gives back what it does not need. */
  | { readonly kind: "rest" }
  /** Something to do beside tasks; answered by `ThreadAnswer`. */
  | { readonly kind: "call"; readonly call: number; readonly op: ThreadOp }
  | { readonly kind: "stop" };

/** What a thread may be asked to do beside tasks. */
export type ThreadOp =
  /** A function and its arguments, as `encodeCall` writes them. */
  | { readonly kind: "run"; readonly call: Uint8Array }
  /** No lease is claimed before the plugin has been set up. */
  | { readonly kind: "set-up"; readonly name: string; readonly plugin: Uint8Array }
  | { readonly kind: "tear-down"; readonly name: string };

/** What a thread posts to its control thread. */
export interface ThreadAnswer {
  readonly kind: "called";
  readonly call: number;
  readonly outcome: CallOutcome;
}

/** What the thread of the table lane needs beyond the others. */
export interface TableInit {
  /** Shared memory through which a running query is stopped. */
  readonly interruptCell: SharedArrayBuffer;
  readonly threads: number;
  readonly memoryLimitBytes: number;
}

/** How tasks reach the scheduler of their cluster. */
export interface ClusterAccess {
  readonly scheduler: string;
  readonly token?: string;
  /** Certificates, as texts. */
  readonly security?: SecurityOptions;
}

/** How a task thread is started. */
export interface ThreadInit {
  readonly thread: number;
  /** `config.serialize()` of the engine. */
  readonly configuration: string;
  readonly block: SharedArrayBuffer;
  readonly budgetBytes: number;
  readonly address: string;
  /** Name of the worker. */
  readonly name: string;
  /** Folder for what graphs write while they run. */
  readonly scratch: string;
  /** Threads of the lane. */
  readonly threads: number;
  /** What the worker has of each resource. */
  readonly resources: Readonly<Record<string, number>>;
  /** Whether it is checked that tasks leave their inputs alone. */
  readonly validate: boolean;
  readonly table?: TableInit;
  /** Where the scheduler is, when it is in another process. */
  readonly cluster?: ClusterAccess;
  /** A client's connection to the engine in this process, for tasks that submit tasks. */
  readonly clientPort: MessagePort;
  /** Takes what the thread prints. */
  readonly outputPort: MessagePort;
}
