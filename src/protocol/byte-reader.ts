/**
 * @file Reads what `byte-writer.ts` wrote. Arrays are views of the body, never copies. Every read
 * is checked against the end of what it may read; bytes that no writer writes (padding that is not
 * zero, malformed UTF-8) are refused, so that a body has one meaning and a message one body.
 */
import type { HeddleError } from "../core/errors.ts";
import { protocolError } from "./refusal.ts";

/** Up to this length a text is read character by character, as most are plain ASCII. */
const SHORT_TEXT = 32;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A position in one body that only moves forward, and how far it may move. */
export class ByteReader {
  /** What is being read, for messages: of which thing, and which field. */
  subject: string;
  field = "";
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end: number;

  /** A body that does not start at a multiple of 8 in its buffer is copied, once. */
  constructor(body: Uint8Array, subject: string) {
    this.#body = body.byteOffset % 8 === 0 ? body : new Uint8Array(body);
    this.#view = new DataView(this.#body.buffer, this.#body.byteOffset, this.#body.byteLength);
    this.#end = body.length;
    this.subject = subject;
  }

  /** Bytes between here and the end. */
  get left(): number {
    return this.#end - this.#at;
  }

  get position(): number {
    return this.#at;
  }

  /** Narrows what may be read to the next `bytes`; returns the old end for {@link widen}. */
  narrow(bytes: number): number {
    if (bytes > this.left) throw this.#truncated(bytes);
    const end = this.#end;
    this.#end = this.#at + bytes;
    return end;
  }

  widen(end: number): void {
    this.#end = end;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  i32s(maxCount: number): Int32Array {
    const count = this.#count(4, maxCount);
    const at = this.#take(4 * count);
    return new Int32Array(this.#body.buffer, this.#body.byteOffset + at, count);
  }

  f64s(maxCount: number): Float64Array {
    const count = this.#count(8, maxCount);
    const at = this.#take(8 * count);
    return new Float64Array(this.#body.buffer, this.#body.byteOffset + at, count);
  }

  u8s(maxCount: number): Uint8Array {
    const count = this.#count(1, maxCount);
    return this.raw(count);
  }

  /** The next `count` bytes. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return new Uint8Array(this.#body.buffer, this.#body.byteOffset + at, count);
  }

  text(maxBytes: number): string {
    const length = this.u32();
    if (length > maxBytes)
      throw this.fail(`a text of ${length} bytes, at most ${maxBytes} allowed`);
    const at = this.#take(length);
    return (length <= SHORT_TEXT ? this.#ascii(at, length) : undefined) ?? this.#utf8(at, length);
  }

  /** Skips zeros up to a multiple of 8. */
  align(): void {
    const pad = -this.#at & 7;
    if (pad === 0) return;
    const at = this.#take(pad);
    for (let i = at; i < at + pad; i++) {
      if (this.#body[i] !== 0) throw this.fail(`padding of ${this.#body[i]} instead of 0`);
    }
  }

  /** The error for what was just read. */
  fail(problem: string): HeddleError<"ProtocolError"> {
    const field = this.field === "" ? "" : `, field "${this.field}"`;
    const where = `${this.subject}${field}, byte ${this.#at} of ${this.#body.length}`;
    return protocolError(`${where}: ${problem}.`, { byte: this.#at });
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#end - at) throw this.#truncated(bytes);
    this.#at = at + bytes;
    return at;
  }

  #count(elementBytes: number, maxCount: number): number {
    const count = this.u32();
    if (count > maxCount) throw this.fail(`${count} elements, at most ${maxCount} allowed`);
    this.align();
    if (count * elementBytes > this.left) throw this.#truncated(count * elementBytes);
    return count;
  }

  #ascii(at: number, length: number): string | undefined {
    let text = "";
    for (let i = at; i < at + length; i++) {
      const code = this.#body[i] ?? 0;
      if (code >= 0x80) return undefined;
      text += String.fromCharCode(code);
    }
    return text;
  }

  #utf8(at: number, length: number): string {
    try {
      return decoder.decode(this.#body.subarray(at, at + length));
    } catch {
      throw this.fail("a text that is not UTF-8");
    }
  }

  #truncated(bytes: number): HeddleError<"ProtocolError"> {
    return this.fail(`${bytes} bytes wanted, ${this.left} left`);
  }
}
