/**
 * @file Frames: a header of 16 bytes and a body. The header is little-endian: u32 length of the
 * body, u8 type, u8 flags, u16 zero, u32 sequence number, u32 acknowledgement. The parser takes
 * bytes in any cuts and gives each body in a buffer of its own, made once when the header is known;
 * a shell that can read into given memory reads straight into it.
 */
import { assert } from "../core/errors.ts";
import { protocolError } from "./refusal.ts";

/** What a frame is for. 1 to 5 are the handshake, from 32 on bulk transfers. */
export const FRAME = {
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  refused: 5,
  messages: 6,
  ack: 7,
  ping: 8,
  pong: 9,
  bye: 10,
  bulkGet: 32,
  bulkData: 33,
  bulkPut: 34,
  bulkAnswer: 35,
} as const;

/** The name of a type of frame. */
export type FrameName = keyof typeof FRAME;

/** Bytes of a header. */
export const HEADER_BYTES = 16;
/** Largest body before the peer has proved who it is. */
export const UNPROVED_BODY_MAX: number = 64 * 1024;
/** Largest body of a peer that has. */
export const BODY_MAX: number = 2 ** 30;

/** A body up to this size is copied behind its header: one small write instead of two. */
const JOINED_BYTES = 2048;

/** What the header of a frame says. */
export interface FrameHeader {
  readonly type: number;
  /** Free for each type of frame; 0 where nothing is said. */
  readonly flags: number;
  /** Number of a frame of messages, 0 in all others. Modulo 2 ** 32. */
  readonly seq: number;
  /** Number of the last frame of messages that the sender has received. Modulo 2 ** 32. */
  readonly ack: number;
  readonly bodyBytes: number;
}

/** A frame as it was received. */
export interface Frame extends FrameHeader {
  readonly body: Uint8Array;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FRAME).map(([name, type]) => [type, name]),
);

/** What messages call a type of frame. */
export function frameName(type: number): string {
  return NAMES.get(type) ?? `unknown frame ${type}`;
}

