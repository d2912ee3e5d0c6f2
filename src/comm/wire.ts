/**
 * @file The stream of bytes under a connection, whatever carries it: a socket (tcp, tls, unix) or
 * two ends in one thread. What arrives is either shown to `onBytes`, in a buffer that is used
 * again, or read straight into the memory that a `sink` gives: with Node's `onread` the kernel
 * copies into the heap of a worker itself.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { TLSSocket } from "node:tls";
import type { Frame, FrameParser } from "../protocol/index.ts";

/** Takes what arrives, where it can straight into its own memory. */
export interface Sink {
  /** Where the next bytes shall go, or undefined when it is better to {@link take} them. */
  space(): Uint8Array | undefined;
  /** So many bytes have been written to the start of the last `space`. */
  filled(bytes: number): void;
  /** Takes bytes that are only good during the call. */
  take(bytes: Uint8Array): void;
}

/** A stream of bytes in both directions. */
export interface Wire {
  /** The other side, for messages. */
  readonly remote: string;
  /** Keying material of TLS, which a proof is bound to; empty without. */
  readonly channel: string;
  /** Bytes written that have not left yet. */
  readonly queuedBytes: number;
  /** Whether nothing more comes or goes. */
  readonly isClosed: boolean;
  /**
   * Writes in order, all at once. Parts belong to the wire until `written` is called: they have
   * left, or never will.
   */
  write(parts: readonly Uint8Array[], written?: () => void): void;
  /** Calls back whenever nothing has moved for so long. */
  watch(stalledMs: number, stalled: () => void): void;
  /** Reads straight into the memory of a sink from now on, where that is possible. */
  readDirectly(): void;
  pause(): void;
  resume(): void;
  /** Whether it keeps the process alive. */
  ref(): void;
  unref(): void;
  /** Ends after what has been written. */
  end(): void;
  destroy(): void;
  /** What arrives when there is no sink; the bytes are only good during the call. */
  onBytes: (bytes: Uint8Array) => void;
  sink: Sink | undefined;
  /** All that was written has left. */
  onDrain: () => void;
  /** Called once; with an error unless the other side ended it, or this one. */
  onClosed: (error: Error | undefined) => void;
}

/** Silence after which the system asks whether the other host is still there. */
const KEEP_ALIVE_MS = 30_000;

/** Bytes that one read takes when there is no sink. */
const SCRATCH_BYTES = 256 * 1024;

/**
 * Sockets of this thread read into the same memory, since what was read is dealt with before the
 * next read.
 */
let scratch: Uint8Array | undefined;

function scratchSpace(): Uint8Array {
  scratch ??= new Uint8Array(SCRATCH_BYTES);
  return scratch;
}

/** The part of a socket's handle that matters here. */
interface Handle {
  reading: boolean;
  readonly readStop?: () => number;
  readonly useUserBuffer?: (memory: Uint8Array) => void;
}

/** A socket as a wire. */
export class SocketWire implements Wire {
  remote: string;
  #socket: Socket;
  sink: Sink | undefined;
  onBytes: (bytes: Uint8Array) => void = () => undefined;
  onDrain: () => void = () => undefined;
  onClosed: (error: Error | undefined) => void = () => undefined;
  #error: Error | undefined;
  /** Memory of the sink that the socket reads into now. */
  #space: Uint8Array | undefined;
  #isDirect: boolean;
  #watched: { readonly stalledMs: number; readonly stalled: () => void } | undefined;

