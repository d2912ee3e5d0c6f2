/**
 * @file What the members of a gang in threads of one process share: a ring of bytes for each pair,
 * a bell for each member, and the words of a barrier. Each member has one loop that waits for its
 * bell, which rings when letters come, when there is room again, and when a barrier opens.
 *
 * A letter is a head of 24 bytes (box, kind, number, length, subject) and its bytes: those of a
 * typed array as they are, copied once in and once out, anything else encoded. A letter may be
 * larger than the ring: it then goes through it in pieces, while both sides do other things.
 */
import { decodeValue, encodeValue, prepareValue } from "../codec/values.ts";
import { type BoxName, type GangBoxes, WAITING_MAX } from "./gang-boxes.ts";
import { GangRing } from "./gang-ring.ts";
import { NO_SUBJECT } from "./gang-subjects.ts";

/** Words that different threads write lie in cache lines of their own. */
const LINE_WORDS = 16;
/** Words of the barrier, in the first line. */
const ARRIVED = 0;
const OPENED = 1;
/** Words of a pair, after the two of its ring. */
const READ_OF_BOX = 2;
const SENDER_WAITS = 4;

const HEAD_BYTES = 24;
/** So often a member looks for its bell before it sleeps: a few microseconds. */
const LOOKS = 200;
/** So many arrays for each member are kept to be used again. */
const SPARES = 4;
const BOXES: readonly BoxName[] = ["user", "own"];

/** All rings of a gang together take about so much, but none less or more than it may. */
const ALL_RINGS_BYTES = 2 ** 26;
const RING_MIN_BYTES = 2 ** 14;
const RING_MAX_BYTES = 2 ** 22;

/** Kind 0 is an encoded value. */
const ARRAYS = [
  Float64Array,
  Float32Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** What a ring of each pair may hold. */
function ringBytes(members: number): number {
  const each = ALL_RINGS_BYTES / Math.max(1, members * (members - 1));
  return Math.min(RING_MAX_BYTES, Math.max(RING_MIN_BYTES, 2 ** Math.floor(Math.log2(each))));
}

function wordsOf(members: number): number {
  return LINE_WORDS * (1 + members + members ** 2);
}

/** Memory for so many members. */
export function gangMemory(members: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * wordsOf(members) + members ** 2 * ringBytes(members));
}

/** How a value is sent. */
export interface SendOptions {
  /** What it is a part of; default nothing that all members must agree on. */
  readonly subject?: number;
  /** Whether it stays as it is until it is sent; default false. */
  readonly stays?: boolean;
}

interface Parcel {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  headAt: number;
  bodyAt: number;
  readonly sent: () => void;
}

/** A letter that is on its way in. */
interface Incoming {
  readonly head: Uint8Array;
  headAt: number;
  body: Uint8Array;
  bodyAt: number;
}

/** One member's view of the memory. Members are numbered from 0 in this process. */
export class GangMemory {
  readonly #own: number;
  readonly #ranks: readonly number[];
  readonly #words: Int32Array;
  readonly #boxes: GangBoxes;
  readonly #outgoing: { readonly ring: GangRing; readonly parcels: Parcel[] }[] = [];
  readonly #incoming: { readonly ring: GangRing; readonly letter: Incoming }[] = [];
  readonly #waiting = new Set<{ readonly isOver: () => boolean; readonly go: () => void }>();
  /** Memory of arrays that nobody has any more: new memory costs more than what is sent in it. */
  readonly #spare: ArrayBuffer[] = [];
  #rounds = 0;
  #isClosed = false;

