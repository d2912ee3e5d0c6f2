/**
 * @file What has come for a member of a gang and is not read yet: for each other member two boxes
 * of numbered letters, which are read in order although they may overtake each other.
 */
import type { HeddleError } from "../core/errors.ts";
import { NO_SUBJECT } from "./gang-subjects.ts";

/** Collectives do not mix with what users send. */
export type BoxName = "user" | "own";

/** A message between members. */
export interface Letter {
  readonly from: number;
  readonly box: BoxName;
  /** Counts the letters of a box. */
  readonly number: number;
  /** What it is a part of, as `gang-subjects.ts` says it. */
  readonly subject: number;
  readonly value: unknown;
}

/** So many letters of a box may wait; then who sends more waits. */
export const WAITING_MAX = 64;

interface Box {
  readonly letters: Map<number, Pick<Letter, "subject" | "value">>;
  /** Number of the next letter to be read. */
  next: number;
  /** Who waits for a letter, by its number. */
  readonly readers: Map<number, () => void>;
  /** Senders that wait for room. */
  readonly senders: (() => void)[];
}

export class GangBoxes {
  readonly #boxes = new Map<string, Box>();
  #failure: HeddleError | undefined;

  /** Called when a letter has been read, with how many have been read of its box. */
  onRead: (from: number, name: BoxName, count: number) => void = () => undefined;

  /** Why no more letters come. */
  get failure(): HeddleError | undefined {
    return this.#failure;
  }

  /** A letter has come; a value that is a promise is one that is still being decoded. */
  put({ from, box: name, number, subject, value }: Letter): void {
    const box = this.#box(from, name);
    box.letters.set(number, { subject, value });
    const reader = box.readers.get(number);
    box.readers.delete(number);
    reader?.();
  }

  /** Resolves when there is room for more letters. */
  async room(from: number, name: BoxName): Promise<void> {
    const box = this.#box(from, name);
    while (box.letters.size > WAITING_MAX) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => box.senders.push(resolve));
    }
  }

  /**
   * The next letter's value; concurrent readers get the letters in the order of their calls.
   * `check` throws for a letter that is about something else.
   */
  async take(from: number, name: BoxName, check?: (subject: number) => void): Promise<unknown> {
    const box = this.#box(from, name);
    const number = box.next++;
    while (!box.letters.has(number)) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => box.readers.set(number, resolve));
    }
    const letter = box.letters.get(number);
    box.letters.delete(number);
    box.senders.shift()?.();
    this.onRead(from, name, number + 1);
    check?.(letter?.subject ?? NO_SUBJECT);
    return await letter?.value;
  }

  /** All who wait fail, and who comes later. */
  abort(error: HeddleError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { readers, senders } of this.#boxes.values()) {
      for (const resume of [...readers.values(), ...senders.splice(0)]) resume();
      readers.clear();
    }
  }

  #box(other: number, name: BoxName): Box {
    const key = `${name}${other}`;
    let box = this.#boxes.get(key);
    if (box === undefined) {
      box = { letters: new Map(), next: 0, readers: new Map(), senders: [] };
      this.#boxes.set(key, box);
    }
    return box;
  }
}
