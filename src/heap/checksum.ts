/**
 * @file A fingerprint of bytes for validate mode: taken of a task's inputs before it runs and
 * compared afterwards, so that a task that changes its inputs is found. FNV-1a over 32-bit words in
 * four lanes; not for anything that an adversary may choose.
 */
const PRIME = 0x01000193;
const SEED = 0x811c9dc5;

/** An unsigned 32-bit fingerprint of `bytes`; the same for equal bytes wherever they lie. */
export function checksum(bytes: Uint8Array): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  const lanes = [SEED, SEED + 1, SEED + 2, SEED + 3] as [number, number, number, number];
  let [a, b, c, d] = lanes;
  const whole = words.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a = Math.imul(a ^ (words[i] as number), PRIME);
    b = Math.imul(b ^ (words[i + 1] as number), PRIME);
    c = Math.imul(c ^ (words[i + 2] as number), PRIME);
    d = Math.imul(d ^ (words[i + 3] as number), PRIME);
  }
  let sum = aligned.length;
  for (const lane of [a, b, c, d]) sum = Math.imul(sum ^ lane ^ (lane >>> 15), PRIME);
  for (let i = whole * 4; i < aligned.length; i++) {
    sum = Math.imul(sum ^ (aligned[i] as number), PRIME);
  }
  return (sum ^ (sum >>> 16)) >>> 0;
}
