/**
 * @file The worker machine: what the scheduler intends for each id (a lease under an epoch, or
 * holding a value) against the one operation under way for it. A finished operation is matched with
 * its id, and what to do next is worked out from the facts; there are no states that depend on
 * history. Memory is bounded by admission: a task starts when its inputs are in memory and its
 * expected result fits, and values nobody uses make room by going to disk.
 */
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { InstalledGraph } from "../scheduler/events.ts";
import type { WorkerCommand, WorkerEvent } from "./events.ts";
import { Memory, type MemoryOptions, OVERDRAW_FACTOR } from "./memory.ts";
import { Reads } from "./reads.ts";
import { ACTIVITY, PLACE, ValueTable } from "./value-table.ts";

export interface WorkerOptions extends MemoryOptions {
  /** Threads that may wait for memory at once. */
  readonly threads: number;
}

/** A graph with what has been learnt of its functions' results. */
interface GraphEntry extends InstalledGraph {
  readonly slot: number;
  /** Expected bytes of a result, by template; -1 unknown. */
  readonly expected: Float64Array;
}

export class WorkerMachine {
  readonly values: ValueTable = new ValueTable();
  readonly memory: Memory;
  readonly #graphs: (GraphEntry | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /**
   * Leased ids that wait for memory, in lease order; entries that are no longer `admission` are
   * skipped.
   */
  readonly #waiting: number[] = [];
  /** Tasks that wait for an input to come back from disk. */
  readonly #readers = new Map<number, number[]>();
  readonly #reads: Reads;
  readonly #threads: number;
  /** Forgotten graphs with the ids that are still busy. */
  readonly #closing: { readonly base: number; busy: number[] }[] = [];
  #running = 0;
  /** Running tasks that wait for other tasks. */
  #suspended = 0;
  #stalled = false;
  #out: WorkerCommand[] = [];
  readonly #run = new IdList();
  readonly #runTable = new IdList();
  readonly #takeBack = new IdList();
  readonly #finished = new IdList();
  readonly #finishedEpochs = new IdList();
  readonly #finishedBytes = new FloatList();

  constructor(options: WorkerOptions) {
    const say = (command: WorkerCommand): void => {
      this.#out.push(command);
    };
    this.memory = new Memory(this.values, options, say);
    this.#reads = new Reads(this.values, this.memory, say, (id) => this.#unpin(id));
    this.#threads = options.threads;
  }

  /** Tasks handed to the threads and not ended. */
  get running(): number {
    return this.#running;
  }

  /** Where the ids of a leased task's graph begin. */
  baseOf(id: number): number {
    return this.#graphs[this.values.graph[id]!]!.base;
  }

  /** Handles events in order. `usedBytes` is what the heap has handed out now, exactly. */
  step(events: readonly WorkerEvent[], usedBytes: number): WorkerCommand[] {
    this.memory.begin(usedBytes);
    this.#stalled = false;
    for (const event of events) this.#handle(event);
    this.#reads.admit();
    this.#admit();
    this.#uninstall();
    this.memory.serve(this.#stalled ? 1 : Math.max(1, Math.min(this.#busy, this.#threads)));
    return this.#take();
  }

  /** Tasks that hold a thread. */
  get #busy(): number {
    return this.#running - this.#suspended;
  }

