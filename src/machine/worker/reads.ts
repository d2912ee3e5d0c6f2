/**
 * @file Readers outside the tasks (clients that copy values): their values are pinned until they
 * say that they are done. Those on disk come back first, so reads are admitted like tasks: in
 * order, as far as memory allows, and one always.
 */
import type { WorkerCommand } from "./events.ts";
import type { Memory } from "./memory.ts";
import { PLACE, type ValueTable } from "./value-table.ts";

/** A read that waits for values from disk. */
interface Read {
  readonly ids: Int32Array;
  lacking: number;
}

const NONE = new Int32Array(0);

export class Reads {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #say: (command: WorkerCommand) => void;
  readonly #unpin: (id: number) => void;
  /** Reads that wait for memory, oldest first. */
  readonly #queue: { readonly reader: number; readonly ids: Int32Array }[] = [];
  readonly #reads = new Map<number, Read>();
  /** Readers that wait for a value from disk. */
  readonly #waiting = new Map<number, number[]>();
  /** Values pinned for readers, each counted as often as it is pinned. */
  #pins = 0;

  constructor(
    values: ValueTable,
    memory: Memory,
    say: (command: WorkerCommand) => void,
    unpin: (id: number) => void,
  ) {
    this.#values = values;
    this.#memory = memory;
    this.#say = say;
    this.#unpin = unpin;
  }

  /** Whether values stay in memory for readers. */
  get isPinning(): boolean {
    return this.#pins > 0;
  }

  add(reader: number, ids: Int32Array): void {
    this.#queue.push({ reader, ids });
  }

  /** Readers are done with these. */
  end(ids: Int32Array): void {
    this.#pins -= ids.length;
    for (const id of ids) this.#unpin(id);
  }

  /** Starts reads in order as far as memory allows; the first always when no other is under way. */
  admit(): void {
    const v = this.#values;
    while (this.#queue.length > 0) {
      const { reader, ids } = this.#queue[0]!;
      // Readers may ask for what the worker has never heard of.
      const missing = ids.filter((id) => (v.place[id] ?? PLACE.nowhere) === PLACE.nowhere);
      if (missing.length === 0 && !this.#mayStart(ids)) return;
      this.#queue.shift();
      if (missing.length > 0) this.#say({ kind: "pinned", reader, missing });
      else this.#start(reader, ids);
    }
  }

  /** A value has come back from disk. */
  arrived(id: number): void {
    for (const reader of this.#waiting.get(id) ?? []) this.#count(reader);
    this.#waiting.delete(id);
  }

  /** A value will not come back: its readers are told, and nothing stays pinned for them. */
  lost(id: number): void {
    const readers = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const reader of readers) {
      const read = this.#reads.get(reader);
      if (read === undefined) continue;
      this.#reads.delete(reader);
      this.end(read.ids);
      this.#say({ kind: "pinned", reader, missing: Int32Array.of(id) });
    }
  }

  #mayStart(ids: Int32Array): boolean {
    let fromDisk = 0;
    for (const id of ids) {
      if (this.#values.place[id] === PLACE.disk) fromDisk += this.#values.bytes[id]!;
    }
    // Without end these must be served: for one there is room, or none will ever be.
    return fromDisk === 0 || this.#memory.room(fromDisk, this.#pins === 0, 0) === "now";
  }

  #start(reader: number, ids: Int32Array): void {
    const v = this.#values;
    this.#pins += ids.length;
    const read: Read = { ids, lacking: 1 };
    this.#reads.set(reader, read);
    for (const id of ids) {
      v.unlist(id);
      v.pins[id] = v.pins[id]! + 1;
      if (v.place[id] === PLACE.memory) continue;
      read.lacking++;
      const waiting = this.#waiting.get(id) ?? [];
      waiting.push(reader);
      this.#waiting.set(id, waiting);
      this.#memory.unspill(id);
    }
    this.#count(reader);
  }

  #count(reader: number): void {
    const read = this.#reads.get(reader);
    if (read === undefined) return;
    read.lacking--;
    if (read.lacking > 0) return;
    this.#reads.delete(reader);
    this.#say({ kind: "pinned", reader, missing: NONE });
  }
}
