/**
 * @file The worker machine: what the scheduler intends for each id (a lease under an epoch, or
 * holding a value) against the one operation under way for it. A finished operation is matched with
 * its id, and what to do next is worked out from the facts; there are no states that depend on
 * history. Memory is bounded by admission: a task starts when its inputs are in memory and its
 * expected result fits, and values nobody uses make room by going to disk. Inputs that lie on
 * other workers are fetched once there is room for all of them and the result.
 */
import type { Bound } from "../../core/graph.ts";
import type { Needs } from "../scheduler/events.ts";
import { Admission } from "./admission.ts";
import { Copies } from "./copies.ts";
import type { WorkerCommand, WorkerEvent } from "./events.ts";
import { Fetches } from "./fetches.ts";
import { Graphs } from "./graphs.ts";
import { Holdings } from "./holdings.ts";
import { inventoryOf } from "./inventory.ts";
import { Loans } from "./loans.ts";
import { Memory, type MemoryOptions } from "./memory.ts";
import { Outbox } from "./outbox.ts";
import { Reads } from "./reads.ts";
import { Receipts } from "./receipts.ts";
import { Runs } from "./runs.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, ValueTable } from "./value-table.ts";

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
  #stalled = false;
  readonly #out: Outbox = new Outbox();
  readonly #holdings: Holdings;
  readonly #runs: Runs;

  constructor(options: WorkerOptions) {
    const say = (command: WorkerCommand): void => this.#out.say(command);
    this.memory = new Memory(this.values, options, say, (id) => this.#dropCopy(id));
    this.#holdings = new Holdings(this.values, this.memory, this.#out);
    this.#graphs = new Graphs(this.values);
    this.#fetches = new Fetches(this.values, this.memory);
    this.#receipts = new Receipts(this.values, this.memory, (id, error) => {
      const epoch = this.values.epoch[id]!;
      say({ kind: "erred", id, epoch, error, blame: "memory" });
    });
    this.#loans = new Loans(this.values, (id) => this.#holdings.unpin(id));
    this.#reads = new Reads(this.values, this.memory, say, (id) => this.#holdings.unpin(id));
    this.#copies = new Copies(this.values, this.memory, this.#fetches, (id) => {
      this.#out.dropped(id);
    });
    this.#admission = new Admission(this.values, this.memory, this.#graphs, this.#fetches, {
      isIdle: () => this.#isIdle,
      start: (id, entry, local) => this.#runs.start(id, entry, local),
      giveBack: (id) => this.#giveBack(id),
      refuse: (id, error) => this.#refuse(id, error),
      unpin: (id) => this.#holdings.unpin(id),
    });
    const { values, memory } = this;
    const parts = { values, memory, graphs: this.#graphs, holdings: this.#holdings };
    this.#runs = new Runs(
      { ...parts, loans: this.#loans, out: this.#out },
      {
        leasedAgain: (id, epoch) => this.#lease(id, epoch),
        isRead: (id) => this.#admission.isRead(id),
        inputCame: (id) => this.#admission.inputCame(id),
        lookElsewhere: (id) => this.#admission.lookElsewhere(id),
      },
    );
    this.#threads = options.threads;
  }

  /** Tasks handed to the threads and not ended. */
  get running(): number {
    return this.#runs.count;
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
    for (const base of this.#graphs.close()) this.#out.say({ kind: "uninstalled", base });
    this.memory.shrink();
    this.memory.serve(this.#stalled ? 1 : Math.max(1, Math.min(this.#runs.busy, this.#threads)));
    return this.#out.take([this.#fetches, this.#receipts], this.#runs.waits);
  }

  /**
   * No thread has anything to do and no value is on its way from another worker (those from disk
   * are `memory`'s). Leases that wait for their inputs all the same wait for tasks that wait for
   * others, perhaps for the one that asks.
   */
  get #isIdle(): boolean {
    return this.#runs.busy <= 0 && this.#fetches.size === 0;
  }

  #handle(event: WorkerEvent): void {
    switch (event.kind) {
      case "ran":
        for (let i = 0; i < event.count; i++) this.#runs.ran(event.ids[i]!, event.bytes[i]!);
        return;
      case "lease":
        return this.#leaseAll(event);
      case "free":
        for (const id of event.ids) this.#free(id);
        return;
      case "failed":
        return this.#runs.failed(event);
      case "taken-back":
        for (const id of event.ids) this.#runs.takenBack(id);
        return;
      case "unstarted":
        return this.#runs.unstarted(event.ids);
      case "spilled":
        return this.#holdings.spilled(event.id, event.error);
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
        for (let i = 0; i < event.ids.length; i++)
          this.#runs.wait(event.ids[i]!, event.waits[i] === 1);
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
        for (let i = 0; i < event.ids.length; i++)
          this.#holdings.keep(event.ids[i]!, event.epochs[i]!);
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
      if (fresh.ids.length > 0) this.#out.say({ kind: "words", ...fresh });
      const named = new Set(words.ids);
      for (const id of ids) {
        const entry = this.#graphs.of(id);
        this.#graphs.eachInput(entry, id - entry.base, (input) => {
          if (named.has(input)) this.#loans.keep(id, input);
        });
      }
      // Those that no lease keeps are not left behind.
      for (const id of words.ids) if (this.values.pins[id] === 0) this.#holdings.settle(id);
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
      if (v.pins[id] === 0 && v.activity[id] === ACTIVITY.none) this.#holdings.settle(id);
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
      this.#holdings.settle(id);
    }
    v.epoch[id] = epoch;
    v.unwanted[id] = UNWANTED.no;
    // What an earlier lease has made, or is making, serves this one too.
    if (v.place[id] !== PLACE.nowhere) {
      v.origin[id] = ORIGIN.own;
      this.#loans.end(id);
      return this.#out.finished(id, epoch, v.bytes[id]!);
    }
    if (v.activity[id] === ACTIVITY.running) {
      this.#runs.waits.tellAgain(id);
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
      this.#runs.start(id, entry, local);
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
    this.#out.say({ kind: "erred", id, epoch: this.values.epoch[id]!, error, blame: "memory" });
  }

  /** The task cannot have its inputs here: the scheduler finds another place for it. */
  #giveBack(id: number): void {
    this.#leaveAdmission(id);
    this.#out.returned(id, this.values.epoch[id]!);
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
      this.#out.finished(id, this.values.epoch[id]!, bytes);
    } else if (v.unwanted[id] === UNWANTED.no && (isKept || isRead)) {
      this.#out.replicated(id, epoch);
    } else {
      v.unwanted[id] = UNWANTED.yes;
    }
    this.#admission.inputCame(id);
    if (v.pins[id] === 0) this.#holdings.settle(id);
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
      this.#out.replicated(id, v.epoch[id]!);
      return;
    }
    this.#copies.add(id);
  }

  #leaveAdmission(id: number): void {
    this.values.activity[id] = ACTIVITY.none;
    this.#loans.end(id);
    this.#admission.leave(id);
  }

  #dropCopy(id: number): void {
    this.#out.dropped(id);
    this.#holdings.discard(id, this.values.bytes[id]!);
  }

  /** A client has brought a value: into the embedded engine, or one that was expected. */
  #adopt(id: number, bytes: number, onDisk: boolean): void {
    this.values.ensure(id + 1);
    const isExpected = this.#receipts.arrived(id);
    if (isExpected) this.#receipts.forget(id);
    else this.values.activity[id] = ACTIVITY.none;
    this.#holdings.hold(id, bytes, onDisk);
    if (!isExpected) return;
    if (this.values.unwanted[id] === UNWANTED.yes) this.#holdings.settle(id);
    else this.#out.finished(id, this.values.epoch[id]!, bytes);
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
        this.#out.takeBack(id);
      }
    }
    this.#receipts.refuseAll();
    const inventory = inventoryOf(v, this.#graphs.all());
    this.#out.say({ kind: "inventory", inventory });
    this.#runs.waits.tellAll();
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
        this.#out.takeBack(id);
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
      this.#out.returned(id, epoch);
      return;
    }
    if (v.epoch[id] !== epoch) return;
    if (v.activity[id] === ACTIVITY.admission) this.#giveBack(id);
    else if (v.activity[id] === ACTIVITY.running && v.unwanted[id] === UNWANTED.no) {
      v.unwanted[id] = UNWANTED.recalled;
      this.#out.takeBack(id);
    }
  }

  #free(id: number): void {
    this.#copies.delete(id);
    this.#holdings.free(id);
  }

  #unspilled(id: number, error: string | undefined): void {
    const v = this.values;
    v.activity[id] = ACTIVITY.none;
    this.memory.unspilled(id, error);
    if (error !== undefined) return this.#lose(id, error);
    this.#admission.inputCame(id);
    this.#reads.arrived(id);
    if (v.pins[id] === 0) this.#holdings.settle(id);
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
      this.#out.say({
        kind: "warn",
        message: `a spilled value is lost and computed again: ${error}`,
      });
      this.#out.say({ kind: "lost", ids: Int32Array.of(id) });
    }
    this.#reads.lost(id);
    this.#admission.lookElsewhere(id);
    if (v.pins[id] === 0) v.unwanted[id] = UNWANTED.no;
  }
}
