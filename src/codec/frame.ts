/**
 * @file The bytes of a value at rest: one stretch of memory that describes itself. A header of 16
 * bytes (u32 length of the description, u32 offset of the data, f64 length of the whole), the
 * description as JSON `{ k: kind, m: meta, b: buffer lengths }`, then the buffers, each on a
 * multiple of 64 bytes, so that a kernel may use them where they lie. The same bytes are shared
 * between threads, spilled to disk and sent to other machines.
 */
import { HeddleError } from "../core/errors.ts";

/** Length of the fixed part in front of the description. */
export const HEADER_BYTES = 16;

/** Every buffer starts on a multiple of this, counted from the start of the value. */
export const BUFFER_ALIGNMENT = 64;

/** What the description of a value says, and its buffers as views over the value's own memory. */
export interface Frame {
  readonly kind: string;
  readonly meta: unknown;
  readonly buffers: readonly Uint8Array[];
}

/** Where the parts of a value lie, known before anything is written. */
export interface FrameLayout {
  readonly description: Uint8Array;
  readonly dataOffset: number;
  readonly bytes: number;
}

interface Description {
  readonly k: string;
  readonly m: unknown;
  readonly b: readonly number[];
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** `offset` rounded up to the next multiple of {@link BUFFER_ALIGNMENT}. */
export function alignBuffer(offset: number): number {
  return Math.ceil(offset / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}

/**
 * Lays out a value: `dataOffset` defaults to the first aligned place after the description; a
 * larger multiple of 64 may be given by an owner who has already put the data there. Throws
 * `InvalidArgument` if the description does not fit.
 */
export function layoutFrame(
  kind: string,
  meta: unknown,
  bufferLengths: readonly number[],
  dataOffset?: number,
): FrameLayout {
  const text = JSON.stringify({ k: kind, m: meta, b: bufferLengths } satisfies Description);
  const description = utf8.encode(text);
  const head = HEADER_BYTES + description.length;
  if (dataOffset !== undefined && (dataOffset < head || dataOffset % BUFFER_ALIGNMENT !== 0)) {
    throw new HeddleError(
      "InvalidArgument",
      `The data of a "${kind}" value cannot start at byte ${dataOffset}: its description needs ` +
        `${head} bytes in front, and buffers start on multiples of ${BUFFER_ALIGNMENT}. ` +
        `Leave at least ${alignBuffer(head)} bytes.`,
      { fields: { dataOffset, needed: alignBuffer(head) } },
    );
  }
  if (bufferLengths.length === 0) {
    const end = dataOffset ?? head;
    return { description, dataOffset: end, bytes: end };
  }
  const start = dataOffset ?? alignBuffer(head);
  return { description, dataOffset: start, bytes: bufferOffsets(start, bufferLengths).end };
}

/**
 * Writes header and description of `layout` at the start of `target`; the data is written by
 * whoever has it.
 */
export function writeFrameHead(target: Uint8Array, layout: FrameLayout): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(0, layout.description.length, true);
  view.setUint32(4, layout.dataOffset, true);
  view.setFloat64(8, layout.bytes, true);
  target.set(layout.description, HEADER_BYTES);
}

/**
 * Writes header and description in front of data that is already in place: `bufferLengths[0]` bytes
 * at `dataOffset` of `target`, the following buffers each at the next multiple of 64. Returns the
 * length of the whole value.
 */
export function writeHeader(
  target: Uint8Array,
  kind: string,
  meta: unknown,
  bufferLengths: readonly number[],
  dataOffset: number,
): number {
  const layout = layoutFrame(kind, meta, bufferLengths, dataOffset);
  writeFrameHead(target, layout);
  return layout.bytes;
}

/**
 * Bytes to leave in front of the data for a description with this meta: the smallest `dataOffset`
 * possible.
 */
export function headroom(kind: string, meta: unknown, bufferLengths: readonly number[]): number {
  return alignBuffer(layoutFrame(kind, meta, bufferLengths).dataOffset);
}

/** Start of each buffer, and the end of the last one. */
export function bufferOffsets(
  dataOffset: number,
  lengths: readonly number[],
): { readonly starts: readonly number[]; readonly end: number } {
  const starts: number[] = [];
  let end = dataOffset;
  for (const length of lengths) {
    const start = alignBuffer(end);
    starts.push(start);
    end = start + length;
  }
  return { starts, end };
}

/** Length of the value that starts at `bytes`, from its header alone. */
export function frameBytes(bytes: Uint8Array): number {
  return readHead(bytes).total;
}

/**
 * Reads the description and finds the buffers (views, nothing is copied). `bytes` may be longer
 * than the value and may lie in shared memory. Throws `ValueCorrupt` for anything that is not a
 * whole value.
 */
export function readFrame(bytes: Uint8Array): Frame {
  const { description: length, dataOffset, total } = readHead(bytes);
  const end = HEADER_BYTES + length;
  if (end > dataOffset || dataOffset > total) throw corrupt("its header contradicts itself");
  // A copy, because TextDecoder refuses shared memory.
  const text = fromUtf8.decode(new Uint8Array(viewOf(bytes, HEADER_BYTES, length)));
  const description = parseDescription(text);
  const { starts, end: dataEnd } = bufferOffsets(dataOffset, description.b);
  if (dataEnd > total) throw corrupt("its buffers reach beyond its end");
  const buffers = starts.map((start, i) => viewOf(bytes, start, description.b[i] as number));
  return { kind: description.k, meta: description.m, buffers };
}

/** The error for bytes that are not what they should be. */
export function corrupt(why: string, cause?: unknown): HeddleError<"ValueCorrupt"> {
  return new HeddleError(
    "ValueCorrupt",
    `These bytes are not a value that Heddle wrote: ${why}. They were truncated, overwritten or ` +
      "made by another version; compute the value again.",
    { cause },
  );
}

function readHead(bytes: Uint8Array): { description: number; dataOffset: number; total: number } {
  if (bytes.length < HEADER_BYTES) throw corrupt(`only ${bytes.length} bytes are left`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const total = view.getFloat64(8, true);
  if (!Number.isSafeInteger(total) || total < HEADER_BYTES) throw corrupt("its length is invalid");
  if (total > bytes.length) {
    throw corrupt(`its header says ${total} bytes and ${bytes.length} are there`);
  }
  return { description: view.getUint32(0, true), dataOffset: view.getUint32(4, true), total };
}

function parseDescription(text: string): Description {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw corrupt("its description cannot be read", cause);
  }
  const description = parsed as Partial<Description> | null;
  const lengths = description?.b;
  const valid =
    typeof description?.k === "string" &&
    Array.isArray(lengths) &&
    lengths.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!valid) throw corrupt("its description has the wrong form");
  return description as Description;
}

/** Always a plain Uint8Array: `subarray` of a Node Buffer would be a Buffer. */
function viewOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
}