  constructor(socket: Socket, remote: string, reads: "events" | "onread") {
    this.remote = remote;
    this.#socket = socket;
    this.#isDirect = reads === "onread";
    if (reads === "events") socket.on("data", (bytes: Buffer) => this.#arrived(bytes));
    this.#adopt(socket);
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    // Finds out, in minutes, that the host at the other end is gone while nobody says anything.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("drain", () => this.onDrain());
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    // The other side has ended: nothing more can come, and half a conversation is of no use.
    socket.on("end", () => socket.end());
    socket.on("close", () => this.onClosed(this.#error));
    if (this.#watched !== undefined) {
      socket.setTimeout(this.#watched.stalledMs, this.#watched.stalled);
    }
  }

  /** Lets go of the socket: the wire is not used any more. */
  release(): Socket {
    return this.#socket;
  }

  get channel(): string {
    if (!(this.#socket instanceof TLSSocket)) return "";
    return this.#socket
      .exportKeyingMaterial(32, "EXPORTER-heddle", Buffer.alloc(0))
      .toString("hex");
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(parts: readonly Uint8Array[], written?: () => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return written?.();
    // One system call for all parts.
    this.#socket.cork();
    const last = parts.length - 1;
    for (const [i, part] of parts.entries()) {
      this.#socket.write(part, i === last ? written && (() => written()) : undefined);
    }
    this.#socket.uncork();
  }

  watch(stalledMs: number, stalled: () => void): void {
    this.#watched = { stalledMs, stalled };
    this.#socket.setTimeout(stalledMs, stalled);
  }

  /**
   * Node lets a socket read into given memory only when it is made, and makes accepted ones itself.
   * Therefore a socket of its own is put around the same handle, when nothing is under way. Where
   * Node's inside has changed so far that this cannot be done, the bytes are copied as before.
   */
  readDirectly(): void {
    const old = this.#socket as unknown as { _handle?: Handle | null };
    const handle = old._handle;
    if (this.#isDirect || this.#socket instanceof TLSSocket || this.#socket.isPaused()) return;
    if (typeof handle?.readStop !== "function" || handle.useUserBuffer === undefined) return;
    const { writableLength, readableLength } = this.#socket;
    if (writableLength > 0 || readableLength > 0) return;
    const accepted = this.#socket;
    accepted.removeAllListeners();
    accepted.setTimeout(0);
    handle.reading = false;
    handle.readStop();
    old._handle = null;
    this.#isDirect = true;
    const onread = SocketWire.reader(() => this);
    const socket = new Socket({ handle, onread } as unknown as SocketConstructorOpts);
    // The server counts its connections by the sockets that it made.
    socket.once("close", () => accepted.destroy());
    this.#adopt(socket);
    socket.resume();
    socket.read(0);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #arrived(bytes: Uint8Array): void {
    if (this.sink === undefined) this.onBytes(bytes);
    else this.sink.take(bytes);
  }

  /** Where the next read goes; asked before the first read and after each. */
  nextSpace(): Uint8Array {
    this.#space = this.sink?.space();
    return this.#space ?? scratchSpace();
  }

  /** Bytes have been read into `buffer`, which came from {@link nextSpace}. */
  read(bytes: number, buffer: Uint8Array): void {
    // The sink may have come after the read began.
    if (buffer === this.#space) this.sink?.filled(bytes);
    else this.#arrived(buffer.subarray(0, bytes));
  }

  /** How a socket that this thread connects reads; it becomes a wire only once it is connected. */
  static reader(wire: () => SocketWire | undefined): OnReadOpts {
    return {
      buffer: () => wire()?.nextSpace() ?? scratchSpace(),
      callback: (bytes, buffer) => {
        wire()?.read(bytes, buffer);
        return true;
      },
    };
  }
}

/** A body's rest of this size is read into its place without another copy. */
export const DIRECT_BYTES: number = 64 * 1024;

/**
 * A sink that cuts what arrives into frames. `guard` runs each step, and deals with what it throws.
 */
export function frameSink(
  parser: FrameParser,
  take: (frame: Frame) => void,
  guard: (step: () => void) => void,
): Sink {
  return {
    space() {
      const { wanted } = parser;
      return wanted !== undefined && wanted.length >= DIRECT_BYTES ? wanted : undefined;
    },
    filled(bytes) {
      guard(() => {
        const frame = parser.filled(bytes);
        if (frame !== undefined) take(frame);
      });
    },
    take: (bytes) => guard(() => parser.push(bytes, take)),
  };
}
