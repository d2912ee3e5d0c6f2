/**
 * @file The worker machine: what the scheduler intends for each id (a lease under an epoch, or
 * holding a value) against the one operation under way for it. A finished operation is matched with
 * its id, and what to do next is worked out from the facts; there are no states that depend on
 * history. Memory is bounded by admission: a task starts when its inputs are in memory and its
 * expected result fits, and values nobody uses make room by going to disk. Inputs that lie on
 * other workers are fetched once there is room for all of them and the result.
 */
import type { Bound } from "../../core/graph.ts";
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { Needs } from "../scheduler/events.ts";
import { Admission } from "./admission.ts";
import { Copies } from "./copies.ts";
import type { WorkerCommand, WorkerEvent } from "./events.ts";
import { Fetches } from "./fetches.ts";
import { type GraphEntry, Graphs } from "./graphs.ts";
import { inventoryOf } from "./inventory.ts";
import { Loans } from "./loans.ts";
import { Memory, type MemoryOptions } from "./memory.ts";
import { Reads } from "./reads.ts";
import { Receipts } from "./receipts.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, ValueTable } from "./value-table.ts";
import { Waits } from "./waits.ts";

export interface WorkerOptions extends MemoryOptions {
  /** Threads that may wait for memory at once. */
  readonly threads: number;
}

type EventOf<K extends WorkerEvent["kind"]> = Extract<WorkerEvent, { kind: K }>;
type RareEvent = EventOf<
  | "install"
  | "uninstall"
  | "revoke"
  | "recall"
  | "hold"
  | "copy"
  | "expect"
  | "offered"
  | "receive-failed"
  | "adopt"
  | "rejoin"
>;

export class WorkerMachine {
  readonly values: ValueTable = new ValueTable();
  readonly memory: Memory;
  readonly #graphs: Graphs;
  readonly #fetches: Fetches;
  readonly #loans: Loans;
  readonly #receipts: Receipts;
  readonly #admission: Admission;
  readonly #copies: Copies;
  readonly #reads: Reads;
  readonly #threads: number;
  /** Leases of tasks whose values are on their way here already, with their epochs. */
  readonly #awaited = new Map<number, number>();
  /** Leases, with their epochs, that begin when what is here of an earlier run has gone. */
  readonly #deferred = new Map<number, number>();
  #running = 0;
  readonly #waits: Waits;
  #stalled = false;
  #out: WorkerCommand[] = [];
  readonly #run = new IdList();
  readonly #runTable = new IdList();
  readonly #takeBack = new IdList();
  readonly #returned = new IdList();
  readonly #returnedEpochs = new IdList();
  readonly #replicated = new IdList();
  readonly #replicatedEpochs = new IdList();
  readonly #dropped = new IdList();
  readonly #finished = new IdList();
  readonly #finishedEpochs = new IdList();
  readonly #finishedBytes = new FloatList();

