/**
 * @file Writes little-endian bytes for a vectored write. Small parts are gathered into slabs; an
 * array of 4 KiB or more is passed on by reference as a chunk of its own, so that large data is
 * never copied. Slabs are filled one after the other and never written twice: a chunk stays valid
 * for as long as somebody holds it.
 */
import { cannotSend } from "./refusal.ts";

/** From this size on an array is passed by reference. */
export const BY_REFERENCE_BYTES = 4096;

const SLAB_BYTES = 64 * 1024;
/** Up to this length a text is written character by character, as most are plain ASCII. */
const SHORT_TEXT = 64;
/** A text longer than this is encoded into bytes of its own. */
const LONG_TEXT = 2048;

const encoder = new TextEncoder();

class Slab {
  readonly bytes: Uint8Array = new Uint8Array(SLAB_BYTES);
  readonly view: DataView = new DataView(this.bytes.buffer);
  readonly i32: Int32Array = new Int32Array(this.bytes.buffer);
  readonly f64: Float64Array = new Float64Array(this.bytes.buffer);
}

/** The state to which an abandoned message returns. */
interface Mark {
  slab: Slab;
  start: number;
  cursor: number;
  base: number;
  chunks: number;
}

/**
 * Collects the chunks of one body at a time. A position counts from the start of the body, and an
 * offset in a slab is always congruent to its position modulo 8: what is aligned in the body is
 * aligned in memory.
 */
export class ByteWriter {
  /** Name of the field being written, for messages. */
  field = "";
  #slab: Slab = new Slab();
  /** Where the chunk being gathered starts in the slab. */
  #start = 0;
  /** Where the next byte goes in the slab. */
  #cursor = 0;
  /** Position of the slab's first byte: position = base + cursor. */
  #base = 0;
  #chunks: Uint8Array[] = [];
  readonly #mark: Mark = { slab: this.#slab, start: 0, cursor: 0, base: 0, chunks: 0 };

  /** Bytes written so far. */
  get position(): number {
    return this.#base + this.#cursor;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#slab.bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#slab.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#slab.view.setUint32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#slab.view.setFloat64(at, value, true);
  }

