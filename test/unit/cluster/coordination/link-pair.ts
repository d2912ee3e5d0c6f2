/** @file A scheduler without workers, and clients in the same thread that speak to it directly. */
import { EngineLink, type Keeper, type LinkPort } from "../../../../src/cluster/link.ts";
import type { ClientMessage, EngineMessage } from "../../../../src/cluster/messages.ts";
import { SchedulerHost } from "../../../../src/cluster/scheduler-host.ts";

const KEEPER: Keeper = { ref: () => undefined, unref: () => undefined };

export class Scheduler {
  readonly host: SchedulerHost = new SchedulerHost(
    { address: () => "inproc://test", allowedFailures: 3, roundTripMs: 1 },
    () => queueMicrotask(() => this.#turn()),
  );

  /** A client, and what ends its connection as if its process had died. */
  connect(): { readonly link: EngineLink; readonly die: () => void } {
    const listeners: ((messages: EngineMessage[]) => void)[] = [];
    const { clients } = this.host;
    const client = clients.add({
      post: (messages) =>
        queueMicrotask(() => {
          for (const listener of listeners) listener(messages);
        }),
      values: () => undefined,
      left: () => undefined,
    });
    const port: LinkPort = {
      on: (_, listener) => listeners.push(listener),
      postMessage: (messages: readonly ClientMessage[]) =>
        queueMicrotask(() => clients.receive(client, structuredClone(messages))),
      unref: () => undefined,
      close: () => undefined,
    };
    return { link: new EngineLink(port, KEEPER), die: () => clients.remove(client) };
  }

  #turn(): void {
    while (this.host.step(0));
    this.host.clients.flush();
  }
}
