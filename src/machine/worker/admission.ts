/**
 * @file Leases that wait for memory and for their inputs. They start in order, as far as memory
 * allows; inputs that lie on disk or on other workers are asked for once there is room for all of
 * them and the result.
 */
import type { Fetches } from "./fetches.ts";
import type { GraphEntry, Graphs } from "./graphs.ts";
import type { Memory, Room } from "./memory.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, type ValueTable } from "./value-table.ts";

/** What the machine does for it. */
export interface AdmissionSeat {
  /** Whether nothing else goes on, so that a task must start as soon as nothing can make room. */
  isIdle(): boolean;
  start(id: number, entry: GraphEntry, local: number): void;
  /** The task cannot have its inputs here. */
  giveBack(id: number): void;
  refuse(id: number, error: unknown): void;
  unpin(id: number): void;
}

/** What a task needs to start. */
interface Wish {
  /** For its inputs and its result. */
  readonly bytes: number;
  /** Of its inputs, those that are not in memory. */
  readonly toCome: number;
  /** Nothing else goes on. */
  readonly alone: boolean;
}

export class Admission {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #graphs: Graphs;
  readonly #fetches: Fetches;
  readonly #on: AdmissionSeat;
  /** Leases in order; entries that are no longer `admission` are skipped. */
  readonly #waiting: number[] = [];
  /** Tasks that wait for an input from disk, from another worker or from a run that goes on. */
  readonly #readers = new Map<number, number[]>();

  constructor(
    values: ValueTable,
    memory: Memory,
    graphs: Graphs,
    fetches: Fetches,
    on: AdmissionSeat,
  ) {
    this.#values = values;
    this.#memory = memory;
    this.#graphs = graphs;
    this.#fetches = fetches;
    this.#on = on;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(id: number): void {
    this.#values.activity[id] = ACTIVITY.admission;
    this.#waiting.push(id);
  }

  /** Whether tasks wait for the value. */
  isRead(id: number): boolean {
    return this.#readers.has(id);
  }

