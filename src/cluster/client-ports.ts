/**
 * @file The engine's side of its clients: reads their messages into events of the machines, and sends each what concerns
 * it, one list a turn.
 */
import type { MessagePort } from "node:worker_threads";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import type { Engine } from "./engine.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";

interface Connection {
  readonly client: number;
  readonly port: MessagePort;
  outgoing: EngineMessage[];
}

/** Commands of the scheduler that are for a client. */
export type ClientCommand = Extract<SchedulerCommand, { client: number }>;

/** Numbers of clients inside task threads start here. */
const FIRST_THREAD_CLIENT = 1_000_000;

export class ClientPorts {
  readonly #engine: Engine;
  readonly #connections = new Map<number, Connection>();
  readonly #reads = new Map<number, { client: number; request: number }>();
  /** Requests whose graphs will be watched once they are accepted. */
  readonly #watching = new Map<number, { readonly client: number; readonly count: number }>();
  #nextReader = 1;
  #nextThreadClient = FIRST_THREAD_CLIENT;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(client: number, port: MessagePort): void {
    const connection: Connection = { client, port, outgoing: [] };
    this.#connections.set(client, connection);
    const { store } = this.#engine;
    for (const memory of store.heap.memories) connection.outgoing.push({ kind: "arena", memory });
    for (const buffer of store.buffers) connection.outgoing.push({ kind: "page", buffer });
    port.on("message", (messages: ClientMessage[]) => this.#receive(connection, messages));
    port.on("close", () => this.#left(connection));
    this.flush();
  }

  /** Connects the client of a task thread. */
  addThread(port: MessagePort): void {
    this.add(this.#nextThreadClient++, port);
  }

  say(command: ClientCommand): void {
    const connection = this.#connections.get(command.client);
    if (connection === undefined) return;
    const { client, ...message } = command;
    connection.outgoing.push(message as EngineMessage);
    if (command.kind !== "accepted") return;
    const watching = this.#watching.get(command.request);
    if (watching?.client !== client) return;
    this.#watching.delete(command.request);
    this.#engine.watch.add(client, command.request, command.base, watching.count);
  }

  /** Tells clients what has happened to the tasks of graphs that they watch. */
  tellWatchers(): void {
    const { watch, scheduler } = this.#engine;
    if (!watch.isActive) return;
    for (const { client, message } of watch.take((id) => scheduler.stateOf(id) === "erred")) {
      this.#connections.get(client)?.outgoing.push(message);
    }
  }

  pinned(reader: number, missing: Int32Array): void {
    const read = this.#reads.get(reader);
    this.#reads.delete(reader);
    const connection = read === undefined ? undefined : this.#connections.get(read.client);
    if (read === undefined || connection === undefined) return;
    connection.outgoing.push({ kind: "read", request: read.request, missing });
  }

  warn(message: string): void {
    this.broadcast({ kind: "warn", message });
  }

  broadcast(message: EngineMessage): void {
    for (const connection of this.#connections.values()) connection.outgoing.push(message);
  }

  /** Posts what has been collected. */
  flush(): void {
    for (const connection of this.#connections.values()) {
      if (connection.outgoing.length === 0) continue;
      connection.port.postMessage(connection.outgoing);
      connection.outgoing = [];
    }
  }

  #receive(connection: Connection, messages: readonly ClientMessage[]): void {
    const events: SchedulerEvent[] = [];
    for (const message of messages) this.#read(connection, message, events);
    this.#engine.tell(events);
  }

  #read(connection: Connection, message: ClientMessage, events: SchedulerEvent[]): void {
    const { client } = connection;
    switch (message.kind) {
      case "graph": {
        const { request, facts, image, parent, watch } = message;
        if (watch === true) this.#watching.set(request, { client, count: facts.count });
        const from = parent === undefined ? {} : { parent };
        events.push({ kind: "graph", client, request, graph: facts, body: image, ...from });
        return;
      }
      case "want":
      case "release":
      case "retry":
        events.push({ kind: message.kind, client, ids: message.ids });
        return;
      case "cancel":
        events.push({ kind: "cancel", client, ids: message.ids, force: message.force });
        return;
      case "read": {
        const reader = this.#nextReader++;
        this.#reads.set(reader, { client, request: message.request });
        this.#engine.tellWorker({ kind: "pin", reader, ids: message.ids });
        return;
      }
      case "unpin":
        this.#engine.tellWorker({ kind: "unpin", ids: message.ids });
        return;
      case "scatter":
        this.#engine.adopt(client, message.request, message.name, message.values);
        return;
      case "query":
        connection.outgoing.push({
          kind: "answer",
          request: message.request,
          value: this.#engine.answer(message.what, message.ids),
        });
        return;
      case "close":
        connection.outgoing.push({ kind: "closed" });
        this.#left(connection);
        this.flush();
        return;
    }
  }

  #left(connection: Connection): void {
    if (!this.#connections.has(connection.client)) return;
    if (connection.outgoing.length > 0) connection.port.postMessage(connection.outgoing);
    this.#connections.delete(connection.client);
    this.#engine.tell([{ kind: "client-left", client: connection.client }]);
  }
}
