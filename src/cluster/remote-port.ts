/**
 * @file A client's connection to a scheduler as a port: what the link posts is put into the form in
 * which it travels, and the values of a scatter are brought to the workers that the scheduler names.
 */
import type { BulkPool, Comm } from "../comm/index.ts";
import type { LinkPort } from "./link.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import type { ToClient, ToScheduler } from "./wire/client-messages.ts";
import { encodeImage } from "./wire/graphs.ts";

type Scatter = Extract<ClientMessage, { kind: "scatter" }>;

export class RemotePort implements LinkPort {
  readonly #comm: Comm<ToClient, ToScheduler>;
  readonly #pool: BulkPool;
  /** Values that wait to be brought somewhere, by request. */
  readonly #scattering = new Map<number, Scatter["values"]>();
  readonly #warn: (message: string) => void;

  constructor(
    comm: Comm<ToClient, ToScheduler>,
    pool: BulkPool,
    warn: (message: string) => void,
  ) {
    this.#comm = comm;
    this.#pool = pool;
    this.#warn = warn;
  }

  on(_event: "message", listener: (messages: EngineMessage[]) => void): void {
    this.#comm.onMessages = (messages) => {
      const heard: EngineMessage[] = [];
      for (const message of messages) {
        if (message.kind === "placed") this.#bring(message);
        else heard.push(message);
      }
      listener(heard);
    };
  }

  postMessage(messages: readonly ClientMessage[]): void {
    for (const message of messages) {
      const sent = this.#inWire(message);
      if (sent !== undefined) this.#comm.send(sent);
    }
  }

  /** Whoever waits keeps the process alive: the connection does not. */
  unref(): void {
    this.#comm.unref();
  }

  close(): void {
    this.#comm.close("the client was closed").catch(() => undefined);
  }

  #inWire(message: ClientMessage): ToScheduler | undefined {
    switch (message.kind) {
      case "graph": {
        const { image, ...rest } = message;
        return { ...rest, body: encodeImage(image) };
      }
      case "scatter": {
        const { request, name, values, broadcast, workers } = message;
        this.#scattering.set(request, values);
        const bytes = Float64Array.from(values, (value) => value.length);
        return {
          kind: "scatter",
          request,
          name,
          bytes,
          ...(workers === undefined ? {} : { workers }),
          ...(broadcast === undefined ? {} : { broadcast }),
        };
      }
      case "read":
      case "unpin":
        return undefined;
      default:
        return message;
    }
  }

  #bring(placed: Extract<ToClient, { kind: "placed" }>): void {
    const values = this.#scattering.get(placed.request);
    this.#scattering.delete(placed.request);
    if (values === undefined) return;
    const { base, addresses, epochs } = placed;
    const byAddress = new Map<string, number[]>();
    addresses.forEach((address, i) => {
      const list = byAddress.get(address);
      if (list === undefined) byAddress.set(address, [i]);
      else list.push(i);
    });
    for (const [address, indices] of byAddress) {
      const ids = Int32Array.from(indices, (i) => base + i);
      const own = Int32Array.from(indices, (i) => epochs[i]!);
      const bytes = indices.map((i) => values[i]!);
      this.#pool.put(address, ids, own, bytes).catch((error: unknown) => {
        this.#warn(`scattered values did not reach ${address}: ${String(error)}`);
      });
    }
  }
}
