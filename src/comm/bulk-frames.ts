/**
 * @file What is said on a bulk connection. Get: ids, and where to begin in each, or which part of
 * each is wanted; for each of them an answer, followed by the bytes in data frames. Put: ids and
 * sizes; each value is sent when the other side has made room and says go, and is answered once
 * more when it is stored.
 */
import { HeddleError } from "../core/errors.ts";
import {
  ByteReader,
  type Codec,
  FRAME,
  type Frame,
  f64,
  f64s,
  i32,
  i32s,
  json,
  oneOf,
  record,
  text,
  writeBody,
  writeFrame,
} from "../protocol/index.ts";

/** Asks for values. */
export interface BulkGet {
  readonly ids: Int32Array;
  /** First byte wanted of each; none: all from their beginning. */
  readonly offsets: Float64Array;
  /**
   * Which part of each value is wanted, in JSON that the store understands; null: whole values. A
   * part has bytes of its own, which the answer counts and offsets refer to.
   */
  readonly parts: unknown;
}

/** Offers values. */
export interface BulkPut {
  readonly ids: Int32Array;
  readonly bytes: Float64Array;
  /** Whatever else the receiver should know, in JSON. */
  readonly facts: unknown;
}

/** What becomes of one value. */
export interface BulkAnswer {
  readonly id: number;
  /** Of a get: here (bytes follow), gone, failed; of a put: go (send it), stored, refused. */
  readonly status: "here" | "gone" | "failed" | "go" | "stored" | "refused";
  /** Bytes of the whole value. */
  readonly bytes: number;
  /** Why it failed or was refused. */
  readonly message: string;
}

export const GET: Codec<BulkGet> = record({ ids: i32s, offsets: f64s, parts: json });
export const PUT: Codec<BulkPut> = record({ ids: i32s, bytes: f64s, facts: json });
export const ANSWER: Codec<BulkAnswer> = record({
  id: i32,
  status: oneOf("here", "gone", "failed", "go", "stored", "refused"),
  bytes: f64,
  message: text,
});

/** Largest frame of a bulk connection that is not data: 80,000 ids. */
export const REQUEST_BYTES_MAX: number = 2 ** 20;

/** A value is cut into frames of this size at most; far below what receivers allow. */
const PIECE_BYTES = 256 * 2 ** 20;

/** Chunks of a frame with one record. */
export function bulkFrame<T>(type: number, codec: Codec<T>, value: T): Uint8Array[] {
  return writeFrame(
    type,
    writeBody((writer) => codec.write(writer, value)),
  );
}

/** The record in a frame. */
export function readBulk<T>(codec: Codec<T>, frame: Frame, subject: string): T {
  const reader = new ByteReader(frame.body, subject);
  const value = codec.read(reader);
  if (reader.left > 0) throw reader.fail(`${reader.left} bytes after the last field`);
  return value;
}

/** Chunks that carry a value's bytes, by reference. */
export function dataFrames(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    chunks.push(...writeFrame(FRAME.bulkData, [bytes.subarray(at, at + PIECE_BYTES)]));
  }
  return chunks;
}

/** A value on its way into its place, which data frames fill one after the other. */
export class Arrival {
  readonly id: number;
  readonly target: Uint8Array;
  /** Bytes whose place has been given away. */
  #placed = 0;
  /** Bytes that are there. */
  filled = 0;

  constructor(id: number, target: Uint8Array) {
    this.id = id;
    this.target = target;
  }

  /** The place of the next piece. Throws `ProtocolError` when more comes than was announced. */
  place(bytes: number): Uint8Array {
    const from = this.#placed;
    if (bytes > this.target.length - from) {
      throw new HeddleError(
        "ProtocolError",
        `Value ${this.id} has ${this.target.length} bytes, and ${from + bytes} were sent`,
      );
    }
    this.#placed += bytes;
    return this.target.subarray(from, from + bytes);
  }

  get isComplete(): boolean {
    return this.filled === this.target.length;
  }
}