  /**
   * Starts waiting tasks in order as far as memory allows; the first always starts when nothing
   * else runs.
   */
  admit(): void {
    const v = this.#values;
    const held: number[] = [];
    let at = 0;
    for (; at < this.#waiting.length; at++) {
      const id = this.#waiting[at]!;
      if (v.activity[id] !== ACTIVITY.admission || v.lacking[id]! > 0) continue;
      const entry = this.#graphs.of(id);
      const local = id - entry.base;
      if (this.#fetches.hasExact && this.#hasOutdated(entry, local)) {
        held.push(id);
        continue;
      }
      const expected = Math.max(0, entry.expected[entry.graph.template[local]!]!);
      const toCome = this.#bytesToCome(entry, local);
      if (toCome < 0) {
        this.#on.giveBack(id);
        continue;
      }
      const alone = this.#on.isIdle();
      if (toCome > 0 && this.#refuses(id, entry, local)) continue;
      if (!this.#memory.fits(expected + toCome)) this.#freshen(entry, local);
      const room = this.#room(entry, local, { bytes: expected + toCome, toCome, alone });
      if (room === "later") break;
      if (room === "never") {
        this.#on.refuse(id, this.#memory.noRoomFor("the inputs of a task", toCome));
        continue;
      }
      this.#memory.reserve(id, expected);
      this.#fetchInputs(id, entry, local);
      if (v.lacking[id] === 0) this.#on.start(id, entry, local);
    }
    this.#waiting.splice(0, at, ...held);
  }

  /** Whether an input is here as another run has made it, and has to go first. */
  #hasOutdated(entry: GraphEntry, local: number): boolean {
    let found = false;
    this.#graphs.eachInput(entry, local, (input) => {
      const isUnwanted = this.#values.unwanted[input] === UNWANTED.yes;
      found ||= isUnwanted && this.#fetches.isOutdated(input);
    });
    return found;
  }

  /** A task whose inputs can never be in memory together fails. */
  #refuses(id: number, entry: GraphEntry, local: number): boolean {
    let bytes = 0;
    this.#graphs.eachInput(entry, local, (input) => {
      const isHere = this.#values.place[input] !== PLACE.nowhere;
      bytes += isHere ? this.#values.bytes[input]! : Math.max(0, this.#fetches.bytesOf(input));
    });
    if (bytes <= this.#memory.inputsBytes) return false;
    const message =
      `the inputs of a task take ${bytes} bytes together, and the memory limit is ` +
      `${this.#memory.limitBytes}: make its inputs smaller or fewer, or give the engine more memory`;
    this.#on.refuse(id, { plain: true, code: "MemoryLimit", message });
    return true;
  }

  /** The inputs of the next task to start are the last to make room for it. */
  #freshen(entry: GraphEntry, local: number): void {
    this.#graphs.eachInput(entry, local, (input) => {
      this.#values.unlist(input);
      if (this.#values.activity[input] === ACTIVITY.none) this.#values.list(input);
    });
  }

  /** Makes room, but not by letting go of copies that the task itself needs. */
  #room(entry: GraphEntry, local: number, { bytes, toCome, alone }: Wish): Room {
    if (this.#memory.fits(bytes)) return "now";
    const v = this.#values;
    const own: number[] = [];
    this.#graphs.eachInput(entry, local, (input) => {
      if (v.origin[input] === ORIGIN.copy && v.activity[input] === ACTIVITY.none) own.push(input);
    });
    for (const input of own) v.unlist(input);
    const room = this.#memory.room(bytes, alone, toCome);
    for (const input of own) v.list(input);
    return room;
  }

  /**
   * Bytes of the inputs that are not in memory and not on their way; -1 when one is not here and
   * it is not known where it is.
   */
  #bytesToCome(entry: GraphEntry, local: number): number {
    const v = this.#values;
    let bytes = 0;
    let isKnown = true;
    this.#graphs.eachInput(entry, local, (input) => {
      if (v.place[input] === PLACE.memory || v.activity[input] === ACTIVITY.fetching) return;
      if (v.place[input] === PLACE.disk) {
        bytes += v.bytes[input]!;
        return;
      }
      const elsewhere = this.#fetches.bytesOf(input);
      if (elsewhere < 0) isKnown = false;
      else bytes += elsewhere;
    });
    return isKnown ? bytes : -1;
  }

  /** Pins the inputs; those that are not in memory are asked for and counted in `lacking`. */
  #fetchInputs(id: number, entry: GraphEntry, local: number): void {
    const v = this.#values;
    this.#graphs.eachInput(entry, local, (input) => {
      v.unlist(input);
      v.pins[input] = v.pins[input]! + 1;
      if (v.place[input] === PLACE.memory) return;
      v.lacking[id] = v.lacking[id]! + 1;
      const readers = this.#readers.get(input) ?? [];
      readers.push(id);
      this.#readers.set(input, readers);
      if (v.place[input] === PLACE.disk) this.#memory.unspill(input);
      else if (v.activity[input] === ACTIVITY.none) this.#fetches.start(input);
    });
  }

  /** An operation has ended that left no value: tasks that wait for it need it from elsewhere. */
  lookElsewhere(id: number): void {
    const readers = this.#readers.get(id);
    if (readers === undefined || this.#fetches.start(id)) return;
    for (const reader of [...readers]) this.#on.giveBack(reader);
  }

  /** An input has come: tasks that have all of theirs start. */
  inputCame(id: number): void {
    const v = this.#values;
    for (const reader of this.#readers.get(id) ?? []) {
      v.lacking[reader] = v.lacking[reader]! - 1;
      if (v.lacking[reader]! > 0 || v.activity[reader] !== ACTIVITY.admission) continue;
      const entry = this.#graphs.of(reader);
      this.#on.start(reader, entry, reader - entry.base);
    }
    this.#readers.delete(id);
  }

  /** The lease is over, and with it what was kept or is on its way for it. */
  leave(id: number): void {
    const v = this.#values;
    const entry = this.#graphs.of(id);
    if (v.lacking[id] === 0) return;
    v.lacking[id] = 0;
    this.#memory.unreserve(id);
    this.#graphs.eachInput(entry, id - entry.base, (input) => {
      const readers = this.#readers.get(input);
      const at = readers?.indexOf(id) ?? -1;
      if (readers !== undefined && at >= 0) readers.splice(at, 1);
      if (readers?.length === 0) this.#readers.delete(input);
      this.#on.unpin(input);
    });
  }
}
