/**
 * @file A network that misbehaves when told to: a TCP proxy that cuts connections, also in the
 * middle of what they carry, refuses new ones, or lets nothing through without saying so.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** A pair of sockets that the proxy joins. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A proxy on a port of its own. Start it with {@link TcpProxy.start}. */
export class TcpProxy {
  /** Refuses connections by closing them at once. */
  refuses = false;
  /** Cuts all connections when so many bytes more have gone to either side. */
  cutAfterBytes: number = Number.POSITIVE_INFINITY;
  /** Connections that have been made so far. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #targetPort: number;
  #isSilent = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ pauseOnConnect: true }, (near) => this.#join(near));
  }

  /** A proxy in front of a port of this host, or of an address that ends with one. */
  static async start(target: number | string): Promise<TcpProxy> {
    const port = typeof target === "number" ? target : Number(/:(\d+)$/.exec(target)?.[1]);
    const proxy = new TcpProxy(port);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get address(): string {
    const bound = this.#server.address();
    return `tcp://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;
  }

  /** Cuts every connection: both sides see it at once. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  /** Cuts what the proxy has to its target; who has connected to it hears nothing of that. */
  cutFar(): void {
    for (const { near, far } of this.#pairs) {
      far.removeAllListeners("close");
      far.destroy();
      near.pause();
    }
  }

  /** Lets nothing through, and nobody sees why; what is new is accepted and stays silent, too. */
  silence(): void {
    this.#isSilent = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /** Lets everything through again, also what was held back. */
  heal(): void {
    this.#isSilent = false;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  /** Lets new connections through; those that were silenced stay so. */
  thaw(): void {
    this.#isSilent = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    this.connections++;
    if (this.refuses) {
      near.destroy();
      return;
    }
    const far = connect(this.#targetPort, "127.0.0.1");
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#forward(near, far, pair);
    this.#forward(far, near, pair);
    if (this.#isSilent) far.pause();
    else near.resume();
  }

  #forward(from: Socket, to: Socket, pair: Pair): void {
    from.on("data", (bytes) => {
      const passed = Math.min(bytes.length, this.cutAfterBytes);
      this.cutAfterBytes -= bytes.length;
      // What was on its way before the cut arrives.
      to.write(bytes.subarray(0, passed));
      if (this.cutAfterBytes > 0) return;
      this.cutAfterBytes = Number.POSITIVE_INFINITY;
      this.cut();
    });
    const end = (): void => {
      to.destroy();
      this.#pairs.delete(pair);
    };
    from.on("close", end);
    from.on("error", end);
  }
}
