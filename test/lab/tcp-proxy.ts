/**
 * @file A network that misbehaves when told to: a TCP proxy that cuts connections, also in the
 * middle of what they carry, refuses new ones, lets nothing through without saying so, in both
 * directions or in one, delays what it carries, or says to one side that the other has nothing more
 * to say.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** A pair of sockets that the proxy joins. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** "up" is to the target, "down" to who has connected to the proxy. */
export type Direction = "up" | "down";

/** Bytes on their way, in order. */
interface Line {
  readonly bytes: Buffer[];
  /** When the last of them may arrive: none overtakes it. */
  lastMs: number;
}

/** A proxy on a port of its own. Start it with {@link TcpProxy.start}. */
export class TcpProxy {
  /** Refuses connections by closing them at once. */
  refuses = false;
  /** Cuts all connections when so many bytes more have gone to either side. */
  cutAfterBytes: number = Number.POSITIVE_INFINITY;
  /** Connections that have been made so far. */
  connections = 0;
  /** What is carried arrives so much later, and by up to `jitterMs` more. */
  delayMs = 0;
  jitterMs = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #targetPort: number;
  #isSilent = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (near) =>
      this.#join(near),
    );
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

  /** Lets nothing through in one direction; the other one is open. */
  cutOneWay(direction: Direction): void {
    for (const { near, far } of this.#pairs) (direction === "up" ? near : far).pause();
  }

  /** Says in one direction that nothing more will come, while the other goes on. */
  halfClose(direction: Direction): void {
    for (const { near, far } of this.#pairs) (direction === "up" ? far : near).end();
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
    const far = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#forward(near, far, pair);
    this.#forward(far, near, pair);
    if (this.#isSilent) far.pause();
    else near.resume();
  }

  #forward(from: Socket, to: Socket, pair: Pair): void {
    const line: Line = { bytes: [], lastMs: 0 };
    from.on("data", (bytes) => {
      const passed = Math.min(bytes.length, this.cutAfterBytes);
      this.cutAfterBytes -= bytes.length;
      // What was on its way before the cut arrives.
      this.#carry(bytes.subarray(0, passed), to, line);
      if (this.cutAfterBytes > 0) return;
      this.cutAfterBytes = Number.POSITIVE_INFINITY;
      this.cut();
    });
    const end = (): void => {
      to.destroy();
      this.#pairs.delete(pair);
    };
    from.on("end", () => to.end());
    from.on("close", end);
    from.on("error", end);
  }

  #carry(bytes: Buffer, to: Socket, line: Line): void {
    const isDelayed = this.delayMs + this.jitterMs > 0;
    if (!isDelayed && line.bytes.length === 0) return void (to.writable && to.write(bytes));
    const nowMs = performance.now();
    const dueMs = nowMs + this.delayMs + this.jitterMs * Math.random();
    line.lastMs = Math.max(line.lastMs, dueMs);
    line.bytes.push(bytes);
    setTimeout(() => {
      const first = line.bytes.shift();
      if (first !== undefined && to.writable) to.write(first);
    }, line.lastMs - nowMs);
  }
}
