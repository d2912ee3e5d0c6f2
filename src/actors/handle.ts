/**
 * @file What is known of an actor wherever it is spoken of: which one it is, where it lives, and
 * what its callers may ask of it. Plain data, so that it travels inside of values.
 */
import { hostname } from "node:os";
import { HeddleError } from "../core/errors.ts";

/** The thread that an actor lives in, and how it is reached. */
export interface ActorPlace {
  readonly host: string;
  readonly pid: number;
  /** Node's number of the thread in its process. */
  readonly thread: number;
  /** Where other processes connect; empty where there is no other process. */
  readonly contact: string;
  /** The worker's address, for messages. */
  readonly worker: string;
  /** The scheduler of its cluster; empty on an embedded engine. */
  readonly scheduler: string;
}

/** An actor as others know it. */
export interface ActorHandle {
  /** A text that nobody can guess. */
  readonly id: string;
  /** Key of the task that made it: what messages call it. */
  readonly key: string;
  readonly className: string;
  readonly methods: readonly string[];
  /** What can be read: fields that it had when it was made, and getters. */
  readonly fields: readonly string[];
  readonly place: ActorPlace;
}

const HOST = hostname();

/** Whether the thread is one of this process. */
export function isInThisProcess(place: ActorPlace): boolean {
  return place.pid === process.pid && place.host === HOST;
}

/** Where threads of this process are. */
export function ownHost(): string {
  return HOST;
}

/** What calls of an actor fail with that cannot be reached. */
export function lostActor(
  handle: ActorHandle,
  reason: string,
  cause?: unknown,
): HeddleError<"Lost"> {
  const { key, place } = handle;
  return new HeddleError(
    "Lost",
    `the actor ${key} on ${place.worker} is gone: ${reason}. Its state is lost with it: make ` +
      "another one.",
    { cause, fields: { actor: key, worker: place.worker } },
  );
}
