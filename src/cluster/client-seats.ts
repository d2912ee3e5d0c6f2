/**
 * @file The scheduler's side of its clients: reads their messages into events of the machine, and
 * sends each what concerns it, one list a turn. What a client says about values, which lie at
 * workers, goes to the seat's own `values`.
 */
import type { HeddleError } from "../core/errors.ts";
import type { CoordinationEvent } from "../machine/coordination/events.ts";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import type { ControlOp } from "./control/ops.ts";
import type { ClientMessage, EngineMessage, Query } from "./messages.ts";
import type { ToScheduler } from "./wire/client-messages.ts";

/** What clients ask of the scheduler. */
export interface ClientHost {
  tell(events: readonly SchedulerEvent[]): void;
  answer(what: Query, ids: Int32Array | undefined): unknown;
  /** A question beside work. */
  control(client: number, request: number, op: ControlOp): void;
  /** Why no new work is taken, if it is not. */
  readonly refusal: HeddleError | undefined;
  /** Whether a request has been accepted before. */
  hasAnswered(client: number, request: number): boolean;
  clientJoined(client: number): void;
  clientLeft(client: number): void;
  /** Something for the coordination machine. */
  coordinate(event: CoordinationEvent): void;
  /** The client wants to hear of every task of an accepted graph. */
  watch(client: number, request: number, base: number, count: number): void;
}

/** What clients say, in this process or far away. */
export type SeatMessage = ClientMessage | ToScheduler;

/** Messages about values. */
export type ValueMessage = Extract<SeatMessage, { kind: "read" | "unpin" | "scatter" }>;

/** How a client is reached. */
export interface ClientSeat {
  post(messages: EngineMessage[]): void;
  /** Handles what the client asks of values. */
  values(client: number, message: ValueMessage): void;
  /** The client has left. */
  left(client: number): void;
}

interface Connection {
  readonly client: number;
  seat: ClientSeat;
  outgoing: EngineMessage[];
  /** Whether something has come from it. */
  isUsed: boolean;
}

/** Commands of the scheduler that are for a client. */
export type ClientCommand = Extract<SchedulerCommand, { client: number }>;

/** Clients are asked to collect garbage this often at most. */
const COLLECT_EVERY_MS = 250;

export class ClientSeats {
  /** Hears every warning that clients are given. */
  onWarning: (message: string) => void = () => undefined;
  readonly #host: ClientHost;
  readonly #connections = new Map<number, Connection>();
  /** Requests whose graphs will be watched once they are accepted. */
  readonly #watching = new Map<number, { readonly client: number; readonly count: number }>();
  #nextClient = 0;
  #collectedMs = Number.NEGATIVE_INFINITY;

  constructor(host: ClientHost) {
    this.#host = host;
  }

  /** A client comes; returns its number: the one that it had before, if it did. */
  add(seat: ClientSeat, before?: number): number {
    const client = before ?? this.#nextClient;
    this.#nextClient = Math.max(this.#nextClient, client + 1);
    this.#connections.set(client, { client, seat, outgoing: [], isUsed: false });
    this.#host.clientJoined(client);
    return client;
  }

  /** The client is reached in another way from now on; what has not been said to it is not. */
  move(client: number, seat: ClientSeat): void {
    const connection = this.#connections.get(client);
    if (connection === undefined) return;
    connection.seat = seat;
    connection.outgoing = [];
  }

  /** The number of the next client at least. */
  startFrom(next: number): void {
    this.#nextClient = Math.max(this.#nextClient, next);
  }

  /** The client's request cannot be taken. */
  refuse(client: number, request: number, { code, message }: HeddleError): void {
    this.post(client, { kind: "refused", request, code, message });
  }

  /** The client is gone: its futures are released. */
  remove(client: number): void {
    const connection = this.#connections.get(client);
    if (connection === undefined) return;
    if (connection.outgoing.length > 0) connection.seat.post(connection.outgoing);
    this.#connections.delete(client);
    connection.seat.left(client);
    this.#host.clientLeft(client);
    this.#host.coordinate({ kind: "client-left", client });
    this.#host.tell([{ kind: "client-left", client }]);
  }

  /** Clients that have said something: task threads have connections that they may never use. */
  get count(): number {
    return [...this.#connections.values()].filter(({ isUsed }) => isUsed).length;
  }

  /** Whether the client is connected. */
  has(client: number): boolean {
    return this.#connections.has(client);
  }

  say(command: ClientCommand): void {
    const { client, ...message } = command;
    if (!this.#connections.has(client)) return;
    this.post(client, message as EngineMessage);
    if (command.kind !== "accepted") return;
    const watching = this.#watching.get(command.request);
    if (watching?.client !== client) return;
    this.#watching.delete(command.request);
    this.#host.watch(client, command.request, command.base, watching.count);
  }

  /** What the client is told with the next flush. */
  post(client: number, message: EngineMessage): void {
    this.#connections.get(client)?.outgoing.push(message);
  }

  warn(message: string): void {
    this.onWarning(message);
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
      connection.seat.post(connection.outgoing);
      connection.outgoing = [];
    }
  }

  /** Handles what a client says, in order. */
  receive(client: number, messages: readonly SeatMessage[]): void {
    const connection = this.#connections.get(client);
    if (connection === undefined) return;
    connection.isUsed = true;
    let events: SchedulerEvent[] = [];
    for (const message of messages) {
      const event = this.#eventOf(client, message);
      if (event !== undefined) {
        events.push(event);
        continue;
      }
      // What is not an event of the scheduler is done at once: in order all the same.
      if (events.length > 0) this.#host.tell(events);
      events = [];
      this.#do(connection, message);
    }
    // Answers go out with the next turn.
    this.#host.tell(events);
  }

  #eventOf(client: number, message: SeatMessage): SchedulerEvent | undefined {
    switch (message.kind) {
      case "graph": {
        const { request, facts, parent, watch } = message;
        // Asked again, by a client that has missed the answer.
        if (this.#host.hasAnswered(client, request)) return undefined;
        const { refusal } = this.#host;
        if (refusal !== undefined) {
          this.refuse(client, request, refusal);
          return undefined;
        }
        const body = "image" in message ? message.image : message.body;
        if (watch === true) this.#watching.set(request, { client, count: facts.count });
        const from = parent === undefined ? {} : { parent };
        return { kind: "graph", client, request, graph: facts, body, ...from };
      }
      case "want":
      case "retry":
        return { kind: message.kind, client, ids: message.ids };
      case "release":
        return { kind: "release", client, ids: message.ids, seen: message.seen };
      case "cancel":
        return { ...message, client };
      case "unplaced":
        return { kind: "unplaced", client, ids: message.ids, epochs: message.epochs };
      default:
        return undefined;
    }
  }

  #do(connection: Connection, message: SeatMessage): void {
    const { client, seat } = connection;
    switch (message.kind) {
      case "read":
      case "unpin":
        return seat.values(client, message);
      case "scatter": {
        const { refusal } = this.#host;
        if (refusal === undefined) return seat.values(client, message);
        return this.refuse(client, message.request, refusal);
      }
      case "query": {
        const value = this.#host.answer(message.what, message.ids);
        this.post(client, { kind: "answer", request: message.request, value });
        return;
      }
      case "control":
        return this.#host.control(client, message.request, message.op);
      case "coordinate":
        return this.#host.coordinate({ ...message.event, client });
      case "close":
        this.post(client, { kind: "closed" });
        return this.remove(client);
      default:
    }
  }
}
