/**
 * @file Where every value of a process is, in memory that all its threads share: a tag, and a word
 * that is the value itself (numbers, booleans, null, undefined) or its place in the heap. Pages are
 * added as ids grow; a thread that meets an id beyond its pages asks its inbox first.
 */

export const TAG = {
  none: 0,
  undefined: 1,
  null: 2,
  false: 3,
  true: 4,
  number: 5,
  /** Encoded at (arena, word). */
  heap: 6,
  /** An encoded error at (arena, word). */
  error: 7,
} as const;

const PAGE_BITS = 15;
export const PAGE_SIZE: number = 1 << PAGE_BITS;

/** A byte holds the tag, and above it the number of the value's class (`value-kinds.ts`). */
const TAG_BITS = 3;
const TAG_MASK = (1 << TAG_BITS) - 1;

export interface ValuePage {
  readonly tag: Uint8Array;
  readonly arena: Uint16Array;
  readonly word: Float64Array;
}

export class ValuePages {
  readonly #pages: ValuePage[] = [];
  readonly #missing: (index: number) => void;

  /** `missing` is called when an id lies beyond the pages; it must add the page or throw. */
  constructor(missing: (index: number) => void) {
    this.#missing = missing;
  }

  get count(): number {
    return this.#pages.length;
  }

  add(buffer: SharedArrayBuffer): void {
    this.#pages.push({
      word: new Float64Array(buffer, 0, PAGE_SIZE),
      arena: new Uint16Array(buffer, PAGE_SIZE * 8, PAGE_SIZE),
      tag: new Uint8Array(buffer, PAGE_SIZE * 10, PAGE_SIZE),
    });
  }

  pageOf(id: number): ValuePage {
    const index = id >>> PAGE_BITS;
    let page = this.#pages[index];
    while (page === undefined) {
      this.#missing(index);
      page = this.#pages[index];
    }
    return page;
  }

  tagOf(id: number): number {
    return this.pageOf(id).tag[id & (PAGE_SIZE - 1)]! & TAG_MASK;
  }

  /** Number of the class of a value of the heap, also while it is on disk; 0 when not known. */
  kindOf(id: number): number {
    return this.pageOf(id).tag[id & (PAGE_SIZE - 1)]! >> TAG_BITS;
  }

  arenaOf(id: number): number {
    return this.pageOf(id).arena[id & (PAGE_SIZE - 1)]!;
  }

  wordOf(id: number): number {
    return this.pageOf(id).word[id & (PAGE_SIZE - 1)]!;
  }

  /** A value lies in the heap; without `kind` its class is what it was before. */
  setHeap(id: number, tag: number, arena: number, offset: number, kind?: number): void {
    const page = this.pageOf(id);
    const at = id & (PAGE_SIZE - 1);
    page.arena[at] = arena;
    page.word[at] = offset;
    page.tag[at] = tag | ((kind ?? page.tag[at]! >> TAG_BITS) << TAG_BITS);
  }

  /** The value is not in memory any more; of what class it was stays known. */
  clear(id: number): void {
    const { tag } = this.pageOf(id);
    const at = id & (PAGE_SIZE - 1);
    tag[at] = tag[at]! & ~TAG_MASK;
  }

  /** Stores a value that needs no heap; false when it does. */
  setInline(id: number, value: unknown): boolean {
    const page = this.pageOf(id);
    const at = id & (PAGE_SIZE - 1);
    switch (typeof value) {
      case "number":
        page.word[at] = value;
        page.tag[at] = TAG.number;
        return true;
      case "boolean":
        page.tag[at] = value ? TAG.true : TAG.false;
        return true;
      case "undefined":
        page.tag[at] = TAG.undefined;
        return true;
      default:
        if (value !== null) return false;
        page.tag[at] = TAG.null;
        return true;
    }
  }

  /** Stores a value that needs no heap by its tag and word. */
  setWord(id: number, tag: number, word: number): void {
    const page = this.pageOf(id);
    const at = id & (PAGE_SIZE - 1);
    page.word[at] = word;
    page.tag[at] = tag;
  }

  /** An inline value; must not be asked of the tags `heap`, `error` and `none`. */
  inline(id: number): number | boolean | null | undefined {
    const page = this.pageOf(id);
    const at = id & (PAGE_SIZE - 1);
    return valueOfWord(page.tag[at]! & TAG_MASK, page.word[at]);
  }
}

export function makeValuePage(): SharedArrayBuffer {
  return new SharedArrayBuffer(PAGE_SIZE * 11);
}

/** The value that a tag and a word stand for. */
export function valueOfWord(
  tag: number,
  word: number | undefined,
): number | boolean | null | undefined {
  switch (tag) {
    case TAG.number:
      return word;
    case TAG.true:
      return true;
    case TAG.false:
      return false;
    case TAG.null:
      return null;
    default:
      return undefined;
  }
}
