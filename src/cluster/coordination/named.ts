/**
 * @file What all things with a name share: through which client they are reached, and waiting
 * without holding a slot. Their fields are the name and plain options only, so that they travel
 * into tasks as arguments and captured values, and work there through the task's own client.
 */
import { randomUUID } from "node:crypto";
import { HeddleError } from "../../core/errors.ts";
import { checkTimeMs } from "../check-given.ts";
import type { Client } from "../client.ts";
import { getClient } from "../context.ts";
import { describeGiven } from "../given.ts";
import { waitInTask } from "../wait-in-task.ts";
import type { Asker, AskOptions } from "./asker.ts";

export interface NamedOptions {
  /** Default: the client of this program, or inside a task that of its engine. */
  readonly client?: Client | undefined;
}

/** How long something may wait. */
export interface WaitOptions extends AskOptions {
  /** Default: for ever; 0 does not wait. */
  readonly timeoutMs?: number | undefined;
}

/** The client that something was made with, or with which it was used first. */
const clients = new WeakMap<object, { readonly client: Client; readonly given: boolean }>();

/** Remembers the client that something was made with. */
export function bindClient(named: object, client: Client | undefined): void {
  if (client !== undefined) clients.set(named, { client, given: true });
}

/** Another client is taken only when the first was not given, and has been closed. */
export function askerOf(named: object): Asker {
  const bound = clients.get(named);
  const asker = bound?.client.coordination;
  if (asker !== undefined && (bound?.given === true || !asker.link.closed)) return asker;
  const client = getClient();
  clients.set(named, { client, given: false });
  return client.coordination;
}

/** The name that was given, or one that nobody else has. */
export function nameFor(kind: string, name: string | undefined): string {
  if (name === undefined) return `${kind}-${randomUUID()}`;
  if (typeof name === "string" && name !== "") return name;
  const given = typeof name === "string" ? '""' : describeGiven(name);
  const article = /^[aeiou]/.test(kind) ? "an" : "a";
  throw new HeddleError(
    "InvalidArgument",
    `the name of ${article} ${kind} is a text that is not empty, not ${given}`,
  );
}

/** The timeout as an operation takes it. Throws `InvalidArgument` for what is no time. */
export function timeoutOf({ timeoutMs }: WaitOptions): { readonly timeoutMs?: number } {
  checkTimeMs("timeoutMs", timeoutMs);
  return timeoutMs === undefined ? {} : { timeoutMs };
}

/** Waits for something that other tasks may have to do: a task gives its slot free meanwhile. */
export async function waiting<T>(promise: () => Promise<T>): Promise<T> {
  return await waitInTask(promise, () => undefined);
}
