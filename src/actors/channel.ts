/**
 * @file Ways between a caller and the thread that an actor lives in: a message port within a
 * process, a connection between processes. Neither keeps a process alive.
 */
import type { MessagePort } from "node:worker_threads";
import type { Comm } from "../comm/index.ts";
import { isHeddleError } from "../core/errors.ts";
import type { Message } from "../protocol/index.ts";

/** One end of such a way. */
export interface Channel<In, Out> {
  onMessage: (message: In) => void;
  /** Called once when nothing more will come, with the reason and the error behind it. */
  onClosed: (reason: string, cause?: unknown) => void;
  send(message: Out): void;
  close(): void;
}

/**
 * Why there is no connection, or none any more, without what could be done about a network: mostly
 * the worker has died.
 */
export function whyAway(error: unknown): string {
  const isAway =
    isHeddleError(error, "ConnectFailed") || isHeddleError(causeOf(error), "ConnectFailed");
  if (isAway) return "its worker has ended, or cannot be reached";
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** Over a message port. */
export class PortChannel<In, Out> implements Channel<In, Out> {
  onMessage: (message: In) => void = () => undefined;
  onClosed: Channel<In, Out>["onClosed"] = () => undefined;
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: In) => this.onMessage(message));
    port.on("close", () => this.onClosed("its thread has ended"));
    port.unref();
  }

  send(message: Out): void {
    this.#port.postMessage(message);
  }

  close(): void {
    this.#port.close();
  }
}

/** Over a connection. */
export class CommChannel<In extends Message, Out extends Message> implements Channel<In, Out> {
  onMessage: (message: In) => void = () => undefined;
  onClosed: Channel<In, Out>["onClosed"] = () => undefined;
  readonly #comm: Comm<In, Out>;

  constructor(comm: Comm<In, Out>) {
    this.#comm = comm;
    comm.onMessages = (messages) => {
      for (const message of messages) this.onMessage(message);
    };
    comm.onClosed = (error) => {
      if (error === undefined) this.onClosed("its worker has closed the connection");
      else this.onClosed(whyAway(error), error);
    };
    comm.onReconnected = ({ fresh }) => {
      if (fresh) this.close();
    };
    comm.unref();
  }

  send(message: Out): void {
    this.#comm.send(message);
  }

  close(): void {
    this.#comm.close("it is not needed any more").catch(() => undefined);
  }
}
