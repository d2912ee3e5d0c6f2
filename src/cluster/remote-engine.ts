/**
 * @file A cluster as clients see it: an engine whose scheduler is reached over a connection, one for
 * each client.
 */
import type { HeddleError } from "../core/errors.ts";
import type { EngineHandle } from "./embedded.ts";
import { EngineLink } from "./link.ts";
import type { RemoteListener, RemoteOptions } from "./remote-connection.ts";
import { RemotePort } from "./remote-port.ts";
import { RemoteValues } from "./remote-values.ts";

export class RemoteEngine implements EngineHandle {
  readonly address: string;
  readonly ready: Promise<void>;
  readonly #options: RemoteOptions;
  readonly #links = new Set<EngineLink>();
  #opened: (opening: Promise<void>) => void = () => undefined;
  #size = { threads: 0, memoryLimitBytes: 0 };

  constructor(options: RemoteOptions) {
    this.address = options.address;
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#opened = resolve;
    });
  }

  /** Task threads of all workers that are there. */
  get threads(): number {
    return this.#size.threads;
  }

  get memoryLimitBytes(): number {
    return this.#size.memoryLimitBytes;
  }

  connect(): EngineLink {
    const port = new RemotePort();
    const link: EngineLink = new EngineLink(port, port, (own) => new RemoteValues(own, port));
    this.#links.add(link);
    const listener: RemoteListener = {
      size: (size) => {
        this.#size = size;
      },
      warn: (message) => link.onWarning(message),
      closed: (reason) => {
        this.#links.delete(link);
        link.close(reason);
      },
    };
    this.#opened(this.#open(port, listener));
    return link;
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.close("the client was closed");
  }

  async #open(port: RemotePort, listener: RemoteListener): Promise<void> {
    try {
      const { RemoteConnection } = await import("./remote-connection.ts");
      port.open(await RemoteConnection.open(this.#options, listener));
    } catch (error) {
      listener.closed(error as HeddleError);
      throw error;
    }
  }
}
