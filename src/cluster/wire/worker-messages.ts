/**
 * @file What the scheduler and a worker say to each other over a connection: the commands and
 * events of their machines.
 */

import type { GraphFacts, Inventory } from "../../machine/scheduler/events.ts";
import {
  bool,
  bytes,
  f64,
  f64s,
  i32s,
  list,
  type MessageSet,
  message,
  messageSet,
  oneOf,
  optional,
  record,
  text,
  u8s,
  u32,
} from "../../protocol/index.ts";
import type { Outcome, WorkerOp } from "../control/ops.ts";
import type { WireError } from "../messages.ts";
import type { WorkerOrder } from "../scheduler-host.ts";
import type { WorkerLoad } from "../worker-host.ts";
import type { WorkerReport } from "../worker-report.ts";
import { inventory, needs, plainAs, wireError, words } from "./fields.ts";
import type { GraphPage, GraphSizes } from "./graph-pages.ts";
import { graphFacts } from "./graphs.ts";

/** A graph that a worker is going to run tasks of. */
export interface InstallMessage {
  readonly kind: "install";
  readonly base: number;
  readonly count: number;
  readonly serial: number;
  readonly facts: GraphFacts;
  /** The image, as bytes. */
  readonly body: Uint8Array;
  /** With pages: of any length, when there are some. */
  readonly ids?: Int32Array;
  /** The rows come in pages. */
  readonly pages?: GraphSizes;
}

/** Where another worker is reached. */
export interface Peer {
  readonly worker: number;
  readonly addresses: readonly string[];
}

const peer = record({ worker: u32, addresses: list(text) });

const columnSize = record({
  kind: oneOf("integers", "numbers", "encoded"),
  rows: u32,
  bytes: f64,
});

const columnPart = record({
  column: u32,
  row: u32,
  integers: optional(i32s),
  numbers: optional(f64s),
  offsets: optional(f64s),
  bytes: optional(bytes),
});

/** What the scheduler says to a worker. */
export type ToWorker =
  | InstallMessage
  | Exclude<WorkerOrder, { kind: "install" }>
  /** Rows of an installed graph: said before the first lease of any. */
  | ({ readonly kind: "page" } & GraphPage)
  /** Other workers: said before any message that names them, and when they are gone. */
  | { readonly kind: "peers"; readonly peers: readonly Peer[]; readonly gone: readonly Peer[] }
  /** Something to do beside tasks; answered by `told`. */
  | { readonly kind: "ask"; readonly call: number; readonly op: WorkerOp }
  /** Ends the worker. */
  | { readonly kind: "stop"; readonly reason: string; readonly restart: boolean };

export const toWorker: MessageSet<ToWorker> = messageSet([
  message("install", 65, {
    base: u32,
    count: u32,
    serial: u32,
    facts: graphFacts,
    body: bytes,
    ids: optional(i32s),
    pages: optional(record({ deps: u32, columns: list(columnSize) })),
  }),
  message("uninstall", 66, { base: u32, count: u32 }),
  message("lease", 67, {
    ids: i32s,
    epochs: i32s,
    needs: optional(needs),
    words: optional(words),
  }),
  message("revoke", 68, {
    ids: i32s,
    epochs: i32s,
    ends: optional(oneOf("cancelled", "client-gone")),
  }),
  message("recall", 69, { ids: i32s, epochs: i32s }),
  message("free", 70, { ids: i32s }),
  message("hold", 71, { ids: i32s, epochs: i32s }),
  message("expect", 72, { ids: i32s, epochs: i32s, bytes: f64s }),
  message("copy", 73, { needs }),
  /** Where other workers are reached; before any message that names them. */
  message("peers", 74, { peers: list(peer), gone: list(peer) }),
  /** Ends the worker. */
  message("stop", 75, { reason: text, restart: bool }),
  message("ask", 76, { call: u32, op: plainAs<WorkerOp>() }),
  message("page", 77, {
    base: u32,
    start: u32,
    template: i32s,
    depOffsets: i32s,
    deps: i32s,
    ids: optional(i32s),
    depIds: optional(i32s),
    columns: list(columnPart),
  }),
]);

/** What a worker says to the scheduler. */
export type FromWorker =
  | WireReport
  | { readonly kind: "inventory"; readonly inventory: Inventory }
  | ({ readonly kind: "load" } & WorkerLoad)
  | { readonly kind: "warn"; readonly message: string }
  | { readonly kind: "collect" }
  /** It is short of memory, or not any more: it wants no tasks meanwhile. */
  | { readonly kind: "short"; readonly isShort: boolean; readonly memoryBytes: number }
  | { readonly kind: "told"; readonly call: number; readonly outcome: Outcome }
  /** What its tasks have printed: to standard output (1) or standard error (2). */
  | { readonly kind: "printed"; readonly stream: number; readonly text: string }
  /**
   * The worker wants to end: others are to have what only it has, within `graceMs`; then it is told
   * to stop, for this reason.
   */
  | {
      readonly kind: "going";
      readonly reason: string;
      readonly restart: boolean;
      readonly graceMs: number;
    }
  /** The worker ends by itself. */
  | { readonly kind: "leaving"; readonly reason: string }
  /** Tasks that have been running for a while: they are blamed if the process dies. */
  | { readonly kind: "working"; readonly ids: Int32Array };

/** A report whose error can travel. */
type WireReport =
  | Exclude<WorkerReport, { kind: "erred" | "worker-joined" | "worker-lost" }>
  | (Omit<Extract<WorkerReport, { kind: "erred" }>, "error"> & { readonly error: WireError });

export const fromWorker: MessageSet<FromWorker> = messageSet([
  message("finished", 65, {
    count: u32,
    ids: i32s,
    epochs: i32s,
    bytes: f64s,
    tags: optional(u8s),
    words: optional(f64s),
  }),
  message("erred", 66, {
    id: u32,
    epoch: u32,
    error: wireError,
    blame: oneOf("user", "worker", "memory"),
  }),
  message("returned", 67, { ids: i32s, epochs: i32s }),
  message("lost", 68, { ids: i32s }),
  message("durations", 69, { ids: i32s, counts: i32s, meanMs: f64s, threads: optional(i32s) }),
  message("suspended", 70, { ids: i32s, epochs: i32s, waits: u8s }),
  message("uninstalled", 71, { base: u32 }),
  message("replicated", 72, { ids: i32s, epochs: i32s }),
  message("unreachable", 73, { ids: i32s, holders: i32s, isGone: u8s }),
  message("inventory", 74, { inventory }),
  message("load", 75, {
    memoryBytes: f64,
    peakBytes: f64,
    spilledBytes: f64,
    running: u32,
  }),
  message("warn", 77, { message: text }),
  message("collect", 78, {}),
  /** The worker ends by itself; what it runs now is not to blame. */
  message("leaving", 79, { reason: text }),
  message("working", 80, { ids: i32s }),
  message("told", 81, { call: u32, outcome: plainAs<Outcome>() }),
  message("printed", 82, { stream: u32, text }),
  message("short", 83, { isShort: bool, memoryBytes: f64 }),
  message("going", 84, { reason: text, restart: bool, graceMs: f64 }),
]);
