/**
 * @file What all things with a name share: through which client they are reached, and waiting
 * without holding a slot. Their fields are the name and plain options only, so that they travel
 * into tasks as arguments and captured values, and work there through the task's own client.
 */
import { randomUUID } from "node:crypto";
import { HeddleError } from "../../core/errors.ts";
import { checkTimeMs } from "../check-given.ts";
import { Client } from "../client.ts";
import { getClient } from "../context.ts";
import { describeGiven } from "../given.ts";
import { waitInTask } from "../wait-in-task.ts";
import type { Asker, AskOptions } from "./asker.ts";

export interface NamedOptions {
  /**
   * The client through which it is reached, for good; default the one made last, or inside a task
   * that of its engine. When that client closes, using this rejects with `CommClosed`.
   */
  readonly client?: Client | undefined;
}

/** How long something may wait. */
export interface WaitOptions extends AskOptions {
  /** Default: for ever; 0 does not wait. */
  readonly timeoutMs?: number | undefined;
}

/** The client that something was made with; where there was none, with which it was used first. */
const clients = new WeakMap<object, Client>();

/** Remembers the client that something is made with: default the one that there is, if any. */
export function bindClient(named: object, client: Client | undefined = Client.current()): void {
  if (client !== undefined) clients.set(named, client);
}

/**
 * How the client is asked that something belongs to, for good: when that is closed, the answer is
 * `CommClosed`, since what has the same name elsewhere is something else.
 */
export function askerOf(named: object): Asker {
  const client = clients.get(named) ?? getClient();
  clients.set(named, client);
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
