/**
 * @file What clients ask of a cluster beside work: about its state, about its workers, and for
 * changes of it. A question goes to the scheduler, which may ask workers in turn; both answer with
 * an outcome.
 */
import { type ErrorCode, HeddleError, isHeddleError } from "../../core/errors.ts";
import type { CallOutcome } from "../../functions/index.ts";
import type { ActorOp } from "./actor-book.ts";
import type { AmmAction, AmmPolicy } from "./memory-manager.ts";

/** What one thread did. */
export interface ThreadProfile {
  /** Number of the task thread within the worker. */
  readonly thread: number;
  /** Where Heddle's own files are. */
  readonly root: string;
  /** V8's profile, as JSON. */
  readonly profile: string;
}

/** Which workers are meant, by address, name or host; default all. */
export interface WorkerChoice {
  readonly workers?: readonly string[];
}

/** What a client may ask of the scheduler. */
export type ControlOp =
  /** A call for workers: on one task thread of each, or on each thread. */
  | ({ readonly kind: "run"; readonly call: Uint8Array; readonly each: boolean } & WorkerChoice)
  | { readonly kind: "run-on-scheduler"; readonly call: Uint8Array }
  | { readonly kind: "versions" }
  | { readonly kind: "wait-for-workers"; readonly count: number; readonly timeoutMs?: number }
  /** From now on nobody need wait for more workers than `most`; without, for any number. */
  | {
      readonly kind: "refuse-workers";
      readonly refused?: { readonly most: number; readonly message: string };
    }
  | ({ readonly kind: "has-what" | "processing" } & WorkerChoice)
  | { readonly kind: "sizes"; readonly ids?: Int32Array }
  | ({ readonly kind: "call-stack" } & SomeTasks)
  | ({ readonly kind: "story" } & SomeTasks)
  | { readonly kind: "task-stream"; readonly sinceMs?: number; readonly count?: number }
  | { readonly kind: "dump" | "logs" }
  /** What a task is made of; with `culprit`, the one whose failure made it fail. */
  | { readonly kind: "recipe"; readonly id: number; readonly culprit: boolean }
  | (ProfileOp & WorkerChoice)
  | RetireOp
  | { readonly kind: "replicate"; readonly ids: Int32Array; readonly copies: number }
  | { readonly kind: "rebalance" }
  | ActorOp
  | {
      readonly kind: "amm";
      readonly action: AmmAction;
      readonly policies?: readonly AmmPolicy[];
    }
  | ({ readonly kind: "restart"; readonly all: boolean } & WorkerChoice)
  | { readonly kind: "shutdown" }
  | RegisterOp
  | { readonly kind: "unregister"; readonly target: PluginTarget; readonly name: string };

/** Begins or ends taking samples on task threads; a profile is known by its id. */
export type ProfileOp =
  | { readonly kind: "profile-start"; readonly id: string; readonly intervalUs: number }
  | { readonly kind: "profile-stop"; readonly id: string };

/** Tasks by id or by key; default all. */
export interface SomeTasks {
  readonly ids?: Int32Array;
  readonly keys?: readonly string[];
}

/** Workers that shall go: those named, or so many of the scheduler's choice. */
export interface RetireOp extends WorkerChoice {
  readonly kind: "retire";
  readonly count?: number;
  /** Whether their processes end; default true. */
  readonly close: boolean;
}

/** Where a plugin runs. */
export type PluginTarget = "workers" | "scheduler" | "supervisors";

export interface RegisterOp {
  readonly kind: "register";
  readonly target: PluginTarget;
  readonly name: string;
  readonly plugin: Uint8Array;
  /** Forwards what tasks print to clients; needs no code on threads. */
  readonly forwardsOutput?: boolean;
}

/** What the scheduler may ask of a worker. */
export type WorkerOp =
  | { readonly kind: "run"; readonly call: Uint8Array; readonly each: boolean }
  | { readonly kind: "set-up"; readonly name: string; readonly plugin: Uint8Array }
  | { readonly kind: "tear-down"; readonly name: string }
  | { readonly kind: "forward-output"; readonly on: boolean }
  | { readonly kind: "running" }
  | ProfileOp
  | { readonly kind: "versions" }
  | { readonly kind: "restart-threads" };

/** A task that runs now. */
export interface RunningTask {
  readonly id: number;
  readonly thread: number;
  readonly elapsedMs: number;
}

interface WorkerResults {
  readonly run: readonly CallOutcome[];
  readonly "set-up": CallOutcome;
  readonly "tear-down": CallOutcome;
  readonly "forward-output": null;
  readonly running: readonly RunningTask[];
  readonly "profile-start": null;
  readonly "profile-stop": readonly ThreadProfile[];
  readonly versions: Versions;
  readonly "restart-threads": null;
}

/** What a worker answers to an operation. */
export type WorkerResult<O extends WorkerOp = WorkerOp> = WorkerResults[O["kind"]];

/** What a process runs. */
export interface Versions {
  readonly heddle: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
}

/** What became of a question. */
export type Outcome =
  | { readonly value: unknown }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly fields: Readonly<Record<string, unknown>>;
      };
    };

/** What becomes of a question that is answered by `answer`; never rejects. */
export async function settle(answer: () => unknown): Promise<Outcome> {
  try {
    return { value: await answer() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!isHeddleError(error)) return { error: { code: "InvariantViolated", message, fields: {} } };
    return { error: { code: error.code, message, fields: error.fields } };
  }
}

/** The answer. Throws the error that came in its place. */
export function unsettle(outcome: Outcome): unknown {
  if ("value" in outcome) return outcome.value;
  const { code, message, fields } = outcome.error;
  throw new HeddleError(code, message, { fields });
}
