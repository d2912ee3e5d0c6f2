/**
 * @file What the coordination machine hears and says. A client asks with an operation and gets one
 * answer, at once or when it has waited long enough; `ResultOf` names what each operation gives.
 * Names follow dask.distributed: locks, events, semaphores, queues, variables, topics, metadata,
 * published datasets.
 */
import type { Json } from "../../codec/registry.ts";
import type { ErrorCode } from "../../core/errors.ts";

/**
 * A value on its way between clients: bytes that the machine never looks at, and the tasks (by
 * number in the scheduler) that the bytes refer to. Whoever keeps a payload keeps its tasks.
 */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly tasks: Int32Array;
}

/** One entry of a topic. */
export interface TopicEvent {
  /** When the scheduler took it, by the clock of `step`. */
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** Locks have one lease; semaphores as many as they were made with. */
export type PoolKind = "lock" | "semaphore";

/** Operations that may wait. `timeoutMs`: at most so long; 0 does not wait, absent is for ever. */
export type WaitingOp =
  | {
      readonly kind: "acquire";
      readonly pool: PoolKind;
      readonly names: readonly string[];
      /** How many of the names are needed; default all. */
      readonly count?: number;
      /** The client's number for this lease. Asking again for one that is held answers true. */
      readonly lease: number;
      /** The lease lapses when it is not renewed for so long; default: it ends with the client. */
      readonly leaseTimeoutMs?: number;
      readonly timeoutMs?: number;
    }
  | { readonly kind: "event-wait"; readonly name: string; readonly timeoutMs?: number }
  | {
      readonly kind: "queue-put";
      readonly name: string;
      readonly payload: Payload;
      /** Most items of the queue, 0 for any number; the first to name the queue decides. */
      readonly maxsize?: number;
      readonly timeoutMs?: number;
    }
  | {
      readonly kind: "queue-get";
      readonly name: string;
      /** So many items together, or whatever there is ("all", which never waits). */
      readonly batch: number | "all";
      readonly maxsize?: number;
      readonly timeoutMs?: number;
    }
  | { readonly kind: "variable-get"; readonly name: string; readonly timeoutMs?: number };

/** An operation of each kind that takes nothing but a name. */
type NamedOp<K extends string> = K extends string
  ? { readonly kind: K; readonly name: string }
  : never;

export type CoordinationOp =
  | WaitingOp
  | { readonly kind: "release-lease"; readonly lease: number }
  | { readonly kind: "renew"; readonly leases: readonly number[] }
  /** How many leases of it are held. */
  | { readonly kind: "lease-count"; readonly pool: PoolKind; readonly name: string }
  | { readonly kind: "semaphore-open"; readonly name: string; readonly maxLeases: number }
  | { readonly kind: "semaphore-close"; readonly name: string }
  | NamedOp<"event-set" | "event-clear" | "event-is-set">
  | NamedOp<"queue-size" | "queue-close">
  | { readonly kind: "variable-set"; readonly name: string; readonly payload: Payload }
  | NamedOp<"variable-delete">
  | {
      readonly kind: "topic-publish";
      readonly topics: readonly string[];
      readonly bytes: Uint8Array;
    }
  /** The history of a topic, or of all topics. */
  | { readonly kind: "topic-events"; readonly topic?: string }
  | { readonly kind: "topic-subscribe"; readonly topic: string }
  | { readonly kind: "topic-unsubscribe"; readonly topic: string }
  | { readonly kind: "metadata-set"; readonly keys: readonly string[]; readonly value: Json }
  | { readonly kind: "metadata-get"; readonly keys: readonly string[] }
  | {
      readonly kind: "dataset-publish";
      readonly name: string;
      readonly payload: Payload;
      /** Whether a dataset of this name may be replaced. */
      readonly override: boolean;
    }
  | NamedOp<"dataset-get" | "dataset-unpublish">
  | { readonly kind: "dataset-list" };

interface Results {
  readonly acquire: boolean;
  readonly "event-wait": boolean;
  readonly "queue-put": null;
  readonly "queue-get": readonly Payload[];
  readonly "variable-get": Payload;
  /** Whether the lease was still held. */
  readonly "release-lease": boolean;
  /** The leases that are not held any more. */
  readonly renew: readonly number[];
  readonly "lease-count": number;
  readonly "semaphore-open": null;
  readonly "semaphore-close": null;
  readonly "event-set": null;
  readonly "event-clear": null;
  readonly "event-is-set": boolean;
  readonly "queue-size": number;
  readonly "queue-close": null;
  readonly "variable-set": null;
  readonly "variable-delete": null;
  readonly "topic-publish": null;
  readonly "topic-events": Readonly<Record<string, readonly TopicEvent[]>>;
  readonly "topic-subscribe": null;
  readonly "topic-unsubscribe": null;
  readonly "metadata-set": null;
  /** The value in a list of one, or an empty list where there is none. */
  readonly "metadata-get": readonly Json[];
  readonly "dataset-publish": null;
  readonly "dataset-get": Payload;
  /** Whether there was one. */
  readonly "dataset-unpublish": boolean;
  readonly "dataset-list": readonly string[];
}

export type OpKind = CoordinationOp["kind"];

/** The operations of a kind. */
export type OpOf<K extends OpKind> = Extract<CoordinationOp, { readonly kind: K }>;

/** What an operation is answered with. */
export type ResultOf<K extends OpKind> = Results[K];

/** An error of the machine; shells make a HeddleError of it. */
export interface CoordinationError {
  readonly code: ErrorCode;
  readonly message: string;
}

export type CoordinationEvent =
  | {
      readonly kind: "ask";
      readonly client: number;
      /** The client's number for the question, returned in the answer. */
      readonly request: number;
      readonly op: CoordinationOp;
    }
  /** The client waits no longer: the question is answered with `Cancelled`, unless it has been. */
  | { readonly kind: "cancel"; readonly client: number; readonly request: number }
  /** The client wants the tasks of an answer by now: they need not be kept for it. */
  | { readonly kind: "confirm"; readonly client: number; readonly request: number }
  | { readonly kind: "client-left"; readonly client: number };

export type CoordinationCommand =
  | {
      readonly kind: "answer";
      readonly client: number;
      readonly request: number;
      readonly result: ResultOf<OpKind>;
      /** The result refers to tasks: they are kept until the client confirms. */
      readonly confirm?: true;
    }
  | {
      readonly kind: "refuse";
      readonly client: number;
      readonly request: number;
      readonly error: CoordinationError;
    }
  /** For a subscriber. */
  | {
      readonly kind: "event";
      readonly client: number;
      readonly topic: string;
      readonly event: TopicEvent;
    }
  /** The machine begins or ceases to want these tasks, as one owner. */
  | { readonly kind: "want" | "release"; readonly ids: Int32Array }
  /** Step again at this time, with or without events; undefined: no need. The last one counts. */
  | { readonly kind: "wake"; readonly atMs: number | undefined }
  /** For the client to show. */
  | { readonly kind: "warn"; readonly client: number; readonly message: string };
