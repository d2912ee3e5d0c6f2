/**
 * @file A fast 128-bit hash over a stream of 32-bit words: MurmurHash3_x86_128 (Austin Appleby,
 * public domain), whose four lanes are 32-bit multiplications that V8 does natively; the x64
 * variant would need emulated 64-bit products. It is not cryptographic: it guards against chance,
 * not against people. Words are little-endian, as on every machine that WebAssembly and Node's
 * release builds run on, so that digests agree across processes and machines.
 */

const WORDS = 1024;

/** Accumulates words; `digest` returns 32 hex digits and leaves the hasher empty again. */
export class Hash128 {
  readonly #words = new Int32Array(WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #pair = new Float64Array(1);
  readonly #pairWords = new Int32Array(this.#pair.buffer);
  #at = 0;
  #total = 0;
  #h1 = 0;
  #h2 = 0;
  #h3 = 0;
  #h4 = 0;

  /** Appends one 32-bit word. */
  word(value: number): void {
    if (this.#at === WORDS) this.#flush();
    this.#words[this.#at++] = value;
  }

  /** Appends a double as its two words; every NaN counts as the same one, -0 and 0 differ. */
  double(value: number): void {
    this.#pair[0] = value;
    if (Number.isNaN(value)) {
      this.word(0);
      this.word(0x7ff80000);
      return;
    }
    this.word(this.#pairWords[0] as number);
    this.word(this.#pairWords[1] as number);
  }

  /**
   * Appends a string as its length and its UTF-16 units, two to a word: exact for lone surrogates
   * too.
   */
  text(value: string): void {
    const length = value.length;
    this.word(length);
    let i = 0;
    for (; i + 1 < length; i += 2) {
      this.word(value.charCodeAt(i) | (value.charCodeAt(i + 1) << 16));
    }
    if (i < length) this.word(value.charCodeAt(i));
  }

  /** Appends bytes as their count (a double) and their words, the last one filled with zeros. */
  bytes(value: Uint8Array): void {
    this.double(value.length);
    let from = 0;
    while (from < value.length) {
      if (this.#at === WORDS) this.#flush();
      const count = Math.min(value.length - from, (WORDS - this.#at) * 4);
      const whole = (count + 3) >> 2;
      if (count !== whole * 4) this.#words[this.#at + whole - 1] = 0;
      this.#bytes.set(value.subarray(from, from + count), this.#at * 4);
      this.#at += whole;
      from += count;
    }
  }

  /** The hash of everything appended since the last digest, as 32 hex digits. */
  digest(): string {
    this.#flush();
    const length = this.#total * 4;
    let h1 = this.#h1 ^ length;
    let h2 = this.#h2 ^ length;
    let h3 = this.#h3 ^ length;
    let h4 = this.#h4 ^ length;
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = (h2 + h1) | 0;
    h3 = (h3 + h1) | 0;
    h4 = (h4 + h1) | 0;
    h1 = finalMix(h1);
    h2 = finalMix(h2);
    h3 = finalMix(h3);
    h4 = finalMix(h4);
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = (h2 + h1) | 0;
    h3 = (h3 + h1) | 0;
    h4 = (h4 + h1) | 0;
    this.reset();
    return hexDigits(h1, h2, h3, h4);
  }

  /** Forgets everything appended. */
  reset(): void {
    this.#at = this.#total = this.#h1 = this.#h2 = this.#h3 = this.#h4 = 0;
  }

  /**
   * Mixes the buffered words; only the last flush before a digest may see an incomplete block of
   * four.
   */
  #flush(): void {
    const words = this.#words;
    const end = this.#at & ~3;
    let h1 = this.#h1;
    let h2 = this.#h2;
    let h3 = this.#h3;
    let h4 = this.#h4;
    for (let i = 0; i < end; i += 4) {
      h1 ^= scramble1(words[i] as number);
      h1 = (((h1 << 19) | (h1 >>> 13)) + h2) | 0;
      h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
      h2 ^= scramble2(words[i + 1] as number);
      h2 = (((h2 << 17) | (h2 >>> 15)) + h3) | 0;
      h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
      h3 ^= scramble3(words[i + 2] as number);
      h3 = (((h3 << 15) | (h3 >>> 17)) + h4) | 0;
      h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
      h4 ^= scramble4(words[i + 3] as number);
      h4 = (((h4 << 13) | (h4 >>> 19)) + h1) | 0;
      h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
    }
    const rest = this.#at - end;
    if (rest > 2) h3 ^= scramble3(words[end + 2] as number);
    if (rest > 1) h2 ^= scramble2(words[end + 1] as number);
    if (rest > 0) h1 ^= scramble1(words[end] as number);
    this.#h1 = h1;
    this.#h2 = h2;
    this.#h3 = h3;
    this.#h4 = h4;
    this.#total += this.#at;
    this.#at = 0;
  }
}

function scramble1(word: number): number {
  const k = Math.imul(word, 0x239b961b);
  return Math.imul((k << 15) | (k >>> 17), 0xab0e9789);
}

function scramble2(word: number): number {
  const k = Math.imul(word, 0xab0e9789);
  return Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
}

function scramble3(word: number): number {
  const k = Math.imul(word, 0x38b34ae5);
  return Math.imul((k << 17) | (k >>> 15), 0xa1e38b93);
}

function scramble4(word: number): number {
  const k = Math.imul(word, 0xa1e38b93);
  return Math.imul((k << 18) | (k >>> 14), 0x239b961b);
}

function finalMix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const DIGITS = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const codes: number[] = new Array(32).fill(0);

/** One flat string made at once: several times faster than joining the words' digits. */
function hexDigits(...words: readonly number[]): string {
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    for (let shift = 28; shift >= 0; shift -= 4) {
      codes[at++] = DIGITS[(word >>> shift) & 15] as number;
    }
  }
  return String.fromCharCode.apply(null, codes);
}
