/**
 * @file The clients of a cluster's scheduler at the other ends of connections. A client whose
 * session cannot go on keeps its number and its futures for a while: it comes back, says what it
 * refers to and what it was not answered, and hears how that is. So it is after a restart of the
 * scheduler, too, if that has a journal.
 */
import type { Comm } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { Hello } from "../protocol/index.ts";
import type { ClientSeat, ClientSeats, ValueMessage } from "./client-seats.ts";
import type { EventLog } from "./event-log.ts";
import type { Homecoming } from "./homecoming.ts";
import type { SchedulerJournal } from "./journal/scheduler-journal.ts";
import type { SchedulerHost } from "./scheduler-host.ts";
import { awayMs } from "./session-timers.ts";
import { checkToScheduler } from "./wire/client-checks.ts";
import type { ToClient, ToScheduler } from "./wire/client-messages.ts";

export interface RemoteClientsOptions {
  readonly host: SchedulerHost;
  readonly journal: SchedulerJournal | undefined;
  readonly homecoming: Homecoming;
  readonly log: EventLog;
  /** What a client hears first. */
  readonly welcome: () => ToClient;
  readonly scatter: (client: number, message: ValueMessage) => void;
}

type ClientComm = Comm<ToScheduler, ToClient>;

interface Away {
  readonly client: number;
  readonly timer: NodeJS.Timeout;
}

/** What tasks print is not kept for a client that has so much to read already. */
const PRINTED_MAX_BYTES = 16 * 2 ** 20;

/** So many clients that were thrown out are remembered. */
const THROWN_OUT_MAX = 256;

/** Whoever is away hears nothing. */
const NOWHERE: ClientSeat = {
  post: () => undefined,
  values: () => undefined,
  left: () => undefined,
};

export class RemoteClients {
  readonly #options: RemoteClientsOptions;
  readonly #seats: ClientSeats;
  /** Why clients were thrown out lately, by what they said of themselves. */
  readonly #thrownOut = new Map<string, HeddleError>();
  /** Clients that may come back, by what they said of themselves. */
  readonly #away = new Map<string, Away>();

  constructor(options: RemoteClientsOptions) {
    this.#options = options;
    this.#seats = options.host.clients;
    const { clients, nextClient } = options.journal?.memory ?? { clients: [], nextClient: 0 };
    this.#seats.startFrom(nextClient);
    for (const [client, key] of clients) {
      this.#seats.add(NOWHERE, client);
      this.#expect(key, client);
    }
  }

  /** Throws `CommClosed` when this is a client that was known and is not any more. */
  accept(comm: ClientComm): void {
    const { journal, welcome, log } = this.#options;
    const { id } = comm.peer;
    const key = peerKey(comm.peer);
    const away = this.#away.get(key);
    const fault = this.#thrownOut.get(key);
    if (fault !== undefined) throw fault;
    if (away === undefined && comm.peer.resume !== undefined) throw unknown(id);
    const seat = this.#seatOf(comm);
    const client = away?.client ?? this.#seats.add(seat);
    if (away === undefined) journal?.noteClient(client, key);
    else this.#isBack(key, away, seat);
    log.info(away === undefined ? "client {id} joined" : "client {id} is back", { id });
    comm.send(welcome());
    this.#listen(comm, key, client);
    if (away === undefined) this.#refuseReturn(comm);
  }

  close(): void {
    for (const { timer } of this.#away.values()) clearTimeout(timer);
  }

  #seatOf(comm: ClientComm): ClientSeat {
    return {
      post: (messages) => {
        for (const message of messages) {
          // Texts of tasks are all that comes without end while a client does not read.
          if (message.kind === "printed" && comm.queuedBytes > PRINTED_MAX_BYTES) continue;
          comm.send(message as ToClient);
        }
      },
      values: (from, message) => this.#options.scatter(from, message),
      left: () => undefined,
    };
  }

