/**
 * @file Whether a journal's bytes that cannot be read are the torn end of it, or damage with more
 * behind. A record is found by its checksum, wherever it begins: the length of a damaged one may be
 * wrong, and says nothing of where the next one is.
 */
import { checksum } from "../../heap/checksum.ts";

const HEADER_BYTES = 8;
/** Records are lists of messages, of which each begins with eight bytes and is padded to eight. */
const ALIGNMENT = 8;
/** So many bytes are summed for records that there may be none of; more look like damage. */
const SUMMED_MAX_BYTES = 2 ** 30;

/** How many whole records there are in `bytes`, of which the first eight begin one that is not. */
export function wholeRecordsAfter(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found = 0;
  let summed = 0;
  for (let at = ALIGNMENT; at + HEADER_BYTES < bytes.length; ) {
    const length = lengthAt(view, at);
    summed += length;
    if (summed > SUMMED_MAX_BYTES) return Math.max(1, found);
    if (length > 0 && isWhole(bytes, view, at, length)) {
      found++;
      at += HEADER_BYTES + length;
    } else {
      at += ALIGNMENT;
    }
  }
  return found;
}

/** Length of the record that may begin here, 0 when it does not look like one. */
function lengthAt(view: DataView, at: number): number {
  const length = view.getUint32(at, true);
  const end = at + HEADER_BYTES + length;
  if (length < ALIGNMENT || length % ALIGNMENT !== 0 || end > view.byteLength) return 0;
  // The first message begins with its length, its type, and two zeros.
  const message = view.getUint32(at + HEADER_BYTES, true);
  const isMessage = message <= length && view.getUint16(at + HEADER_BYTES + 6, true) === 0;
  return isMessage ? length : 0;
}

function isWhole(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  const body = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
  return checksum(body) === view.getUint32(at + 4, true);
}
