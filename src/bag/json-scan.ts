/**
 * @file Cutting one large JSON array into ranges without parsing it, block by block and in any
 * order. What a byte means depends on whether it lies inside a string, which only what comes before
 * can tell; so each block is scanned once for both cases, and the blocks' summaries are put
 * together afterwards. (Speculation over two states, as in Ge, Li, Eilebrecht, Chandramouli and
 * Kossmann, "Speculative Distributed CSV Data Parsing", 2019.) Pure: bytes in, summaries out.
 */

/**
 * What one block does to nesting, and where it could be cut, if it starts outside (0) or inside (1)
 * a string.
 */
export interface BlockScan {
  /** Number of brackets opened less those closed. */
  readonly depth: readonly [number, number];
  /** Whether the block holds an odd number of quotes, so that what follows is in the other case. */
  readonly flips: boolean;
  /** First comma at each nesting relative to the block's start: [nesting, offset in the file]. */
  readonly commas: readonly [readonly Cut[], readonly Cut[]];
}

type Cut = readonly [nesting: number, offset: number];

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Scans one block, given in pieces. */
export class BlockScanner {
  /**
   * 0 before the first quote, and changes at each. A block that starts outside a string is outside
   * while this is 0, and one that starts inside is outside while it is 1: so this is also the case
   * for which structure counts now.
   */
  #case: 0 | 1 = 0;
  #escaped: boolean;
  #offset: number;
  readonly #depth: [number, number] = [0, 0];
  readonly #commas: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];

  /** `escaped`: whether an odd number of backslashes stands right before the block. */
  constructor(offset: number, escaped: boolean) {
    this.#offset = offset;
    this.#escaped = escaped;
  }

  push(bytes: Uint8Array): void {
    let now = this.#case;
    let escaped = this.#escaped;
    const depth = this.#depth;
    const length = bytes.length;
    for (let i = 0; i < length; i++) {
      const byte = bytes[i] as number;
      if (escaped) escaped = false;
      else if (byte === QUOTE) now = now === 0 ? 1 : 0;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === COMMA) this.#cut(now, this.#offset + i);
      // "[" and "{" differ from each other, and from "]" and "}", in one bit each.
      else if ((byte | 0x20) === 0x7b) depth[now]++;
      else if ((byte | 0x20) === 0x7d) depth[now]--;
    }
    this.#case = now;
    this.#escaped = escaped;
    this.#offset += length;
  }

  #cut(start: 0 | 1, offset: number): void {
    const nesting = this.#depth[start];
    if (!this.#commas[start].has(nesting)) this.#commas[start].set(nesting, offset);
  }

  finish(): BlockScan {
    return {
      depth: this.#depth,
      flips: this.#case === 1,
      commas: [[...this.#commas[0]], [...this.#commas[1]]],
    };
  }
}

/** The result of putting scans together. */
export interface ArrayCuts {
  /** Per block: offset of the first comma between elements of the array, or -1. */
  readonly commas: readonly number[];
  /** Nesting at the end: 0 for a whole document. */
  readonly depth: number;
  /** Whether the text ends inside a string. */
  readonly inString: boolean;
}

/** Finds, in the blocks of one document that is an array, where elements end. */
export function findCuts(scans: readonly BlockScan[]): ArrayCuts {
  let depth = 0;
  let start: 0 | 1 = 0;
  const commas: number[] = [];
  for (const scan of scans) {
    const wanted = 1 - depth;
    commas.push(scan.commas[start].find(([nesting]) => nesting === wanted)?.[1] ?? -1);
    depth += scan.depth[start];
    if (scan.flips) start = start === 0 ? 1 : 0;
  }
  return { commas, depth, inString: start === 1 };
}