  #handle(event: WorkerEvent): void {
    switch (event.kind) {
      case "ran":
        for (let i = 0; i < event.count; i++) this.#ran(event.ids[i]!, event.bytes[i]!);
        return;
      case "lease":
        for (let i = 0; i < event.ids.length; i++) this.#lease(event.ids[i]!, event.epochs[i]!);
        return;
      case "revoke":
        for (let i = 0; i < event.ids.length; i++) this.#revoke(event.ids[i]!, event.epochs[i]!);
        return;
      case "free":
        for (const id of event.ids) this.#free(id);
        return;
      case "failed":
        return this.#failed(event);
      case "taken-back":
        for (const id of event.ids) this.#takenBack(id);
        return;
      case "unstarted":
        return this.#unstarted(event.ids);
      case "spilled":
        return this.#spilled(event.id, event.error);
      case "unspilled":
        return this.#unspilled(event.id, event.error);
      case "limit":
        this.memory.limitBytes = event.bytes;
        return;
      case "request":
        return this.memory.request(event.thread, event.id, event.bytes);
      case "pin":
        return this.#reads.add(event.reader, event.ids);
      case "unpin":
        return this.#reads.end(event.ids);
      case "suspended":
        this.#suspended = event.count;
        return;
      case "thread-died":
        return this.memory.abandon(event.thread);
      case "stalled":
        this.#stalled = true;
        return;
      case "adopt":
        for (let i = 0; i < event.ids.length; i++) {
          this.#hold(event.ids[i]!, event.bytes[i]!, event.onDisk?.[i] === 1);
        }
        return;
      case "install":
        return this.#install(event.graph);
      case "uninstall":
        this.#closing.push({ base: event.base, busy: this.#busyIds(event.base, event.count) });
        return;
    }
  }

  #install(graph: InstalledGraph): void {
    const slot = this.#freeSlots.pop() ?? this.#graphs.length;
    const expected = new Float64Array(graph.graph.templates.length).fill(-1);
    this.#graphs[slot] = { ...graph, slot, expected };
    this.values.ensure(graph.base + graph.count);
    this.values.graph.fill(slot, graph.base, graph.base + graph.count);
  }

  /** Ids of a range with a value, a reader or an operation under way. */
  #busyIds(base: number, count: number): number[] {
    const busy: number[] = [];
    this.values.ensure(base + count);
    for (let id = base; id < base + count; id++) if (this.#isBusy(id)) busy.push(id);
    return busy;
  }

  #isBusy(id: number): boolean {
    const v = this.values;
    return v.activity[id] !== ACTIVITY.none || v.pins[id]! > 0 || v.place[id] !== PLACE.nowhere;
  }

  /** Lets go of forgotten graphs that nothing here is busy with any more. */
  #uninstall(): void {
    for (let i = this.#closing.length - 1; i >= 0; i--) {
      const closing = this.#closing[i]!;
      closing.busy = closing.busy.filter((id) => this.#isBusy(id));
      if (closing.busy.length > 0) continue;
      this.#closing.splice(i, 1);
      const slot = this.#graphs.findIndex((entry) => entry?.base === closing.base);
      if (slot >= 0) {
        this.#graphs[slot] = undefined;
        this.#freeSlots.push(slot);
      }
      this.#out.push({ kind: "uninstalled", base: closing.base });
    }
  }

  #lease(id: number, epoch: number): void {
    const v = this.values;
    const entry = this.#graphs[v.graph[id]!]!;
    const local = id - entry.base;
    v.epoch[id] = epoch;
    v.unwanted[id] = 0;
    // What an earlier lease has made, or is making, serves this one too.
    if (v.place[id] !== PLACE.nowhere) return this.#finish(id, v.bytes[id]!);
    if (v.activity[id] === ACTIVITY.running) return;
    const { depOffsets } = entry.graph;
    const hasInputs = depOffsets[local + 1]! > depOffsets[local]!;
    const expected = Math.max(0, entry.expected[entry.graph.template[local]!]!);
    if (!hasInputs && this.#waiting.length === 0 && this.memory.fits(expected)) {
      this.memory.reserve(id, expected);
      this.#start(id, entry, local);
      return;
    }
    v.activity[id] = ACTIVITY.admission;
    this.#waiting.push(id);
  }

  /**
   * Starts waiting tasks in order as far as memory allows; the first always starts when nothing
   * else runs.
   */
  #admit(): void {
    const v = this.values;
    let at = 0;
    for (; at < this.#waiting.length; at++) {
      const id = this.#waiting[at]!;
      if (v.activity[id] !== ACTIVITY.admission || v.lacking[id]! > 0) continue;
      const entry = this.#graphs[v.graph[id]!]!;
      const local = id - entry.base;
      const expected = Math.max(0, entry.expected[entry.graph.template[local]!]!);
      const fromDisk = this.#bytesOnDisk(entry, local);
      const alone = this.#busy <= 0 && this.#readers.size === 0;
      if (fromDisk > 0 && this.#refuses(id, entry, local)) continue;
      if (!this.memory.fits(expected + fromDisk)) this.#freshen(entry, local);
      if (!this.memory.admits(expected + fromDisk, alone)) break;
      this.memory.reserve(id, expected);
      this.#fetchInputs(id, entry, local);
      if (v.lacking[id] === 0) this.#start(id, entry, local);
    }
    this.#waiting.splice(0, at);
  }

  /** A task whose inputs can never be in memory together fails. */
  #refuses(id: number, entry: GraphEntry, local: number): boolean {
    const most = this.memory.limitBytes * OVERDRAW_FACTOR;
    let bytes = 0;
    this.#eachInput(entry, local, (input) => {
      bytes += this.values.bytes[input]!;
    });
    if (bytes <= most) return false;
    this.values.activity[id] = ACTIVITY.none;
    const message =
      `the inputs of a task take ${bytes} bytes together, and the memory limit is ` +
      `${this.memory.limitBytes}: make its inputs smaller or fewer, or give the engine more memory`;
    const error = { plain: true, code: "MemoryLimit", message };
    this.#out.push({ kind: "erred", id, epoch: this.values.epoch[id]!, error, blame: "memory" });
    return true;
  }

  /** The inputs of the next task to start are the last to make room for it. */
  #freshen(entry: GraphEntry, local: number): void {
    this.#eachInput(entry, local, (input) => {
      this.values.unlist(input);
      if (this.values.activity[input] === ACTIVITY.none) this.values.list(input);
    });
  }

  #bytesOnDisk(entry: GraphEntry, local: number): number {
    let bytes = 0;
    this.#eachInput(entry, local, (input) => {
      if (this.values.place[input] === PLACE.disk) bytes += this.values.bytes[input]!;
    });
    return bytes;
  }

  /** Pins the inputs; those on disk are asked for and counted in `lacking`. */
  #fetchInputs(id: number, entry: GraphEntry, local: number): void {
    const v = this.values;
    this.#eachInput(entry, local, (input) => {
      v.unlist(input);
      v.pins[input] = v.pins[input]! + 1;
      if (v.place[input] === PLACE.memory) return;
      v.lacking[id] = v.lacking[id]! + 1;
      const readers = this.#readers.get(input) ?? [];
      readers.push(id);
      this.#readers.set(input, readers);
      this.memory.unspill(input);
    });
  }

  #start(id: number, entry: GraphEntry, local: number): void {
    this.values.activity[id] = ACTIVITY.running;
    this.#running++;
    const template = entry.graph.templates[entry.graph.template[local]!]!;
    (template.lane === "table" ? this.#runTable : this.#run).push(id);
  }

  #ran(id: number, bytes: number): void {
    const v = this.values;
    const entry = this.#graphs[v.graph[id]!]!;
    const local = id - entry.base;
    this.#ended(id, entry, local);
    const template = entry.graph.template[local]!;
    const before = entry.expected[template]!;
    entry.expected[template] = before < 0 ? bytes : 0.75 * before + 0.25 * bytes;
    if (v.unwanted[id] === 1) {
      v.unwanted[id] = 0;
      this.#discard(id, bytes);
      return;
    }
    this.#hold(id, bytes);
    this.#finish(id, bytes);
  }

  #finish(id: number, bytes: number): void {
    this.#finished.push(id);
    this.#finishedEpochs.push(this.values.epoch[id]!);
    this.#finishedBytes.push(bytes);
  }

  #hold(id: number, bytes: number, onDisk = false): void {
    this.values.ensure(id + 1);
    this.values.place[id] = onDisk ? PLACE.disk : PLACE.memory;
    this.values.bytes[id] = bytes;
    this.values.list(id);
  }

  #failed(event: Extract<WorkerEvent, { kind: "failed" }>): void {
    const { id, error, blame } = event;
    const v = this.values;
    const entry = this.#graphs[v.graph[id]!]!;
    this.#ended(id, entry, id - entry.base);
    if (v.unwanted[id] === 1) {
      v.unwanted[id] = 0;
      return;
    }
    this.#out.push({ kind: "erred", id, epoch: v.epoch[id]!, error, blame });
  }

  /** The threads are done with the task: its reservation and its pins end. */
  #ended(id: number, entry: GraphEntry, local: number): void {
    this.values.activity[id] = ACTIVITY.none;
    this.#running--;
    this.memory.unreserve(id);
    this.#eachInput(entry, local, (input) => this.#unpin(input));
  }

  #unpin(id: number): void {
    const v = this.values;
    v.pins[id] = v.pins[id]! - 1;
    if (v.pins[id] === 0 && v.activity[id] === ACTIVITY.none) this.#settleUnpinned(id);
  }

  #revoke(id: number, epoch: number): void {
    const v = this.values;
    if (v.epoch[id] !== epoch) return;
    if (v.activity[id] === ACTIVITY.admission) {
      this.#leaveAdmission(id);
    } else if (v.activity[id] === ACTIVITY.running) {
      v.unwanted[id] = 1;
      this.#takeBack.push(id);
    } else if (v.place[id] !== PLACE.nowhere) {
      this.#free(id);
    }
  }

  #leaveAdmission(id: number): void {
    const v = this.values;
    const entry = this.#graphs[v.graph[id]!]!;
    v.activity[id] = ACTIVITY.none;
    if (v.lacking[id] === 0) return;
    v.lacking[id] = 0;
    this.memory.unreserve(id);
    this.#eachInput(entry, id - entry.base, (input) => {
      const readers = this.#readers.get(input);
      const at = readers?.indexOf(id) ?? -1;
      if (readers !== undefined && at >= 0) readers.splice(at, 1);
      if (readers?.length === 0) this.#readers.delete(input);
      this.#unpin(input);
    });
  }

  #takenBack(id: number): void {
    const v = this.values;
    const entry = this.#graphs[v.graph[id]!]!;
    this.#ended(id, entry, id - entry.base);
    const isWanted = v.unwanted[id] === 0;
    v.unwanted[id] = 0;
    // Leased again since it was asked for back.
    if (isWanted) this.#lease(id, v.epoch[id]!);
  }

  #unstarted(ids: Int32Array): void {
    const epochs = ids.map((id) => this.values.epoch[id]!);
    for (const id of ids) {
      const entry = this.#graphs[this.values.graph[id]!]!;
      this.#ended(id, entry, id - entry.base);
      this.values.unwanted[id] = 0;
    }
    this.#out.push({ kind: "returned", ids, epochs });
  }

  #free(id: number): void {
    const v = this.values;
    if (v.pins[id]! > 0 || v.activity[id] !== ACTIVITY.none) {
      v.unwanted[id] = 1;
      return;
    }
    if (v.place[id] !== PLACE.nowhere) this.#discard(id, v.bytes[id]!);
  }

  /** A value that nobody reads any more: gone if nobody wants it, else evictable. */
  #settleUnpinned(id: number): void {
    const v = this.values;
    if (v.unwanted[id] === 0) return v.list(id);
    v.unwanted[id] = 0;
    if (v.place[id] !== PLACE.nowhere) this.#discard(id, v.bytes[id]!);
  }

  #discard(id: number, bytes: number): void {
    const v = this.values;
    v.unlist(id);
    const onDisk = v.place[id] === PLACE.disk;
    v.place[id] = PLACE.nowhere;
    v.bytes[id] = 0;
    if (!onDisk) this.memory.freed(bytes);
    // Values go by the thousand: those that go one after the other share a command.
    const last = this.#out.at(-1);
    if (last?.kind === "discard" && last.onDisk === onDisk) last.ids.push(id);
    else this.#out.push({ kind: "discard", ids: [id], onDisk });
  }

  #spilled(id: number, error: string | undefined): void {
    const v = this.values;
    v.activity[id] = ACTIVITY.none;
    this.memory.spilled(id, error);
    const inUse = v.pins[id]! > 0;
    if (error === undefined && !inUse && v.unwanted[id] === 0) {
      v.place[id] = PLACE.disk;
      this.#out.push({ kind: "evict", id });
      this.memory.freed(v.bytes[id]!);
      return;
    }
    if (error === undefined) this.#out.push({ kind: "keep", id });
    if (!inUse) this.#settleUnpinned(id);
  }

  #unspilled(id: number, error: string | undefined): void {
    const v = this.values;
    v.activity[id] = ACTIVITY.none;
    this.memory.unspilled(id, error);
    if (error !== undefined) return this.#lose(id, error);
    for (const reader of this.#readers.get(id) ?? []) {
      v.lacking[reader] = v.lacking[reader]! - 1;
      if (v.lacking[reader]! > 0 || v.activity[reader] !== ACTIVITY.admission) continue;
      const entry = this.#graphs[v.graph[reader]!]!;
      this.#start(reader, entry, reader - entry.base);
    }
    this.#readers.delete(id);
    this.#reads.arrived(id);
    if (v.pins[id] === 0) this.#settleUnpinned(id);
  }

  /**
   * The file of a value cannot be read: the scheduler has it computed again and takes back who
   * waits for it.
   */
  #lose(id: number, error: string): void {
    const v = this.values;
    v.place[id] = PLACE.nowhere;
    v.bytes[id] = 0;
    if (v.unwanted[id] === 0) {
      this.#out.push({
        kind: "warn",
        message: `a spilled value is lost and computed again: ${error}`,
      });
      this.#out.push({ kind: "lost", ids: Int32Array.of(id) });
    }
    this.#reads.lost(id);
    if (v.pins[id] === 0) v.unwanted[id] = 0;
  }

  #eachInput(entry: GraphEntry, local: number, visit: (input: number) => void): void {
    const { depOffsets, deps } = entry.graph;
    for (let e = depOffsets[local]!; e < depOffsets[local + 1]!; e++) {
      const dep = deps[e]!;
      visit(entry.ids === undefined ? entry.base + dep : entry.ids[dep]!);
    }
  }

  #take(): WorkerCommand[] {
    const out = this.#out;
    this.#out = [];
    if (this.#takeBack.length > 0) out.push({ kind: "take-back", ids: this.#takeBack.take() });
    if (this.#run.length > 0) out.push({ kind: "run", table: false, ids: this.#run.take() });
    if (this.#runTable.length > 0)
      out.push({ kind: "run", table: true, ids: this.#runTable.take() });
    if (this.#finished.length > 0) {
      const bytes = this.#finishedBytes.take();
      const ids = this.#finished.take();
      const epochs = this.#finishedEpochs.take();
      out.push({ kind: "finished", count: ids.length, ids, epochs, bytes });
    }
    return out;
  }
}
