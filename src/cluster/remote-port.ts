/**
 * @file A client's side of a connection to a scheduler, before and after it is there: what is
 * posted early waits, and whoever waits for an answer keeps the process alive. Light, since every
 * program loads it; the connection itself (`remote-connection.ts`) is loaded when it is made.
 */
import type { LinkPort } from "./link.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import type { RemoteConnection } from "./remote-connection.ts";

export class RemotePort implements LinkPort {
  /** Resolves when there is a connection. */
  readonly connected: Promise<RemoteConnection>;
  #connected: (connection: RemoteConnection) => void = () => undefined;
  #connection: RemoteConnection | undefined;
  /** What was posted before the connection was there. */
  #early: ClientMessage[] = [];
  #heard: (messages: EngineMessage[]) => void = () => undefined;
  #isNeeded = false;
  readonly #closing = new AbortController();

  constructor() {
    this.connected = new Promise((resolve) => {
      this.#connected = resolve;
    });
  }

  /** Aborted when nobody wants the connection any more, be it there or not. */
  get givenUp(): AbortSignal {
    return this.#closing.signal;
  }

  /** The connection is there. */
  open(connection: RemoteConnection): void {
    if (this.givenUp.aborted) return connection.close();
    this.#connection = connection;
    connection.onMessages = (messages) => this.#heard(messages);
    if (!this.#isNeeded) connection.unref();
    connection.send(this.#early);
    this.#early = [];
    this.#connected(connection);
  }

  on(_event: "message", listener: (messages: EngineMessage[]) => void): void {
    this.#heard = listener;
  }

  postMessage(messages: readonly ClientMessage[]): void {
    if (this.#connection !== undefined) this.#connection.send(messages);
    else for (const message of messages) this.#early.push(message);
  }

  /** Somebody waits for an answer: the process must not end before it. */
  ref(): void {
    this.#isNeeded = true;
    this.#connection?.ref();
  }

  /** Nobody does: the connection alone keeps no process alive. */
  unref(): void {
    this.#isNeeded = false;
    this.#connection?.unref();
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
  }
}
