/**
 * @file What the scheduler and a supervisor of workers say to each other: deaths as they happen,
 * and orders with their answers.
 */

import type { CallOutcome } from "../../functions/index.ts";
import {
  bool,
  bytes,
  f64,
  i32,
  list,
  type MessageSet,
  message,
  messageSet,
  oneOf,
  optional,
  record,
  text,
  u32,
} from "../../protocol/index.ts";
import type { ProcessDeath } from "../supervisor.ts";

/** What the scheduler says to a supervisor. Requests are answered by their number. */
export type ToSupervisor =
  /** Ends a worker's process; another one follows. */
  | {
      readonly kind: "restart";
      readonly request: number;
      readonly name: string;
      readonly force: boolean;
    }
  /** Ends a worker for good. */
  | { readonly kind: "end"; readonly request: number; readonly name: string }
  /** Starts workers, or ends the youngest, until there are so many. */
  | { readonly kind: "scale"; readonly request: number; readonly workers: number }
  /**
   * Sets a plugin up in the supervisor, in place of another of the name; answered with an outcome.
   */
  | {
      readonly kind: "setUp";
      readonly request: number;
      readonly name: string;
      readonly plugin: Uint8Array;
    }
  | { readonly kind: "tearDown"; readonly request: number; readonly name: string }
  /** Ends all workers and the supervisor. */
  | { readonly kind: "stop"; readonly reason: string };

export const toSupervisor: MessageSet<ToSupervisor> = messageSet([
  message("restart", 97, { request: u32, name: text, force: bool }),
  message("end", 98, { request: u32, name: text }),
  message("scale", 99, { request: u32, workers: u32 }),
  message("stop", 100, { reason: text }),
  message("setUp", 101, { request: u32, name: text, plugin: bytes }),
  message("tearDown", 102, { request: u32, name: text }),
]);

/** What a supervisor says to the scheduler. */
export type FromSupervisor =
  /** The process of a worker has ended: nobody need wait for its silence. */
  | ({ readonly kind: "workerDied"; readonly name: string } & ProcessDeath)
  /** The workers that it looks after now. */
  | { readonly kind: "workers"; readonly names: readonly string[] }
  | {
      readonly kind: "answer";
      readonly request: number;
      readonly error?: string;
      /** What became of a call. */
      readonly outcome?: CallOutcome;
    }
  | { readonly kind: "leaving"; readonly reason: string };

export const fromSupervisor: MessageSet<FromSupervisor> = messageSet([
  message("workerDied", 97, {
    name: text,
    reason: text,
    cause: oneOf("exit", "memory", "expected"),
    pid: optional(u32),
    exitCode: optional(i32),
    signal: optional(text),
    memoryBytes: optional(f64),
    memoryLimitBytes: f64,
  }),
  message("workers", 98, { names: list(text) }),
  message("answer", 99, {
    request: u32,
    error: optional(text),
    outcome: optional(record({ ok: bool, bytes })),
  }),
  message("leaving", 100, { reason: text }),
]);
