/**
 * @file The engine's side of its clients: reads their messages into events of the machines, and
 * sends each what concerns it, one list a turn.
 */
import type { MessagePort } from "node:worker_threads";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import type { Engine } from "./engine.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";

interface Connection {
  readonly client: number;
  readonly port: MessagePort;
  outgoing: EngineMessage[];
  /** Whether something has come from it. */
  isUsed: boolean;
  /** Reads under way, by request. */
  readonly readers: Map<number, number>;
}

/** Values that a client copies out of the heap. */
interface Read {
  readonly client: number;
  readonly request: number;
  readonly ids: Int32Array;
  /** The worker keeps them in memory until it is told otherwise. */
  isPinned: boolean;
}

/** Commands of the scheduler that are for a client. */
export type ClientCommand = Extract<SchedulerCommand, { client: number }>;

/** Clients are asked to collect garbage this often at most. */
const COLLECT_EVERY_MS = 250;

/** Numbers of clients inside task threads start here. */
const FIRST_THREAD_CLIENT = 1_000_000;

export class ClientPorts {
  readonly #engine: Engine;
  readonly #connections = new Map<number, Connection>();
  readonly #reads = new Map<number, Read>();
  /** Requests whose graphs will be watched once they are accepted. */
  readonly #watching = new Map<number, { readonly client: number; readonly count: number }>();
  #nextReader = 1;
  #collectedMs = Number.NEGATIVE_INFINITY;
  #nextThreadClient = FIRST_THREAD_CLIENT;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(client: number, port: MessagePort): void {
    const connection: Connection = {
      client,
      port,
      outgoing: [],
      isUsed: false,
      readers: new Map(),
    };
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
    if (read === undefined) return;
    const connection = this.#connections.get(read.client);
    read.isPinned = missing.length === 0;
    if (!read.isPinned) {
      this.#reads.delete(reader);
      connection?.readers.delete(read.request);
    }
    if (connection === undefined) this.#endRead(reader);
    else connection.outgoing.push({ kind: "read", request: read.request, missing });
  }

  /** The reader needs its values no longer. */
  #endRead(reader: number | undefined): void {
    const read = reader === undefined ? undefined : this.#reads.get(reader);
    if (reader === undefined || read?.isPinned !== true) return;
    this.#reads.delete(reader);
    this.#engine.tellWorker({ kind: "unpin", ids: read.ids });
  }

  warn(message: string): void {
    this.broadcast({ kind: "warn", message });
  }

  /** Asks the clients to let go of what they have forgotten: not more often than it can help. */
  collect(nowMs: number): void {
    if (nowMs - this.#collectedMs < COLLECT_EVERY_MS) return;
    this.#collectedMs = nowMs;
    for (const connection of this.#connections.values()) {
      // A task thread whose tasks use no client would never read it.
      if (connection.isUsed) connection.outgoing.push({ kind: "collect" });
    }
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
    connection.isUsed = true;
    let events: SchedulerEvent[] = [];
    for (const message of messages) {
      // What is not an event of the scheduler is done at once: in order all the same.
      if (events.length > 0 && !isEvent(message)) {
        this.#engine.tell(events);
        events = [];
      }
      this.#read(connection, message, events);
    }
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
      case "retry":
        events.push({ kind: message.kind, client, ids: message.ids });
        return;
      case "release":
        events.push({ kind: "release", client, ids: message.ids, seen: message.seen });
        return;
      case "cancel":
        events.push({ kind: "cancel", client, ids: message.ids, force: message.force });
        return;
      case "read": {
        const reader = this.#nextReader++;
        const { request, ids } = message;
        this.#reads.set(reader, { client, request, ids, isPinned: false });
        connection.readers.set(request, reader);
        this.#engine.tellWorker({ kind: "pin", reader, ids });
        return;
      }
      case "unpin":
        this.#endRead(connection.readers.get(message.request));
        connection.readers.delete(message.request);
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
    for (const reader of connection.readers.values()) this.#endRead(reader);
    this.#engine.tell([{ kind: "client-left", client: connection.client }]);
  }
}

function isEvent({ kind }: ClientMessage): boolean {
  return (
    kind === "graph" ||
    kind === "release" ||
    kind === "want" ||
    kind === "retry" ||
    kind === "cancel"
  );
}
