/**
 * @file Connections within one thread: two wires that hand each other their bytes at the end of the
 * event loop's turn. What holds over sockets holds here, too: order, back-pressure, an end.
 */
import { HeddleError } from "../core/errors.ts";
import type { Sink, Wire } from "./wire.ts";

/** Listeners of this thread by name. */
const listeners = new Map<string, (wire: Wire) => void>();

let lastName = 0;

/** Listens under a name; "*" or "0" makes one up. Returns the name. */
export function listenInproc(name: string, accept: (wire: Wire) => void): string {
  const own = name === "*" || name === "0" ? `${process.pid}-${++lastName}` : name;
  if (listeners.has(own)) {
    throw new HeddleError("InvalidArgument", `inproc://${own} has a listener already`);
  }
  listeners.set(own, accept);
  return own;
}

/** Ends listening; connections stay. */
export function unlistenInproc(name: string): void {
  listeners.delete(name);
}

/** Connects to a listener of this thread. Throws `ConnectFailed` when there is none. */
export function connectInproc(name: string): Wire {
  const accept = listeners.get(name);
  if (accept === undefined) {
    const names = [...listeners.keys()].map((known) => `inproc://${known}`);
    throw new HeddleError(
      "ConnectFailed",
      `Nothing listens on inproc://${name} in this thread; there is: ${names.join(", ") || "nothing"}`,
    );
  }
  const near = new InprocWire(`inproc://${name}`);
  const far = new InprocWire(`inproc://${name} (connector)`);
  near.peer = far;
  far.peer = near;
  accept(far);
  return near;
}

class InprocWire implements Wire {
  readonly remote: string;
  readonly channel = "";
  peer: InprocWire | undefined;
  sink: Sink | undefined;
  onBytes: (bytes: Uint8Array) => void = () => undefined;
  onDrain: () => void = () => undefined;
  onClosed: (error: Error | undefined) => void = () => undefined;
  /** Written by the other side and not taken yet. */
  #arriving: Uint8Array[] = [];
  #arrivingBytes = 0;
  #paused = false;
  #planned = false;
  /** The other side writes no more. */
  #ended = false;
  #closed = false;

  constructor(remote: string) {
    this.remote = remote;
  }

  get queuedBytes(): number {
    return this.peer === undefined ? 0 : this.peer.#arrivingBytes;
  }

  write(parts: readonly Uint8Array[]): void {
    const { peer } = this;
    if (this.#closed || peer === undefined || peer.#closed) return;
    for (const part of parts) {
      if (part.length === 0) continue;
      peer.#arriving.push(part);
      peer.#arrivingBytes += part.length;
    }
    peer.#plan();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#plan();
  }

  end(): void {
    // What was written still arrives.
    this.#close();
  }

  destroy(): void {
    this.#arriving = [];
    this.peer?.drop();
    this.#close();
  }

  /** The other side is gone, and what it wrote with it. */
  drop(): void {
    this.#arriving = [];
    this.#ended = true;
    this.#plan();
  }

  #plan(): void {
    if (this.#planned || this.#closed) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (!this.#paused && !this.#closed && this.#arriving.length > 0) {
      const parts = this.#arriving;
      this.#arriving = [];
      this.#arrivingBytes = 0;
      for (const [i, part] of parts.entries()) {
        if (this.#closed) return;
        if (this.#paused) {
          const rest = parts.slice(i);
          this.#arriving.unshift(...rest);
          this.#arrivingBytes += rest.reduce((sum, bytes) => sum + bytes.length, 0);
          return;
        }
        if (this.sink === undefined) this.onBytes(part);
        else this.sink.take(part);
      }
      this.peer?.onDrain();
    }
    if (this.#ended && this.#arriving.length === 0) this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.peer !== undefined) {
      this.peer.#ended = true;
      this.peer.#plan();
    }
    // Like a socket: never within the call that closes it.
    setImmediate(() => this.onClosed(undefined));
  }
}
