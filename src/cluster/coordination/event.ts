/** @file Events: flags that can be waited for. */
import { checkOptionNames } from "../../core/options.ts";
import { inspectAsText } from "../../core/symbols.ts";
import {
  askerOf,
  bindClient,
  type NamedOptions,
  nameFor,
  timeoutOf,
  type WaitOptions,
  waiting,
} from "./named.ts";

/**
 * A flag that all clients and tasks of an engine share by its name; not set at first. It may be
 * given to tasks as an argument.
 *
 * @example
 * import { Client, Event } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const ready = new Event("ready");
 *   const future = client.submit((ready: Event) => ready.wait(), ready);
 *   await ready.set();
 *   console.log(await future.result()); // true
 * });
 */
export class Event {
  readonly name: string;

  constructor(name?: string, options: NamedOptions = {}) {
    checkOptionNames("Event", options, ["client"]);
    this.name = nameFor("event", name);
    bindClient(this, options.client);
  }

  /** Resolves to true when the flag is set; to false when it was not in time. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    checkOptionNames("Event.wait", options, ["timeoutMs", "signal"]);
    const op = { kind: "event-wait", name: this.name, ...timeoutOf(options) } as const;
    return await waiting(() => askerOf(this).ask<"event-wait">(op, { signal: options.signal }));
  }

  /** All who wait go on. */
  async set(): Promise<void> {
    await askerOf(this).ask<"event-set">({ kind: "event-set", name: this.name });
  }

  async clear(): Promise<void> {
    await askerOf(this).ask<"event-clear">({ kind: "event-clear", name: this.name });
  }

  async isSet(): Promise<boolean> {
    return await askerOf(this).ask<"event-is-set">({ kind: "event-is-set", name: this.name });
  }

  toString(): string {
    return `Event("${this.name}")`;
  }
}
inspectAsText(Event.prototype);
