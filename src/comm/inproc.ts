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

/** Bytes on their way, and whom to tell that they have been taken. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly written: (() => void) | undefined;
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
  #arriving: Piece[] = [];
  #arrivingBytes = 0;
  #paused = false;
  #planned = false;
  /** The other side writes no more. */
  #ended = false;
  #closed = false;

  constructor(remote: string) {
    this.remote = remote;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get queuedBytes(): number {
    return this.peer === undefined ? 0 : this.peer.#arrivingBytes;
  }

  write(parts: readonly Uint8Array[], written?: () => void): void {
    const { peer } = this;
    if (this.#closed || peer === undefined || peer.#closed) return written?.();
    const last = parts.length - 1;
    for (const [i, bytes] of parts.entries()) {
      peer.#arriving.push({ bytes, written: i === last ? written : undefined });
      peer.#arrivingBytes += bytes.length;
    }
    peer.#plan();
  }

  watch(): void {
    // What lies in one thread does not stall by itself.
  }

  readDirectly(): void {
    // There is no kernel between the two ends.
  }

  ref(): void {
    // Nothing but what is to be delivered keeps the process alive.
  }

  unref(): void {
    // See ref.
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
    this.drop();
    this.peer?.drop();
    this.#close();
  }

  /** The other side is gone, and what it wrote with it. */
  drop(): void {
    const pieces = this.#arriving;
    this.#arriving = [];
    this.#arrivingBytes = 0;
    for (const { written } of pieces) written?.();
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
    let isDrained = false;
    while (!this.#paused && !this.#closed) {
      const piece = this.#arriving.shift();
      if (piece === undefined) break;
      this.#arrivingBytes -= piece.bytes.length;
      isDrained = this.#arriving.length === 0;
      if (piece.bytes.length > 0) {
        if (this.sink === undefined) this.onBytes(piece.bytes);
        else this.sink.take(piece.bytes);
      }
      piece.written?.();
    }
    if (isDrained) this.peer?.onDrain();
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
