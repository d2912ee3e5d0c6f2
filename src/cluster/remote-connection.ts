/**
 * @file A client's connection to a scheduler: what the link posts is put into the form in which it
 * travels, and the values of a scatter are brought to the workers that the scheduler names.
 */
import { BulkPool, type Comm, connect } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import { ownHello, uniqueName } from "./own-hello.ts";
import type { RemoteListener, RemoteOptions } from "./remote-options.ts";
import { sessionTimers } from "./session-timers.ts";
import { Unanswered } from "./unanswered.ts";
import type { BroughtFacts } from "./value-fetcher.ts";
import { type ToClient, type ToScheduler, toClient, toScheduler } from "./wire/client-messages.ts";
import { encodeImage } from "./wire/graphs.ts";

type Scatter = Extract<ClientMessage, { kind: "scatter" }>;

export class RemoteConnection {
  /** Fetches values from workers. */
  readonly pool: BulkPool;
  onMessages: (messages: EngineMessage[]) => void = () => undefined;
  readonly #comm: Comm<ToClient, ToScheduler>;
  readonly #listener: RemoteListener;
  /** Values that wait to be brought somewhere, by request. */
  readonly #scattering = new Map<number, Scatter["values"]>();
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

  /** Connects to a scheduler. Errors as in `connect`. */
  static async open(options: RemoteOptions, listener: RemoteListener): Promise<RemoteConnection> {
    const { address, token, security, connectMs, worker } = options;
    const facts = worker === undefined ? {} : { worker };
    const common = { hello: ownHello("client", uniqueName("client"), facts), token, security };
    const comm = await connect<ToClient, ToScheduler>(address, {
      ...common,
      incoming: toClient,
      outgoing: toScheduler,
      session: sessionTimers(),
      ...(connectMs === undefined ? {} : { connectMs }),
    });
    return new RemoteConnection(comm, new BulkPool(common), listener);
  }

  send(messages: readonly ClientMessage[]): void {
    for (const message of messages) {
      const sent = this.#inWire(message);
      if (sent === undefined) continue;
      this.#unanswered.sent(sent);
      if (sent.kind === "release") this.#comm.sendSoon(sent);
      else this.#comm.send(sent);
    }
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
        this.#scattering.set(message.request, values);
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

  #bring({ request, base, addresses, epochs }: Extract<ToClient, { kind: "placed" }>): void {
    const values = this.#scattering.get(request);
    this.#scattering.delete(request);
    if (values === undefined) return;
    const byAddress = new Map<string, number[]>();
    for (const [i, address] of addresses.entries()) {
      const list = byAddress.get(address);
      if (list === undefined) byAddress.set(address, [i]);
      else list.push(i);
    }
    for (const [address, indices] of byAddress) {
      const ids = Int32Array.from(indices, (i) => base + i);
      const brought = indices.map((i) => ({ id: base + i, bytes: values[i]! }));
      const facts = { epochs: Object.fromEntries(indices.map((i) => [base + i, epochs[i]!])) };
      this.#put(address, brought, facts).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#listener.warn(`scattered values did not reach ${address}: ${message}`);
        this.#comm.send({ kind: "cancel", ids, force: true });
      });
    }
  }
  async #put(
    address: string,
    values: readonly { readonly id: number; readonly bytes: Uint8Array }[],
    facts: BroughtFacts,
  ): Promise<void> {
    const outcomes = await this.pool.put(address, values, facts);
    const refused = outcomes.find(({ status }) => status !== "stored");
    if (refused !== undefined) throw new HeddleError("Lost", refused.message);
  }
}