/** Bytes of a body in chunks. */
export function bytesOfChunks(chunks: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

/** The chunks of a body in one buffer. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(bytesOfChunks(chunks));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

/** The chunks of a frame, for one vectored write. Large parts of the body are not copied. */
export function writeFrame(
  type: number,
  body: readonly Uint8Array[],
  options: { flags?: number; seq?: number; ack?: number } = {},
): Uint8Array[] {
  const { flags = 0, seq = 0, ack = 0 } = options;
  const bodyBytes = bytesOfChunks(body);
  assert(bodyBytes < 2 ** 32, `a body of ${bodyBytes} bytes does not fit into a frame`);
  const joined = bodyBytes <= JOINED_BYTES;
  const head = new Uint8Array(HEADER_BYTES + (joined ? bodyBytes : 0));
  // Byte by byte: a view would make V8 move a small array's bytes out of its heap.
  putU32(head, 0, bodyBytes);
  head[4] = type;
  head[5] = flags;
  putU32(head, 8, seq);
  putU32(head, 12, ack);
  if (!joined) return [head, ...body];
  let at = HEADER_BYTES;
  for (const chunk of body) {
    head.set(chunk, at);
    at += chunk.length;
  }
  return [head];
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** What a {@link FrameParser} takes. */
export interface FrameParserOptions {
  /** Largest body (default {@link UNPROVED_BODY_MAX}; raised once the peer has proved itself). */
  readonly maxBodyBytes?: number;
  /**
   * Memory for a body, of exactly `bodyBytes`; when it gives undefined (the default) the parser
   * makes it. Throw to refuse the frame.
   */
  readonly place?: (header: FrameHeader) => Uint8Array | undefined;
}

/** Cuts a stream of bytes into frames. After it has thrown, the stream is of no more use. */
export class FrameParser {
  /** Largest body that is taken from now on. */
  maxBodyBytes: number;
  readonly #place: ((header: FrameHeader) => Uint8Array | undefined) | undefined;
  readonly #head: Uint8Array = new Uint8Array(HEADER_BYTES);
  readonly #headView: DataView = new DataView(this.#head.buffer);
  #headFilled = 0;
  #header: FrameHeader | undefined;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;
  /** Frames completed, and bytes of the stream before the current frame: for messages. */
  #frames = 0;
  #offset = 0;

  constructor(options: FrameParserOptions = {}) {
    this.maxBodyBytes = options.maxBodyBytes ?? UNPROVED_BODY_MAX;
    this.#place = options.place;
  }

  /** Whether the stream ends between two frames. */
  get isBetweenFrames(): boolean {
    return this.#headFilled === 0;
  }

  /**
   * Takes the next bytes of the stream, which may be overwritten afterwards, and gives frames to
   * `take` one by one: what one frame changes (the limit, a place for bytes) holds for the next.
   * Throws `ProtocolError`.
   */
  push(bytes: Uint8Array, take: (frame: Frame) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#body === undefined) at += this.#fillHead(bytes, at);
      if (this.#body === undefined) return;
      const taken = Math.min(bytes.length - at, this.#body.length - this.#bodyFilled);
      if (taken > 0) this.#body.set(bytes.subarray(at, at + taken), this.#bodyFilled);
      at += taken;
      const frame = this.filled(taken);
      if (frame !== undefined) take(frame);
    }
  }

  /**
   * The rest of the current body, to read into directly; undefined between frames. Tell of what was
   * read with {@link filled}.
   */
  get wanted(): Uint8Array | undefined {
    return this.#body?.subarray(this.#bodyFilled);
  }

  /** The next `count` bytes of {@link wanted} are there; gives the frame when it is complete. */
  filled(count: number): Frame | undefined {
    const { body, header } = { body: this.#body, header: this.#header };
    assert(body !== undefined && header !== undefined, "no body is wanted");
    this.#bodyFilled += count;
    assert(this.#bodyFilled <= body.length, "more bytes than were wanted");
    if (this.#bodyFilled < body.length) return undefined;
    this.#frames++;
    this.#offset += HEADER_BYTES + body.length;
    this.#headFilled = this.#bodyFilled = 0;
    this.#body = this.#header = undefined;
    return { ...header, body };
  }

  /** Takes bytes of a header; returns how many. */
  #fillHead(bytes: Uint8Array, at: number): number {
    const taken = Math.min(HEADER_BYTES - this.#headFilled, bytes.length - at);
    for (let i = 0; i < taken; i++) this.#head[this.#headFilled + i] = bytes[at + i] ?? 0;
    this.#headFilled += taken;
    if (this.#headFilled < HEADER_BYTES) return taken;
    const header = this.#readHead();
    const body = this.#place?.(header) ?? new Uint8Array(header.bodyBytes);
    assert(body.length === header.bodyBytes, "the place of a body has its size");
    this.#header = header;
    this.#body = body;
    return taken;
  }

  #readHead(): FrameHeader {
    const view = this.#headView;
    const bodyBytes = view.getUint32(0, true);
    const type = view.getUint8(4);
    const zero = view.getUint16(6, true);
    const stranger = this.#frames === 0 ? strangerOf(this.#head) : undefined;
    if (stranger !== undefined) throw this.#fail(`this is ${stranger}, not Heddle's protocol`);
    if (!NAMES.has(type)) throw this.#fail(`unknown frame type ${type}`);
    const name = frameName(type);
    if (zero !== 0) throw this.#fail(`${name} with ${zero} in its reserved bytes instead of 0`);
    if (bodyBytes > this.maxBodyBytes) {
      throw this.#fail(`${name} of ${bodyBytes} bytes, at most ${this.maxBodyBytes} allowed`);
    }
    const flags = view.getUint8(5);
    const seq = view.getUint32(8, true);
    return { type, flags, seq, ack: view.getUint32(12, true), bodyBytes };
  }

  #fail(problem: string): Error {
    const where = `Frame ${this.#frames + 1} at byte ${this.#offset} of the connection`;
    return protocolError(`${where}: ${problem}.`, { frame: this.#frames + 1, byte: this.#offset });
  }
}

/** What else the first bytes of a connection look like. */
function strangerOf(head: Uint8Array): string | undefined {
  if (head[0] === 0x16 && head[1] === 3) return "a TLS handshake (use a tls:// address)";
  const word = String.fromCharCode(...head.subarray(0, 8));
  if (/^(GET|PUT|HEAD|POST|DELETE|OPTIONS|CONNECT|PRI) /.test(`${word} `)) return "HTTP";
  return undefined;
}
