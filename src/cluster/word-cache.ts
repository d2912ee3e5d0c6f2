/**
 * @file Small values of finished tasks as they came with the news: a tag and a number for each id,
 * in pages that exist only where ids are in use.
 */
import { TAG, valueOfWord } from "../threads/value-pages.ts";

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

interface Page {
  readonly tags: Uint8Array;
  readonly words: Float64Array;
  /** Entries in use. */
  count: number;
}

export class WordCache {
  readonly #pages = new Map<number, Page>();

  /** Remembers the values that need no heap among these. */
  add(ids: Int32Array, tags: Uint8Array, words: Float64Array): void {
    for (let i = 0; i < ids.length; i++) {
      if (tags[i] !== TAG.none) this.#set(ids[i]!, tags[i]!, words[i]!);
    }
  }

  has(id: number): boolean {
    return this.#tagOf(id) !== TAG.none;
  }

  /** The value of an id that is here. */
  value(id: number): number | boolean | null | undefined {
    return valueOfWord(this.#tagOf(id), this.#pages.get(id >>> PAGE_BITS)?.words[id & PAGE_MASK]);
  }

  delete(ids: Int32Array): void {
    for (const id of ids) {
      const page = this.#pages.get(id >>> PAGE_BITS);
      const at = id & PAGE_MASK;
      if (page === undefined || page.tags[at] === TAG.none) continue;
      page.tags[at] = TAG.none;
      page.count--;
      if (page.count === 0) this.#pages.delete(id >>> PAGE_BITS);
    }
  }

  #tagOf(id: number): number {
    return this.#pages.get(id >>> PAGE_BITS)?.tags[id & PAGE_MASK] ?? TAG.none;
  }

  #set(id: number, tag: number, word: number): void {
    let page = this.#pages.get(id >>> PAGE_BITS);
    if (page === undefined) {
      page = { tags: new Uint8Array(PAGE_SIZE), words: new Float64Array(PAGE_SIZE), count: 0 };
      this.#pages.set(id >>> PAGE_BITS, page);
    }
    const at = id & PAGE_MASK;
    if (page.tags[at] === TAG.none) page.count++;
    page.tags[at] = tag;
    page.words[at] = word;
  }
}
