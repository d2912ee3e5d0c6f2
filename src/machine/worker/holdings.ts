/**
 * @file The values that are here: how one comes to be held, and how it goes when nobody reads it
 * any more and nobody wants it. One that is wanted and not read may make room for others.
 */
import type { Memory } from "./memory.ts";
import type { Outbox } from "./outbox.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, type ValueTable } from "./value-table.ts";

export class Holdings {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #out: Outbox;

  constructor(values: ValueTable, memory: Memory, out: Outbox) {
    this.#values = values;
    this.#memory = memory;
    this.#out = out;
  }

  /** The value goes as soon as nobody uses it. */
  free(id: number): void {
    const v = this.#values;
    if (v.pins[id]! > 0 || v.activity[id] !== ACTIVITY.none) {
      v.unwanted[id] = UNWANTED.yes;
      return;
    }
    if (v.place[id] !== PLACE.nowhere) this.discard(id, v.bytes[id]!);
  }

  /** A value is here: it was made here, or brought. */
  hold(id: number, bytes: number, onDisk = false): void {
    this.#values.ensure(id + 1);
    this.#values.place[id] = onDisk ? PLACE.disk : PLACE.memory;
    this.#values.origin[id] = ORIGIN.own;
    this.#values.bytes[id] = bytes;
    this.#values.list(id);
  }

  /** The scheduler counts on this value. */
  keep(id: number, epoch: number): void {
    if (this.#values.place[id] === PLACE.nowhere) return;
    this.#values.origin[id] = ORIGIN.own;
    this.#values.epoch[id] = epoch;
  }

  /** A reader is done with the value. */
  unpin(id: number): void {
    const v = this.#values;
    v.pins[id] = v.pins[id]! - 1;
    if (v.pins[id] === 0 && v.activity[id] === ACTIVITY.none) this.settle(id);
  }

  /** A run of it has ended without a value: a word lent meanwhile goes if nobody reads it. */
  leaveLent(id: number): void {
    const { origin, place, pins } = this.#values;
    if (origin[id] !== ORIGIN.lent || place[id] === PLACE.nowhere || pins[id] !== 0) return;
    this.settle(id);
  }

  /** A value that nobody reads any more: gone if nobody wants it, else evictable. */
  settle(id: number): void {
    const v = this.#values;
    if (v.unwanted[id] !== UNWANTED.yes && v.origin[id] !== ORIGIN.lent) return v.list(id);
    v.unwanted[id] = UNWANTED.no;
    if (v.place[id] !== PLACE.nowhere) this.discard(id, v.bytes[id]!);
  }

  /** The value goes. */
  discard(id: number, bytes: number): void {
    const v = this.#values;
    v.unlist(id);
    const onDisk = v.place[id] === PLACE.disk;
    v.place[id] = PLACE.nowhere;
    v.origin[id] = ORIGIN.own;
    v.bytes[id] = 0;
    this.#memory.freed(bytes, onDisk);
    this.#out.discard(id, onDisk);
  }

  /** It has been written to disk, or could not be. */
  spilled(id: number, error: string | undefined): void {
    const v = this.#values;
    v.activity[id] = ACTIVITY.none;
    this.#memory.spilled(id, error);
    const inUse = v.pins[id]! > 0;
    if (error === undefined && !inUse && v.unwanted[id] !== UNWANTED.yes) {
      v.place[id] = PLACE.disk;
      this.#out.say({ kind: "evict", id });
      this.#memory.freed(v.bytes[id]!, false);
      return;
    }
    if (error === undefined) this.#out.say({ kind: "keep", id });
    if (!inUse) this.settle(id);
  }
}
