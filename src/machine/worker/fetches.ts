/**
 * @file Values that lie on other workers: where they can be fetched, what is on its way, and what
 * comes of it. One holder after the other is tried; the scheduler hears of each that failed.
 */
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { Needs } from "../scheduler/events.ts";
import type { WorkerCommand } from "./events.ts";
import type { Memory } from "./memory.ts";
import { ACTIVITY, PLACE, type ValueTable } from "./value-table.ts";

/** What is known of a value elsewhere. */
interface Source {
  readonly epoch: number;
  readonly bytes: number;
  /** Workers that have it and have not failed, best first. */
  holders: number[];
  /** An equal value of another run will not do. */
  readonly isExact: boolean;
}

/** A value on its way. */
interface Fetch {
  readonly epoch: number;
  readonly bytes: number;
  readonly holder: number;
}

/** What is asked of one holder at the end of a step. */
interface Batch {
  readonly ids: IdList;
  readonly epochs: IdList;
  readonly bytes: FloatList;
}

export class Fetches {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #sources = new Map<number, Source>();
  readonly #underWay = new Map<number, Fetch>();
  readonly #batches = new Map<number, Batch>();
  /** Whether there ever was one of which no other value would do. */
  hasExact = false;
  readonly #failedIds = new IdList();
  readonly #failedHolders = new IdList();
  readonly #failedGone = new IdList();

  constructor(values: ValueTable, memory: Memory) {
    this.#values = values;
    this.#memory = memory;
  }

  /** Values on their way. */
  get size(): number {
    return this.#underWay.size;
  }

  /** The scheduler says where values are; what it said before is out of date. */
  learn({ ids, epochs, bytes, offsets, holders, exact }: Needs): void {
    this.hasExact ||= exact !== undefined;
    ids.forEach((id, i) => {
      this.#values.ensure(id + 1);
      this.#sources.set(id, {
        epoch: epochs[i]!,
        bytes: bytes[i]!,
        holders: [...holders.subarray(offsets[i], offsets[i + 1])],
        isExact: exact?.[i] === 1,
      });
    });
  }

  /** Whether what is here, or on its way, cannot stand for what the scheduler means. */
  isOutdated(id: number): boolean {
    if (!this.hasExact) return false;
    const source = this.#sources.get(id);
    if (source?.isExact !== true) return false;
    const underWay = this.#underWay.get(id);
    if (underWay !== undefined) return underWay.epoch !== source.epoch;
    const { place, epoch } = this.#values;
    return place[id] !== PLACE.nowhere && epoch[id] !== source.epoch;
  }

  /** Size of a value that can be fetched, or -1. */
  bytesOf(id: number): number {
    const source = this.#sources.get(id);
    return source === undefined || source.holders.length === 0 ? -1 : source.bytes;
  }

  /**
   * Begins to fetch a value that nothing is under way for; false when nobody is known to have it.
   */
  start(id: number): boolean {
    const source = this.#sources.get(id);
    const holder = source?.holders[0];
    if (source === undefined || holder === undefined) return false;
    const { epoch, bytes } = source;
    this.#values.activity[id] = ACTIVITY.fetching;
    this.#underWay.set(id, { epoch, bytes, holder });
    this.#memory.fetchBegins(bytes);
    let batch = this.#batches.get(holder);
    if (batch === undefined) {
      batch = { ids: new IdList(), epochs: new IdList(), bytes: new FloatList() };
      this.#batches.set(holder, batch);
    }
    batch.ids.push(id);
    batch.epochs.push(epoch);
    batch.bytes.push(bytes);
    return true;
  }

  /** A value has come; returns the epoch of the run that made it. */
  arrived(id: number): number {
    const { epoch } = this.#end(id);
    const source = this.#sources.get(id);
    if (source?.isExact !== true || source.epoch === epoch) this.#sources.delete(id);
    return epoch;
  }

  /** A holder has failed: another one may be tried. */
  failed(id: number, holder: number, isGone: boolean): void {
    this.#end(id);
    this.#failedIds.push(id);
    this.#failedHolders.push(holder);
    this.#failedGone.push(isGone ? 1 : 0);
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.holders = source.holders.filter((other) => other !== holder);
    if (source.holders.length === 0) this.#sources.delete(id);
  }

  forget(id: number): void {
    this.#sources.delete(id);
  }

  /** The ids of a graph mean nothing any more. */
  forgetRange(base: number, count: number): void {
    for (const id of this.#sources.keys()) {
      if (id >= base && id < base + count) this.#sources.delete(id);
    }
  }

  take(commands: WorkerCommand[]): void {
    for (const [holder, { ids, epochs, bytes }] of this.#batches) {
      const columns = { ids: ids.take(), epochs: epochs.take(), bytes: bytes.take() };
      commands.push({ kind: "fetch", holder, ...columns });
    }
    this.#batches.clear();
    if (this.#failedIds.length === 0) return;
    commands.push({
      kind: "unreachable",
      ids: this.#failedIds.take(),
      holders: this.#failedHolders.take(),
      isGone: Uint8Array.from(this.#failedGone.take()),
    });
  }

  #end(id: number): Fetch {
    const ended = this.#underWay.get(id)!;
    this.#underWay.delete(id);
    this.#memory.fetchEnds(ended.bytes);
    this.#values.activity[id] = ACTIVITY.none;
    return ended;
  }
}
