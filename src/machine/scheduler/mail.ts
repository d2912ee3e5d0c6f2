/**
 * @file What one worker is told at the end of a step, by column. Values and words that its leases
 * need are named once, however many of the leases use them.
 */
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { Needs, SchedulerCommand, Words } from "./events.ts";

/** Ids with an epoch each. */
class Pairs {
  readonly ids: IdList = new IdList();
  readonly epochs: IdList = new IdList();

  push(id: number, epoch: number): void {
    this.ids.push(id);
    this.epochs.push(epoch);
  }

  take(): { ids: Int32Array; epochs: Int32Array } {
    return { ids: this.ids.take(), epochs: this.epochs.take() };
  }
}

/** What is said of a value that lies elsewhere. */
export interface NeededValue {
  readonly epoch: number;
  readonly bytes: number;
  readonly holders: readonly number[];
  /** An equal value of another run will not do. */
  readonly isExact: boolean;
}

/** Values that lie elsewhere. */
export class NeedsList {
  readonly #pairs = new Pairs();
  readonly #bytes = new FloatList();
  readonly #offsets = new IdList();
  readonly #holders = new IdList();
  readonly #exact = new IdList();
  #hasExact = false;
  readonly #named = new Set<number>();

  get isEmpty(): boolean {
    return this.#named.size === 0;
  }

  has(id: number): boolean {
    return this.#named.has(id);
  }

  add(id: number, value: NeededValue): void {
    if (this.#named.has(id)) return;
    const { epoch, bytes, holders, isExact } = value;
    this.#named.add(id);
    this.#pairs.push(id, epoch);
    this.#bytes.push(bytes);
    this.#offsets.push(this.#holders.length);
    for (const holder of holders) this.#holders.push(holder);
    this.#exact.push(isExact ? 1 : 0);
    this.#hasExact ||= isExact;
  }

  take(): Needs {
    this.#named.clear();
    this.#offsets.push(this.#holders.length);
    const exact = Uint8Array.from(this.#exact.take());
    const hasExact = this.#hasExact;
    this.#hasExact = false;
    return {
      ...this.#pairs.take(),
      bytes: this.#bytes.take(),
      offsets: this.#offsets.take(),
      holders: this.#holders.take(),
      ...(hasExact ? { exact } : {}),
    };
  }
}

/** Words that a worker has not made itself. */
export class WordsList {
  readonly #ids = new IdList();
  readonly #tags = new IdList();
  readonly #words = new FloatList();
  readonly #named = new Set<number>();

  get isEmpty(): boolean {
    return this.#named.size === 0;
  }

  add(id: number, tag: number, word: number): void {
    if (this.#named.has(id)) return;
    this.#named.add(id);
    this.#ids.push(id);
    this.#tags.push(tag);
    this.#words.push(word);
  }

  take(): Words {
    this.#named.clear();
    const ids = this.#ids.take();
    return { ids, tags: Uint8Array.from(this.#tags.take()), words: this.#words.take() };
  }
}

export class Mail {
  readonly worker: number;
  /** Set while there may be something in it. */
  isFilled = false;
  readonly leased: Pairs = new Pairs();
  readonly revoked: Pairs = new Pairs();
  readonly recalled: Pairs = new Pairs();
  readonly held: Pairs = new Pairs();
  readonly freed: IdList = new IdList();
  readonly expected: Pairs = new Pairs();
  readonly expectedBytes: FloatList = new FloatList();
  #needs: NeedsList | undefined;
  #words: WordsList | undefined;
  #copies: NeedsList | undefined;

  constructor(worker: number) {
    this.worker = worker;
  }

  get needs(): NeedsList {
    this.#needs ??= new NeedsList();
    return this.#needs;
  }

  get words(): WordsList {
    this.#words ??= new WordsList();
    return this.#words;
  }

  get copies(): NeedsList {
    this.#copies ??= new NeedsList();
    return this.#copies;
  }

  /** What ends, and what is kept. */
  takeEnds(commands: SchedulerCommand[]): void {
    const { worker } = this;
    if (this.held.ids.length > 0) commands.push({ kind: "hold", worker, ...this.held.take() });
    if (this.revoked.ids.length > 0) {
      commands.push({ kind: "revoke", worker, ...this.revoked.take() });
    }
    if (this.recalled.ids.length > 0) {
      commands.push({ kind: "recall", worker, ...this.recalled.take() });
    }
    if (this.freed.length > 0) commands.push({ kind: "free", worker, ids: this.freed.take() });
  }

  /** What begins. */
  takeBeginnings(commands: SchedulerCommand[]): void {
    const { worker } = this;
    if (this.expected.ids.length > 0) {
      const bytes = this.expectedBytes.take();
      commands.push({ kind: "expect", worker, ...this.expected.take(), bytes });
    }
    if (this.leased.ids.length > 0) {
      commands.push({
        kind: "lease",
        worker,
        ...this.leased.take(),
        ...(this.#needs?.isEmpty === false ? { needs: this.#needs.take() } : {}),
        ...(this.#words?.isEmpty === false ? { words: this.#words.take() } : {}),
      });
    }
    this.isFilled = false;
    if (this.#copies?.isEmpty === false) {
      commands.push({ kind: "copy", worker, needs: this.#copies.take() });
    }
  }
}
