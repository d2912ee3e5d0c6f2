/**
 * @file A client's connection to a scheduler: what the link posts is put into the form in which it
 * travels, and the values of a scatter are brought to the workers that the scheduler names.
 */
import { BulkPool, type Comm, connect, Relay } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import { ownHello, uniqueName } from "./own-hello.ts";
import type { RemoteListener, RemoteOptions } from "./remote-options.ts";
import { type Load, Scattering } from "./scattering.ts";
import { sessionTimers } from "./session-timers.ts";
import { Unanswered } from "./unanswered.ts";
import { answerToUnsendable } from "./unsendable.ts";
import type { BroughtFacts } from "./value-fetcher.ts";
import { type ToClient, type ToScheduler, toClient, toScheduler } from "./wire/client-messages.ts";
import { encodeImage } from "./wire/graphs.ts";

export class RemoteConnection {
  /** Fetches values from workers. */
  readonly pool: BulkPool;
  onMessages: (messages: EngineMessage[]) => void = () => undefined;
  readonly #comm: Comm<ToClient, ToScheduler>;
  readonly #listener: RemoteListener;
  readonly #scattering = new Scattering();
  /** What has been asked and not answered. */
  readonly #unanswered: Unanswered;

  private constructor(comm: Comm<ToClient, ToScheduler>, pool: BulkPool, listener: RemoteListener) {
    this.#comm = comm;
    this.pool = pool;
    this.#listener = listener;
    this.#unanswered = new Unanswered((id) => listener.isPending(id));
    comm.onMessages = (messages) => this.#receive(messages);
    comm.onClosed = (error) => listener.closed(error ?? "the scheduler was closed");
    comm.onReconnected = ({ fresh }) => {
      if (fresh) this.#rejoin();
    };
  }

  /** Connects to a scheduler until `signal` says that nobody wants it. Errors as in `connect`. */
  static async open(
    options: RemoteOptions,
    listener: RemoteListener,
    signal: AbortSignal,
  ): Promise<RemoteConnection> {
    const { address, token, security, connectMs, worker } = options;
    const facts = worker === undefined ? {} : { worker, pid: process.pid };
    const common = { hello: ownHello("client", uniqueName("client"), facts), token, security };
    const comm = await connect<ToClient, ToScheduler>(address, {
      ...common,
      incoming: toClient,
      outgoing: toScheduler,
      session: sessionTimers(),
      signal,
      ...(connectMs === undefined ? {} : { connectMs }),
    });
    // Where workers cannot be reached, what the scheduler carries still comes.
    const relay = new Relay(address, {
      direct: config.get("client.direct-to-workers"),
      warn: (message) => listener.warn(message),
    });
    return new RemoteConnection(comm, new BulkPool({ ...common, relay }), listener);
  }

  send(messages: readonly ClientMessage[]): void {
    const refused: EngineMessage[] = [];
    for (const message of messages) {
      try {
        this.#send(message);
      } catch (error) {
        refused.push(answerToUnsendable(message, error));
      }
    }
    if (refused.length > 0) queueMicrotask(() => this.onMessages(refused));
  }

  /** Throws for what cannot be encoded, and has then not begun to wait for an answer. */
  #send(message: ClientMessage): void {
    const sent = this.#inWire(message);
    if (sent === undefined) return;
    if (sent.kind === "release") this.#scattering.ended(sent.ids);
    if (sent.kind === "release") this.#comm.sendSoon(sent);
    else this.#comm.send(sent);
    this.#unanswered.sent(sent);
    if (message.kind === "scatter") this.#scattering.asked(message.request, message.values);
  }

  ref(): void {
    this.#comm.ref();
  }

  unref(): void {
    this.#comm.unref();
  }

  close(): void {
    this.pool.close();
    this.#comm.close("the client was closed").catch(() => undefined);
  }

  /**
   * Nothing of the old session is on its way any more: the scheduler hears what this client has,
   * and what it waits for once more.
   */
  #rejoin(): void {
    const { asking, messages, lost } = this.#unanswered.again();
    this.#comm.send({ kind: "rejoin", ids: this.#listener.referred(), asking });
    for (const message of messages) this.#comm.send(message);
    if (lost.length > 0) this.onMessages(lost);
  }

  #receive(messages: readonly ToClient[]): void {
    const news: EngineMessage[] = [];
    for (const message of messages) {
      this.#unanswered.heard(message);
      if (isEnd(message)) this.#scattering.ended(message.ids);
      if (message.kind === "placed") this.#bring(message);
      else if (message.kind === "size") this.#listener.size(message);
      else news.push(message);
    }
    this.onMessages(news);
  }

  #inWire(message: ClientMessage): ToScheduler | undefined {
    switch (message.kind) {
      case "graph": {
        const { image, ...rest } = message;
        return { ...rest, body: encodeImage(image) };
      }
      case "scatter": {
        const { values, ...rest } = message;
        return { ...rest, bytes: Float64Array.from(values, (value) => value.length) };
      }
      case "read":
      case "unpin":
        // Values of a cluster are not read through the scheduler.
        return undefined;
      default:
        return message;
    }
  }

  #bring(placed: Extract<ToClient, { kind: "placed" }>): void {
    for (const [address, load] of this.#scattering.placed(placed)) {
      this.#put(address, load).then(
        (stored) => this.#tellUnplaced(load, stored),
        // Why does not matter: the scheduler names another worker, or says that there is none.
        () => this.#tellUnplaced(load, new Set()),
      );
    }
  }

  /** Brings values to a worker; returns those that it has taken. */
  async #put(address: string, { ids, epochs, values }: Load): Promise<Set<number>> {
    const facts: BroughtFacts = {
      epochs: Object.fromEntries(ids.map((id, i) => [id, epochs[i]!])),
    };
    const outcomes = await this.pool.put(address, values, facts);
    return new Set(outcomes.filter(({ status }) => status === "stored").map(({ id }) => id));
  }

  #tellUnplaced({ ids, epochs }: Load, stored: ReadonlySet<number>): void {
    const left = [...ids.keys()].filter((i) => !stored.has(ids[i]!));
    if (left.length === 0) return;
    this.#comm.send({
      kind: "unplaced",
      ids: Int32Array.from(left, (i) => ids[i]!),
      epochs: Int32Array.from(left, (i) => epochs[i]!),
    });
  }
}

/** News after which nothing need be brought: the values are there, or will not be. */
function isEnd(message: ToClient): message is Extract<ToClient, { kind: "done" }> {
  return message.kind === "done" || message.kind === "failed" || message.kind === "cancelled";
}