  /** Count, padding, elements. */
  i32s(values: Int32Array): void {
    if (this.#array(values)) return;
    const at = this.#room(values.byteLength);
    this.#slab.i32.set(values, at >>> 2);
  }

  /** Count, padding, elements. */
  f64s(values: Float64Array): void {
    if (this.#array(values)) return;
    const at = this.#room(values.byteLength);
    this.#slab.f64.set(values, at >>> 3);
  }

  /** Count, padding, bytes. */
  u8s(values: Uint8Array): void {
    if (this.#array(values)) return;
    const at = this.#room(values.byteLength);
    this.#slab.bytes.set(values, at);
  }

  /** Number of UTF-8 bytes and the bytes. A lone surrogate becomes U+FFFD. */
  text(value: string, maxBytes: number): void {
    const { length } = value;
    if (length <= SHORT_TEXT && length <= maxBytes && this.#ascii(value)) return;
    if (length > LONG_TEXT) {
      if (length > maxBytes) throw this.#tooLong(length, maxBytes);
      const bytes = encoder.encode(value);
      if (bytes.length > maxBytes) throw this.#tooLong(bytes.length, maxBytes);
      this.u32(bytes.length);
      this.raw(bytes);
      return;
    }
    const worst = 3 * length;
    const at = this.#room(4 + worst);
    const { bytes, view } = this.#slab;
    const { written } = encoder.encodeInto(value, bytes.subarray(at + 4, at + 4 + worst));
    if (written > maxBytes) throw this.#tooLong(written, maxBytes);
    view.setUint32(at, written, true);
    this.#cursor = at + 4 + written;
  }

  /** Bytes as they are, without their number. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= BY_REFERENCE_BYTES) this.#reference(bytes);
    else {
      const at = this.#room(bytes.length);
      this.#slab.bytes.set(bytes, at);
    }
  }

  /** Zeros up to the next position that is a multiple of 8. */
  align(): void {
    const pad = -this.position & 7;
    if (pad === 0) return;
    const at = this.#room(pad);
    this.#slab.bytes.fill(0, at, at + pad);
  }

  /** Writes a message's header; its length follows with {@link endMessage}. */
  beginMessage(type: number): void {
    const mark = this.#mark;
    mark.chunks = this.#chunks.length;
    mark.start = this.#start;
    mark.base = this.#base;
    mark.cursor = this.#cursor;
    mark.slab = this.#slab;
    const at = this.#room(8);
    if (this.#slab !== mark.slab) {
      // The header opened a new slab: the message starts there.
      mark.slab = this.#slab;
      mark.chunks = this.#chunks.length;
      mark.start = this.#start;
      mark.base = this.#base;
      mark.cursor = at;
    }
    this.#slab.view.setUint32(at + 4, type, true);
  }

  /** Completes the message begun last; returns its bytes. Pads to 8. */
  endMessage(): number {
    const { slab, base, cursor } = this.#mark;
    const bytes = this.position - (base + cursor) - 8;
    slab.view.setUint32(cursor, bytes, true);
    this.align();
    return bytes;
  }

  /** Undoes the message begun last. */
  abandonMessage(): void {
    const { slab, start, cursor, base, chunks } = this.#mark;
    this.#slab = slab;
    this.#start = start;
    this.#cursor = cursor;
    this.#base = base;
    this.#chunks.length = chunks;
  }

  /** The body so far; what is written next begins another one. */
  take(): Uint8Array[] {
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#cursor = (this.#cursor + 7) & ~7;
    this.#start = this.#cursor;
    this.#base = -this.#cursor;
    return chunks;
  }

  #room(bytes: number): number {
    if (this.#cursor + bytes > SLAB_BYTES) this.#nextSlab();
    const at = this.#cursor;
    this.#cursor = at + bytes;
    return at;
  }

  #nextSlab(): void {
    this.#seal();
    const position = this.position;
    this.#slab = new Slab();
    this.#start = this.#cursor = position & 7;
    this.#base = position - this.#cursor;
  }

  #seal(): void {
    if (this.#cursor === this.#start) return;
    this.#chunks.push(this.#slab.bytes.subarray(this.#start, this.#cursor));
    this.#start = this.#cursor;
  }

  /** Count and padding; true when the elements went along by reference. */
  #array(values: Int32Array | Float64Array | Uint8Array): boolean {
    this.u32(values.length);
    this.align();
    if (values.byteLength < BY_REFERENCE_BYTES) return false;
    this.#reference(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return true;
  }

  #reference(bytes: Uint8Array): void {
    this.#seal();
    const position = this.position + bytes.length;
    this.#chunks.push(bytes);
    this.#start = this.#cursor = ((this.#cursor + 7) & ~7) + (position & 7);
    this.#base = position - this.#cursor;
  }

  #ascii(value: string): boolean {
    const { length } = value;
    const at = this.#room(4 + length);
    const { bytes, view } = this.#slab;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#cursor = at;
        return false;
      }
      bytes[at + 4 + i] = code;
    }
    view.setUint32(at, length, true);
    return true;
  }

  #tooLong(bytes: number, maxBytes: number): Error {
    return cannotSend(`${this.field}: a text of ${bytes} bytes, at most ${maxBytes} can be sent`);
  }
}

const common = new ByteWriter();

/**
 * The chunks of one body. They lie in slabs beside other bodies: a slab for each small one would
 * cost more than to write it.
 */
export function writeBody(write: (writer: ByteWriter) => void): Uint8Array[] {
  let isWritten = false;
  try {
    write(common);
    isWritten = true;
  } finally {
    if (!isWritten) common.take();
  }
  return common.take();
}