  #listen(comm: ClientComm, key: string, client: number): void {
    const { host, homecoming, log } = this.#options;
    const { tasks } = host.machine.state;
    const { id } = comm.peer;
    comm.onMessages = (messages) => {
      for (const message of messages) checkToScheduler(message, tasks.capacity);
      if (homecoming.isOver) this.#receive(client, messages);
      else homecoming.whenOver(() => this.#receive(client, messages));
    };
    comm.onReconnected = ({ fresh }) => {
      if (fresh) comm.abort(new HeddleError("CommClosed", "the session could not go on"));
    };
    comm.onClosed = (error) => {
      const reason = error?.message ?? "it has left";
      if (error?.fields["returned"] === true) {
        this.#seats.move(client, NOWHERE);
        return this.#expect(key, client);
      }
      if (error?.code === "ProtocolError") this.#noteThrownOut(key, error);
      const isNormal = error === undefined || error.code === "CommClosed";
      log[isNormal ? "info" : "warn"]("client {id} is gone: {reason}", { id, reason });
      this.#seats.remove(client);
    };
  }

  /** It will try to come back, and shall hear why it may not. */
  #noteThrownOut(key: string, { message }: HeddleError): void {
    const fault = new HeddleError(
      "ProtocolError",
      `the scheduler has ended the connection of this client for what it sent: ${message}. ` +
        "Its futures are lost: make a new client, and report what was called",
    );
    this.#thrownOut.set(key, fault);
    const [oldest] = this.#thrownOut.keys();
    if (this.#thrownOut.size > THROWN_OUT_MAX && oldest !== undefined) {
      this.#thrownOut.delete(oldest);
    }
  }

  /** Without a session to name: what it refers to are numbers that mean something else by now. */
  #refuseReturn(comm: ClientComm): void {
    const listen = comm.onMessages;
    comm.onMessages = (messages) => {
      comm.onMessages = listen;
      if (messages.some(({ kind }) => kind === "rejoin")) comm.abort(unknown(comm.peer.id));
      else listen(messages);
    };
  }

  #receive(client: number, messages: readonly ToScheduler[]): void {
    let from = 0;
    messages.forEach((message, i) => {
      if (message.kind !== "rejoin") return;
      this.#seats.receive(client, messages.slice(from, i));
      this.#rejoin(client, message);
      from = i + 1;
    });
    this.#seats.receive(client, from === 0 ? messages : messages.slice(from));
  }

  /** What the client does not know yet goes first: then all that it refers to. */
  #rejoin(client: number, { ids, asking }: Extract<ToScheduler, { kind: "rejoin" }>): void {
    const { host, journal } = this.#options;
    const kept: number[] = [];
    for (const request of asking) {
      const answer = journal?.answerTo(client, request);
      if (answer === undefined) continue;
      const { base, ids: known, outputs } = answer;
      const where = known === undefined ? {} : { ids: known };
      this.#seats.say({ kind: "accepted", client, request, base, ...where });
      for (const id of outputs) kept.push(id);
    }
    const unknown = Int32Array.from(kept);
    host.tell([
      { kind: "rejoined", client, ids, kept: unknown },
      { kind: "want", client, ids: unknown },
    ]);
  }

  #expect(key: string, client: number): void {
    const timer = setTimeout(() => {
      this.#away.delete(key);
      this.#options.log.info("a client is gone: it did not come back", { client });
      this.#seats.remove(client);
    }, awayMs());
    timer.unref();
    this.#away.set(key, { client, timer });
  }

  #isBack(key: string, { client, timer }: Away, seat: ClientSeat): void {
    clearTimeout(timer);
    this.#away.delete(key);
    this.#seats.move(client, seat);
  }
}

function unknown(id: string): HeddleError<"CommClosed"> {
  return new HeddleError(
    "CommClosed",
    `the scheduler does not know the client ${id} any more: it was started anew without a ` +
      "journal, or the client was away for too long",
  );
}

/** Who it is: another one after each start of its process. */
export function peerKey({ role, id, incarnation }: Hello): string {
  return JSON.stringify([role, id, incarnation]);
}