  /** `ranks` are those of this process's members in order, `own` the place of this one. */
  constructor(buffer: SharedArrayBuffer, ranks: readonly number[], own: number, boxes: GangBoxes) {
    const words = wordsOf(ranks.length);
    const bytes = ringBytes(ranks.length);
    this.#own = own;
    this.#ranks = ranks;
    this.#words = new Int32Array(buffer, 0, words);
    this.#boxes = boxes;
    const ring = (pair: number): GangRing => {
      const line = this.#pairAt(pair);
      const data = new Uint8Array(buffer, 4 * words + pair * bytes, bytes);
      return new GangRing(this.#words.subarray(line, line + READ_OF_BOX), data);
    };
    for (const other of ranks.keys()) {
      this.#outgoing.push({ ring: ring(this.#pair(own, other)), parcels: [] });
      const head = new Uint8Array(HEAD_BYTES);
      const letter = { head, headAt: 0, body: head.subarray(0, 0), bodyAt: 0 };
      this.#incoming.push({ ring: ring(this.#pair(other, own)), letter });
    }
    boxes.onRead = (from, name, count) => this.#hasRead(from, name, count);
    void this.#listen();
  }

  /** Whether a member is in this process. */
  has(rank: number): boolean {
    return this.#ranks.includes(rank);
  }

  /**
   * Sends a value as it is now, unless it `stays` so until this resolves. Throws at once what is
   * wrong with a value that cannot travel.
   */
  send(
    to: number,
    box: BoxName,
    number: number,
    value: unknown,
    { subject = NO_SUBJECT, stays = false }: SendOptions = {},
  ): Promise<void> {
    const { kind, bytes } = bytesOf(value);
    const head = headOf(BOXES.indexOf(box), kind, number, bytes.length, subject);
    const other = this.#ranks.indexOf(to);
    const line = this.#pairAt(this.#pair(this.#own, other));
    const readOfBox = line + READ_OF_BOX + BOXES.indexOf(box);
    const hasRoom = (): boolean =>
      ((number - Atomics.load(this.#words, readOfBox)) | 0) < WAITING_MAX;
    const parcel = { head, body: bytes, headAt: 0, bodyAt: 0 };
    const isNext = hasRoom() && this.#outgoing[other]!.parcels.length === 0;
    if (isNext && this.#push(other, parcel)) return Promise.resolve();
    const kept = stays || kind === 0 ? parcel : { ...parcel, body: bytes.slice() };
    return isNext ? this.#post(other, kept) : this.#postLater(other, kept, line, hasRoom);
  }

  /** Resolves when all members of this process are here, and `outside` has been awaited by one. */
  async barrier(outside?: () => Promise<void>): Promise<void> {
    const round = ++this.#rounds;
    const count = this.#ranks.length;
    Atomics.add(this.#words, ARRIVED, 1);
    const all = (): boolean => Atomics.load(this.#words, ARRIVED) === ((round * count) | 0);
    if (outside === undefined) {
      // Two who are both the last open the same round.
      if (all()) return this.#open();
    } else if (this.#own === 0) {
      await this.#until(all);
      await outside();
      return this.#open();
    } else if (all()) this.#ring(0);
    await this.#until(() => Atomics.load(this.#words, OPENED) - round >= 0);
  }

  /** Everybody who waits here fails with what the boxes have failed with. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ring(this.#own);
    for (const { go } of this.#waiting) go();
    for (const { parcels } of this.#outgoing) for (const { sent } of parcels.splice(0)) sent();
  }

  /** What has come in these arrays is not needed any more: others may come in them. */
  recycle(arrays: readonly ArrayBufferView[]): void {
    const most = SPARES * this.#ranks.length;
    for (const { buffer, byteLength } of arrays) {
      const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
      if (isWhole && byteLength > 0) this.#spare.push(buffer);
    }
    this.#spare.splice(0, this.#spare.length - most);
  }

  #room(bytes: number): Uint8Array {
    const at = this.#spare.findIndex(({ byteLength }) => byteLength === bytes);
    const [spare] = at < 0 ? [] : this.#spare.splice(at, 1);
    return new Uint8Array(spare ?? Buffer.allocUnsafeSlow(bytes).buffer, 0, bytes);
  }

  async #listen(): Promise<void> {
    const bell = this.#bellAt(this.#own);
    while (!this.#isClosed) {
      const seen = Atomics.load(this.#words, bell);
      for (const other of this.#ranks.keys()) {
        if (other === this.#own) continue;
        this.#pull(other);
        this.#flush(other);
      }
      for (const one of this.#waiting) if (one.isOver()) one.go();
      // An answer that comes at once takes less time than to be woken.
      for (let i = 0; i < LOOKS && Atomics.load(this.#words, bell) === seen; i++);
      const ringing = Atomics.waitAsync(this.#words, bell, seen);
      // A loop that never waits would keep everything else from running.
      if (ringing.async) await ringing.value;
      else await new Promise(setImmediate);
    }
  }

  /** Takes in what a ring holds, one ring's full at most. */
  #pull(other: number): void {
    const { ring, letter } = this.#incoming[other]!;
    let left = ring.used;
    if (left === 0) return;
    while (left > 0) {
      if (letter.headAt < HEAD_BYTES) {
        const count = ring.read(letter.head, letter.headAt);
        letter.headAt += count;
        left -= count;
        if (letter.headAt < HEAD_BYTES) break;
        letter.body = this.#room(lengthOf(letter.head));
        letter.bodyAt = 0;
      }
      const count = ring.read(letter.body, letter.bodyAt);
      letter.bodyAt += count;
      left -= count;
      if (letter.bodyAt < letter.body.length) break;
      this.#deliver(other, letter);
    }
    if (ring.used > 0) this.#ring(this.#own);
    this.#wakeSender(other);
  }

  #deliver(other: number, letter: Incoming): void {
    const { head, body } = letter;
    const value = head[1] === 0 ? decoded(body) : arrayOf(head[1] ?? 0, body);
    const number = numberOf(head);
    const from = this.#ranks[other]!;
    letter.headAt = 0;
    const subject = subjectIn(head);
    this.#boxes.put({ from, box: BOXES[head[0] ?? 0]!, number, subject, value });
  }

  #hasRead(from: number, name: BoxName, count: number): void {
    const other = this.#ranks.indexOf(from);
    if (other < 0) return;
    const line = this.#pairAt(this.#pair(other, this.#own));
    Atomics.store(this.#words, line + READ_OF_BOX + BOXES.indexOf(name), count);
    this.#wakeSender(other);
  }

  #wakeSender(other: number): void {
    const waits = this.#pairAt(this.#pair(other, this.#own)) + SENDER_WAITS;
    if (Atomics.exchange(this.#words, waits, 0) === 1) this.#ring(other);
  }

  async #postLater(
    other: number,
    parcel: Omit<Parcel, "sent">,
    line: number,
    hasRoom: () => boolean,
  ): Promise<void> {
    await this.#until(hasRoom, line);
    await this.#post(other, parcel);
  }

  async #post(other: number, parcel: Omit<Parcel, "sent">): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#outgoing[other]!.parcels.push({ ...parcel, sent: resolve });
      this.#flush(other);
    });
    this.#check();
  }

  #flush(other: number): void {
    const { parcels } = this.#outgoing[other]!;
    while (parcels.length > 0 && this.#push(other, parcels[0]!)) parcels.shift()!.sent();
  }

  /** Writes what there is room for; whether that was all. */
  #push(other: number, parcel: Omit<Parcel, "sent">): boolean {
    const { ring } = this.#outgoing[other]!;
    const waits = this.#pairAt(this.#pair(this.#own, other)) + SENDER_WAITS;
    let hasWritten = false;
    for (let tries = 0; tries < 2; tries++) {
      const head = ring.write(parcel.head, parcel.headAt);
      parcel.headAt += head;
      const isHeadSent = parcel.headAt === HEAD_BYTES;
      const body = isHeadSent ? ring.write(parcel.body, parcel.bodyAt) : 0;
      parcel.bodyAt += body;
      hasWritten ||= head + body > 0;
      if (isHeadSent && parcel.bodyAt === parcel.body.length) break;
      // Said before the ring is looked at again, so that nobody misses the other.
      Atomics.store(this.#words, waits, 1);
    }
    if (hasWritten) this.#ring(other);
    return parcel.headAt === HEAD_BYTES && parcel.bodyAt === parcel.body.length;
  }

  /** Resolves when it is over; with the line of a pair, its reader is asked to ring. */
  async #until(isOver: () => boolean, line?: number): Promise<void> {
    const asked = (): boolean => {
      if (isOver()) return true;
      if (line !== undefined) Atomics.store(this.#words, line + SENDER_WAITS, 1);
      return isOver();
    };
    this.#check();
    if (asked()) return;
    await new Promise<void>((resolve) => {
      const one = {
        isOver: asked,
        go: () => {
          this.#waiting.delete(one);
          resolve();
        },
      };
      this.#waiting.add(one);
    });
    this.#check();
  }

  #check(): void {
    if (this.#boxes.failure !== undefined) throw this.#boxes.failure;
  }

  #open(): void {
    Atomics.store(this.#words, OPENED, this.#rounds);
    for (const other of this.#ranks.keys()) if (other !== this.#own) this.#ring(other);
  }

  #ring(member: number): void {
    Atomics.add(this.#words, this.#bellAt(member), 1);
    Atomics.notify(this.#words, this.#bellAt(member));
  }

  #pair(from: number, to: number): number {
    return from * this.#ranks.length + to;
  }

  #pairAt(pair: number): number {
    return LINE_WORDS * (1 + this.#ranks.length + pair);
  }

  #bellAt(member: number): number {
    return LINE_WORDS * (1 + member);
  }
}

function bytesOf(value: unknown): { readonly kind: number; readonly bytes: Uint8Array } {
  const kind = 1 + ARRAYS.findIndex((each) => isExactly(value, each));
  if (kind > 0) {
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    return { kind, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return { kind, bytes };
}

/** Not for a `Buffer`, which comes back as one. */
function isExactly(value: unknown, make: (typeof ARRAYS)[number]): boolean {
  return value instanceof make && Object.getPrototypeOf(value) === make.prototype;
}

function arrayOf(kind: number, { buffer }: Uint8Array): unknown {
  return new ARRAYS[kind - 1]!(buffer as ArrayBuffer);
}

/** Decoded when it comes: what it refers to is held from then on. */
function decoded(bytes: Uint8Array): Promise<unknown> {
  const value = (async () => {
    await prepareValue(bytes);
    return decodeValue(bytes);
  })();
  value.catch(() => undefined);
  return value;
}

function headOf(
  box: number,
  kind: number,
  number: number,
  bytes: number,
  subject: number,
): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint8(0, box);
  view.setUint8(1, kind);
  view.setUint16(2, Math.floor(number / 2 ** 32), true);
  view.setUint32(4, number >>> 0, true);
  view.setFloat64(8, bytes, true);
  view.setFloat64(16, subject, true);
  return head;
}

function numberOf(head: Uint8Array): number {
  const view = new DataView(head.buffer);
  return view.getUint16(2, true) * 2 ** 32 + view.getUint32(4, true);
}

function lengthOf(head: Uint8Array): number {
  return new DataView(head.buffer).getFloat64(8, true);
}

function subjectIn(head: Uint8Array): number {
  return new DataView(head.buffer).getFloat64(16, true);
}