  constructor(options: WorkerOptions) {
    const say = (command: WorkerCommand): void => {
      this.#out.push(command);
    };
    this.memory = new Memory(this.values, options, say, (id) => this.#dropCopy(id));
    this.#graphs = new Graphs(this.values);
    this.#waits = new Waits(this.values);
    this.#fetches = new Fetches(this.values, this.memory);
    this.#receipts = new Receipts(this.values, this.memory, (id, error) => {
      const epoch = this.values.epoch[id]!;
      say({ kind: "erred", id, epoch, error, blame: "memory" });
    });
    this.#loans = new Loans(this.values, (id) => this.#unpin(id));
    this.#reads = new Reads(this.values, this.memory, say, (id) => this.#unpin(id));
    this.#copies = new Copies(this.values, this.memory, this.#fetches, (id) => {
      this.#dropped.push(id);
    });
    this.#admission = new Admission(this.values, this.memory, this.#graphs, this.#fetches, {
      isIdle: () => this.#isIdle,
      start: (id, entry, local) => this.#start(id, entry, local),
      giveBack: (id) => this.#giveBack(id),
      refuse: (id, error) => this.#refuse(id, error),
      unpin: (id) => this.#unpin(id),
    });
    this.#threads = options.threads;
  }

  /** Tasks handed to the threads and not ended. */
  get running(): number {
    return this.#running;
  }

  /** Where the ids of a leased task's graph begin. */
  baseOf(id: number): number {
    return this.#graphs.of(id).base;
  }

  /**
   * Handles events in order. `usedBytes` is what the heap has handed out now, exactly, but for room
   * of values that are on their way from disk or from other workers.
   */
  step(events: readonly WorkerEvent[], usedBytes: number): WorkerCommand[] {
    this.memory.begin(usedBytes);
    this.#stalled = false;
    for (const event of events) this.#handle(event);
    if (this.#deferred.size > 0) this.#leaseDeferred();
    this.#reads.admit();
    this.#receipts.admit(() => this.#isIdle);
    this.#admission.admit();
    this.#copies.admit(() => this.#isIdle);
    for (const base of this.#graphs.close()) this.#out.push({ kind: "uninstalled", base });
    this.memory.shrink();
    this.memory.serve(this.#stalled ? 1 : Math.max(1, Math.min(this.#busy, this.#threads)));
    return this.#take();
  }

  /** Tasks that hold a thread. */
  get #busy(): number {
    return this.#running - this.#waits.size;
  }

  /**
   * No thread has anything to do and no value is on its way from another worker (those from disk
   * are `memory`'s). Leases that wait for their inputs all the same wait for tasks that wait for
   * others, perhaps for the one that asks.
   */
  get #isIdle(): boolean {
    return this.#busy <= 0 && this.#fetches.size === 0;
  }

  #handle(event: WorkerEvent): void {
    switch (event.kind) {
      case "ran":
        for (let i = 0; i < event.count; i++) this.#ran(event.ids[i]!, event.bytes[i]!);
        return;
      case "lease":
        return this.#leaseAll(event);
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
      case "fetched":
        for (let i = 0; i < event.ids.length; i++) this.#fetched(event.ids[i]!, event.bytes[i]!);
        return;
      case "fetch-failed":
        for (const id of event.ids) this.#fetchFailed(id, event.holder, event.isGone);
        return;
      case "limit":
        return this.memory.limit(event.bytes, event.mostBytes);
      case "request":
        return this.memory.request(event.thread, event.id, event.bytes);
      case "pin":
        return this.#reads.add(event.reader, event.ids);
      case "unpin":
        return this.#reads.end(event.ids);
      case "suspended":
        for (let i = 0; i < event.ids.length; i++) this.#wait(event.ids[i]!, event.waits[i] === 1);
        return;
      case "thread-died":
        return this.memory.abandon(event.thread);
      case "stalled":
        this.#stalled = true;
        // Readers are done some time, and then there is room.
        if (!this.#reads.isPinning) this.memory.stall(event.mostBytes);
        return;
      default:
        this.#obey(event);
    }
  }

  /** What is asked for less often. */
  #obey(event: RareEvent): void {
    switch (event.kind) {
      case "install":
        return this.#graphs.install(event.graph);
      case "uninstall":
        this.#fetches.forgetRange(event.base, event.count);
        return this.#graphs.uninstall(event.base, event.count);
      case "revoke":
        for (let i = 0; i < event.ids.length; i++) this.#revoke(event.ids[i]!, event.epochs[i]!);
        return;
      case "recall":
        for (let i = 0; i < event.ids.length; i++) this.#recall(event.ids[i]!, event.epochs[i]!);
        return;
      case "hold":
        for (let i = 0; i < event.ids.length; i++) this.#keep(event.ids[i]!, event.epochs[i]!);
        return;
      case "copy":
        this.#learn(event.needs);
        for (const id of event.needs.ids) this.#copy(id);
        return;
      case "expect":
        for (let i = 0; i < event.ids.length; i++) {
          this.#receipts.expect(event.ids[i]!, event.epochs[i]!, event.bytes[i]!);
        }
        return;
      case "offered":
        for (let i = 0; i < event.ids.length; i++) {
          this.#receipts.begin(event.ids[i]!, event.epochs[i]!);
        }
        return;
      case "receive-failed":
        for (const id of event.ids) this.#receipts.failed(id);
        return;
      case "adopt":
        for (let i = 0; i < event.ids.length; i++) {
          this.#adopt(event.ids[i]!, event.bytes[i]!, event.onDisk?.[i] === 1);
        }
        return;
      case "rejoin":
        return this.#rejoin();
    }
  }

  #leaseAll({ ids, epochs, needs, words }: EventOf<"lease">): void {
    if (needs !== undefined) this.#learn(needs);
    if (words !== undefined) {
      const fresh = this.#loans.learn(words);
      if (fresh.ids.length > 0) this.#out.push({ kind: "words", ...fresh });
      const named = new Set(words.ids);
      for (const id of ids) {
        const entry = this.#graphs.of(id);
        this.#graphs.eachInput(entry, id - entry.base, (input) => {
          if (named.has(input)) this.#loans.keep(id, input);
        });
      }
      // Those that no lease keeps are not left behind.
      for (const id of words.ids) if (this.values.pins[id] === 0) this.#settleUnpinned(id);
    }
    for (let i = 0; i < ids.length; i++) this.#lease(ids[i]!, epochs[i]!);
  }

  /** Where values are; what is here of another run goes if it cannot stand for them. */
  #learn(needs: Needs): void {
    const v = this.values;
    this.#fetches.learn(needs);
    for (const id of needs.ids) {
      if (!this.#fetches.isOutdated(id) || v.activity[id] === ACTIVITY.running) continue;
      v.unwanted[id] = UNWANTED.yes;
      if (v.pins[id] === 0 && v.activity[id] === ACTIVITY.none) this.#settleUnpinned(id);
    }
  }

  #lease(id: number, epoch: number): void {
    const v = this.values;
    const entry = this.#graphs.of(id);
    const local = id - entry.base;
    if (this.#isVoid(id, entry.graph.templates[entry.graph.template[local]!]!.bound)) {
      v.unwanted[id] = UNWANTED.yes;
      if (v.pins[id]! > 0 || v.activity[id] !== ACTIVITY.none) {
        this.#deferred.set(id, epoch);
        return;
      }
      this.#settleUnpinned(id);
    }
    v.epoch[id] = epoch;
    v.unwanted[id] = UNWANTED.no;
    // What an earlier lease has made, or is making, serves this one too.
    if (v.place[id] !== PLACE.nowhere) {
      v.origin[id] = ORIGIN.own;
      this.#loans.end(id);
      return this.#finish(id, v.bytes[id]!);
    }
    if (v.activity[id] === ACTIVITY.running) {
      this.#waits.tellAgain(id);
      return;
    }
    if (v.activity[id] === ACTIVITY.fetching) {
      this.#awaited.set(id, epoch);
      this.#loans.end(id);
      return;
    }
    const { depOffsets } = entry.graph;
    const hasInputs = depOffsets[local + 1]! > depOffsets[local]!;
    const expected = Math.max(0, entry.expected[entry.graph.template[local]!]!);
    if (!hasInputs && this.#admission.isEmpty && this.memory.fits(expected)) {
      this.memory.reserve(id, expected);
      this.#start(id, entry, local);
      return;
    }
    this.#admission.add(id);
  }

  /**
   * Whether what is here of a task, or is being made, must not serve a new lease of it: it was
   * freed, is the copy of a value that was worth something elsewhere only, or refers to what its
   * inputs were.
   */
  #isVoid(id: number, bound: Bound | undefined): boolean {
    const v = this.values;
    const isUnwanted = v.unwanted[id] === UNWANTED.yes;
    if (v.activity[id] === ACTIVITY.running) return isUnwanted && bound === "inputs";
    if (v.activity[id] === ACTIVITY.fetching) return bound === "worker";
    if (v.place[id] === PLACE.nowhere) return false;
    return isUnwanted || (bound === "worker" && v.origin[id] === ORIGIN.copy);
  }

  /** A lease ends that has not begun. */
  #undefer(id: number, epoch: number): boolean {
    if (this.#deferred.get(id) !== epoch) return false;
    this.#deferred.delete(id);
    this.#loans.end(id);
    return true;
  }

  #leaseDeferred(): void {
    const v = this.values;
    for (const [id, epoch] of [...this.#deferred]) {
      if (v.place[id] !== PLACE.nowhere || v.activity[id] !== ACTIVITY.none) continue;
      this.#deferred.delete(id);
      this.#lease(id, epoch);
    }
  }

  /** The task's inputs can never be in memory together. */
  #refuse(id: number, error: unknown): void {
    this.#leaveAdmission(id);
    this.#out.push({ kind: "erred", id, epoch: this.values.epoch[id]!, error, blame: "memory" });
  }

  /** The task cannot have its inputs here: the scheduler finds another place for it. */
  #giveBack(id: number): void {
    this.#leaveAdmission(id);
    this.#returned.push(id);
    this.#returnedEpochs.push(this.values.epoch[id]!);
  }

  #fetched(id: number, bytes: number): void {
    const v = this.values;
    const epoch = this.#fetches.arrived(id);
    const leaseEpoch = this.#awaited.get(id);
    const isKept = this.#copies.delete(id) || leaseEpoch !== undefined;
    const isRead = this.#admission.isRead(id);
    v.place[id] = PLACE.memory;
    v.bytes[id] = bytes;
    v.epoch[id] = leaseEpoch ?? epoch;
    v.origin[id] = isKept ? ORIGIN.own : ORIGIN.copy;
    if (leaseEpoch !== undefined) {
      this.#awaited.delete(id);
      this.#finish(id, bytes);
    } else if (v.unwanted[id] === UNWANTED.no && (isKept || isRead)) {
      this.#replicated.push(id);
      this.#replicatedEpochs.push(epoch);
    } else {
      v.unwanted[id] = UNWANTED.yes;
    }
    this.#admission.inputCame(id);
    if (v.pins[id] === 0) this.#settleUnpinned(id);
  }

  #fetchFailed(id: number, holder: number, isGone: boolean): void {
    this.#fetches.failed(id, holder, isGone);
    const epoch = this.#awaited.get(id);
    if (epoch !== undefined) {
      this.#awaited.delete(id);
      // Its readers wait for it as before.
      this.#lease(id, epoch);
      return;
    }
    this.values.unwanted[id] = this.#deferred.has(id) ? UNWANTED.yes : UNWANTED.no;
    this.#admission.lookElsewhere(id);
    if (this.values.activity[id] === ACTIVITY.none) this.#copies.fetchFailed(id);
  }

  #copy(id: number): void {
    const v = this.values;
    const isOutdated = this.#fetches.isOutdated(id);
    // A run of it that was revoked stays so: what it makes is another value.
    if (v.activity[id] !== ACTIVITY.running && !isOutdated) v.unwanted[id] = UNWANTED.no;
    if (v.place[id] !== PLACE.nowhere && !isOutdated) {
      v.origin[id] = ORIGIN.own;
      this.#replicated.push(id);
      this.#replicatedEpochs.push(v.epoch[id]!);
      return;
    }
    this.#copies.add(id);
  }

  #leaveAdmission(id: number): void {
    this.values.activity[id] = ACTIVITY.none;
    this.#loans.end(id);
    this.#admission.leave(id);
  }

  /** The scheduler counts on this value. */
  #keep(id: number, epoch: number): void {
    if (this.values.place[id] === PLACE.nowhere) return;
    this.values.origin[id] = ORIGIN.own;
    this.values.epoch[id] = epoch;
  }

  #dropCopy(id: number): void {
    this.#dropped.push(id);
    this.#discard(id, this.values.bytes[id]!);
  }

  /** A client has brought a value: into the embedded engine, or one that was expected. */
  #adopt(id: number, bytes: number, onDisk: boolean): void {
    this.values.ensure(id + 1);
    const isExpected = this.#receipts.arrived(id);
    if (isExpected) this.#receipts.forget(id);
    else this.values.activity[id] = ACTIVITY.none;
    this.#hold(id, bytes, onDisk);
    if (!isExpected) return;
    if (this.values.unwanted[id] === UNWANTED.yes) this.#settleUnpinned(id);
    else this.#finish(id, bytes);
  }

  /** What the scheduler has asked for and has not begun is void; it is told what is here. */
  #rejoin(): void {
    const v = this.values;
    this.#copies.clear();
    this.#awaited.clear();
    for (const [id, epoch] of [...this.#deferred]) this.#undefer(id, epoch);
    for (let id = 0; id < v.end; id++) {
      if (v.activity[id] === ACTIVITY.admission) this.#leaveAdmission(id);
      else if (v.activity[id] === ACTIVITY.running && v.unwanted[id] !== UNWANTED.yes) {
        // What has been started goes on: the scheduler is told of it, and may still want it.
        v.unwanted[id] = UNWANTED.recalled;
        this.#takeBack.push(id);
      }
    }
    this.#receipts.refuseAll();
    const inventory = inventoryOf(v, this.#graphs.all());
    this.#out.push({ kind: "inventory", inventory });
    this.#waits.tellAll();
  }

  #start(id: number, entry: GraphEntry, local: number): void {
    this.values.activity[id] = ACTIVITY.running;
    this.#running++;
    const template = entry.graph.templates[entry.graph.template[local]!]!;
    (template.lane === "table" ? this.#runTable : this.#run).push(id);
  }

  #ran(id: number, bytes: number): void {
    const v = this.values;
    const entry = this.#graphs.of(id);
    const local = id - entry.base;
    this.#ended(id, entry, local);
    const template = entry.graph.template[local]!;
    const before = entry.expected[template]!;
    entry.expected[template] = before < 0 ? bytes : 0.75 * before + 0.25 * bytes;
    if (v.unwanted[id] === UNWANTED.yes) {
      if (v.place[id] !== PLACE.nowhere) {
        // Lent to others meanwhile: goes when they are done.
        v.origin[id] = ORIGIN.own;
        v.bytes[id] = bytes;
        if (v.pins[id] === 0) this.#settleUnpinned(id);
        return;
      }
      v.unwanted[id] = UNWANTED.no;
      this.#discard(id, bytes);
      this.#admission.lookElsewhere(id);
      return;
    }
    v.unwanted[id] = UNWANTED.no;
    this.#hold(id, bytes);
    this.#finish(id, bytes);
    if (this.#admission.isRead(id)) this.#admission.inputCame(id);
  }

  #wait(id: number, isWaiting: boolean): void {
    if (this.values.activity[id] === ACTIVITY.running) this.#waits.change(id, isWaiting);
  }

  #finish(id: number, bytes: number): void {
    this.#finished.push(id);
    this.#finishedEpochs.push(this.values.epoch[id]!);
    this.#finishedBytes.push(bytes);
  }

  #hold(id: number, bytes: number, onDisk = false): void {
    this.values.ensure(id + 1);
    this.values.place[id] = onDisk ? PLACE.disk : PLACE.memory;
    this.values.origin[id] = ORIGIN.own;
    this.values.bytes[id] = bytes;
    this.values.list(id);
  }

  #failed(event: Extract<WorkerEvent, { kind: "failed" }>): void {
    const { id, error, blame } = event;
    const v = this.values;
    const entry = this.#graphs.of(id);
    this.#ended(id, entry, id - entry.base);
    const isUnwanted = v.unwanted[id] === UNWANTED.yes;
    v.unwanted[id] = UNWANTED.no;
    this.#leaveLent(id);
    if (isUnwanted) return this.#admission.lookElsewhere(id);
    this.#out.push({ kind: "erred", id, epoch: v.epoch[id]!, error, blame });
  }

  /** The threads are done with the task: its reservation and its pins end. */
  #ended(id: number, entry: GraphEntry, local: number): void {
    this.values.activity[id] = ACTIVITY.none;
    this.#running--;
    this.#waits.end(id);
    this.memory.unreserve(id);
    this.#graphs.eachInput(entry, local, (input) => this.#unpin(input));
    this.#loans.end(id);
  }

  #unpin(id: number): void {
    const v = this.values;
    v.pins[id] = v.pins[id]! - 1;
    if (v.pins[id] === 0 && v.activity[id] === ACTIVITY.none) this.#settleUnpinned(id);
  }

  #revoke(id: number, epoch: number): void {
    const v = this.values;
    if (this.#undefer(id, epoch) || v.epoch[id] !== epoch) return;
    if (this.#awaited.get(id) === epoch) {
      this.#awaited.delete(id);
      return;
    }
    switch (v.activity[id]) {
      case ACTIVITY.admission:
        return this.#leaveAdmission(id);
      case ACTIVITY.running:
        v.unwanted[id] = UNWANTED.yes;
        this.#takeBack.push(id);
        return;
      case ACTIVITY.expecting:
        return this.#receipts.forget(id);
      case ACTIVITY.receiving:
        v.unwanted[id] = UNWANTED.yes;
        return;
      default:
        if (v.place[id] !== PLACE.nowhere) this.#free(id);
    }
  }

  /** Gives the lease back if its task has not been started. */
  #recall(id: number, epoch: number): void {
    const v = this.values;
    if (this.#undefer(id, epoch)) {
      this.#returned.push(id);
      this.#returnedEpochs.push(epoch);
      return;
    }
    if (v.epoch[id] !== epoch) return;
    if (v.activity[id] === ACTIVITY.admission) this.#giveBack(id);
    else if (v.activity[id] === ACTIVITY.running && v.unwanted[id] === UNWANTED.no) {
      v.unwanted[id] = UNWANTED.recalled;
      this.#takeBack.push(id);
    }
  }

  #takenBack(id: number): void {
    const v = this.values;
    const entry = this.#graphs.of(id);
    this.#ended(id, entry, id - entry.base);
    const intent = v.unwanted[id];
    v.unwanted[id] = UNWANTED.no;
    // Leased again since it was asked for back.
    if (intent === UNWANTED.no) return this.#lease(id, v.epoch[id]!);
    this.#leaveLent(id);
    if (intent === UNWANTED.recalled) {
      this.#returned.push(id);
      this.#returnedEpochs.push(v.epoch[id]!);
    }
    this.#admission.lookElsewhere(id);
  }

  #unstarted(ids: Int32Array): void {
    const epochs = ids.map((id) => this.values.epoch[id]!);
    for (const id of ids) {
      const entry = this.#graphs.of(id);
      this.#ended(id, entry, id - entry.base);
      this.values.unwanted[id] = UNWANTED.no;
      this.#leaveLent(id);
      this.#admission.lookElsewhere(id);
    }
    this.#out.push({ kind: "returned", ids, epochs });
  }

  #free(id: number): void {
    const v = this.values;
    this.#copies.delete(id);
    if (v.pins[id]! > 0 || v.activity[id] !== ACTIVITY.none) {
      v.unwanted[id] = UNWANTED.yes;
      return;
    }
    if (v.place[id] !== PLACE.nowhere) this.#discard(id, v.bytes[id]!);
  }

  /** A run of it has ended without a value: a word lent meanwhile goes if nobody reads it. */
  #leaveLent(id: number): void {
    const { origin, place, pins } = this.values;
    if (origin[id] !== ORIGIN.lent || place[id] === PLACE.nowhere || pins[id] !== 0) return;
    this.#settleUnpinned(id);
  }

  /** A value that nobody reads any more: gone if nobody wants it, else evictable. */
  #settleUnpinned(id: number): void {
    const v = this.values;
    if (v.unwanted[id] !== UNWANTED.yes && v.origin[id] !== ORIGIN.lent) return v.list(id);
    v.unwanted[id] = UNWANTED.no;
    if (v.place[id] !== PLACE.nowhere) this.#discard(id, v.bytes[id]!);
  }

  #discard(id: number, bytes: number): void {
    const v = this.values;
    v.unlist(id);
    const onDisk = v.place[id] === PLACE.disk;
    v.place[id] = PLACE.nowhere;
    v.origin[id] = ORIGIN.own;
    v.bytes[id] = 0;
    this.memory.freed(bytes, onDisk);
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
    if (error === undefined && !inUse && v.unwanted[id] !== UNWANTED.yes) {
      v.place[id] = PLACE.disk;
      this.#out.push({ kind: "evict", id });
      this.memory.freed(v.bytes[id]!, false);
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
    this.#admission.inputCame(id);
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
    if (v.unwanted[id] !== UNWANTED.yes) {
      this.#out.push({
        kind: "warn",
        message: `a spilled value is lost and computed again: ${error}`,
      });
      this.#out.push({ kind: "lost", ids: Int32Array.of(id) });
    }
    this.#reads.lost(id);
    this.#admission.lookElsewhere(id);
    if (v.pins[id] === 0) v.unwanted[id] = UNWANTED.no;
  }

  #take(): WorkerCommand[] {
    const out = this.#out;
    this.#out = [];
    if (this.#takeBack.length > 0) out.push({ kind: "take-back", ids: this.#takeBack.take() });
    this.#takeNews(out);
    this.#waits.take(out);
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

  /** What the scheduler hears of values and leases, in an order in which each makes sense. */
  #takeNews(out: WorkerCommand[]): void {
    if (this.#replicated.length > 0) {
      const ids = this.#replicated.take();
      out.push({ kind: "replicated", ids, epochs: this.#replicatedEpochs.take() });
    }
    if (this.#dropped.length > 0) out.push({ kind: "lost", ids: this.#dropped.take() });
    this.#fetches.take(out);
    this.#receipts.take(out);
    if (this.#returned.length > 0) {
      const ids = this.#returned.take();
      out.push({ kind: "returned", ids, epochs: this.#returnedEpochs.take() });
    }
  }
}
