/**
 * @file What a client and the scheduler say to each other over a connection: the messages of
 * `messages.ts` without those that need shared memory.
 */

import type { GraphFacts } from "../../machine/scheduler/events.ts";
import {
  bool,
  bytes,
  f64,
  f64s,
  i32,
  i32s,
  list,
  type MessageSet,
  message,
  messageSet,
  oneOf,
  optional,
  text,
  u8s,
  u32,
} from "../../protocol/index.ts";
import type { ControlOp, Outcome } from "../control/ops.ts";
import type { CoordinationNews, CoordinationRequest } from "../coordination/asker.ts";
import type { ClientMessage, EngineMessage, Query } from "../messages.ts";
import { plainAs, wireError } from "./fields.ts";
import { graphFacts } from "./graphs.ts";

/** What a client says to the scheduler. */
export type ToScheduler =
  | {
      /** First of all after it was away: the tasks it refers to, and its unanswered requests. */
      readonly kind: "rejoin";
      readonly ids: Int32Array;
      readonly asking: Int32Array;
    }
  | Exclude<ClientMessage, { kind: "graph" | "read" | "unpin" | "scatter" }>
  | {
      readonly kind: "graph";
      readonly request: number;
      readonly facts: GraphFacts;
      /** The image, as bytes. */
      readonly body: Uint8Array;
      readonly parent?: number;
      readonly watch?: boolean;
    }
  | {
      /** Values that the client is going to bring: the scheduler says where to. */
      readonly kind: "scatter";
      readonly request: number;
      readonly name: string;
      readonly bytes: Float64Array;
      /** Addresses or names; default any. */
      readonly workers?: readonly string[];
      /** How many workers get a copy of each; default 1. */
      readonly broadcast?: number;
    }
  | {
      /** Values that could not be brought to the workers that `placed` named, with its epochs. */
      readonly kind: "unplaced";
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
    };

export const toScheduler: MessageSet<ToScheduler> = messageSet([
  message("graph", 1, {
    request: u32,
    facts: graphFacts,
    body: bytes,
    parent: optional(i32),
    watch: optional(bool),
  }),
  message("want", 2, { ids: i32s }),
  message("retry", 3, { ids: i32s }),
  message("release", 4, { ids: i32s, seen: u32 }),
  message("cancel", 5, { ids: i32s, force: bool, before: optional(u32) }),
  message("query", 6, {
    request: u32,
    what: oneOf<Query>("info", "tasks", "progress", "holders", "demand"),
    ids: optional(i32s),
  }),
  message("scatter", 7, {
    request: u32,
    name: text,
    bytes: f64s,
    workers: optional(list(text)),
    broadcast: optional(u32),
  }),
  message("close", 8, {}),
  message("coordinate", 9, { event: plainAs<CoordinationRequest>() }),
  message("control", 10, { request: u32, op: plainAs<ControlOp>() }),
  message("rejoin", 11, { ids: i32s, asking: i32s }),
  message("unplaced", 12, { ids: i32s, epochs: i32s }),
]);

/** What all workers of a cluster have together. */
export interface ClusterSize {
  readonly workers: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Where the scheduler shows its state, if it does. */
  readonly dashboard?: string;
}

/** What the scheduler says to a client. */
export type ToClient =
  | ({ readonly kind: "size" } & ClusterSize)
  | Exclude<EngineMessage, { kind: "arena" | "page" | "read" }>;

export const toClient: MessageSet<ToClient> = messageSet([
  message("accepted", 1, { request: u32, base: u32, ids: optional(i32s) }),
  message("done", 2, { ids: i32s, tags: optional(u8s), words: optional(f64s) }),
  message("cancelled", 3, { ids: i32s }),
  message("reset", 4, { ids: i32s }),
  message("failed", 5, { ids: i32s, error: wireError, culprit: text, attempts: u32 }),
  message("progress", 6, { request: u32, ids: i32s, elapsedMs: f64s, failed: u8s }),
  message("answer", 7, { request: u32, value: plainAs<unknown>() }),
  message("warn", 8, { message: text }),
  message("collect", 9, {}),
  message("closed", 10, {}),
  message("placed", 11, { request: u32, base: u32, addresses: list(text), epochs: i32s }),
  message("size", 12, {
    workers: u32,
    threads: u32,
    memoryLimitBytes: f64,
    dashboard: optional(text),
  }),
  message("coordinated", 13, { news: plainAs<CoordinationNews>() }),
  message("controlled", 14, { request: u32, outcome: plainAs<Outcome>() }),
  message("printed", 15, { stream: u32, text }),
  message("refused", 16, { request: u32, code: text, message: text }),
]);
