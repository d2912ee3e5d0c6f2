/**
 * @file A worker without threads, heap or disk: the real machine between simulated ones. Checks
 * what must hold while it runs.
 */
import { assert } from "../core/errors.ts";
import type { InstalledGraph, Words } from "../machine/scheduler/events.ts";
import type { WorkerCommand, WorkerEvent } from "../machine/worker/events.ts";
import { PLACE } from "../machine/worker/value-table.ts";
import { WorkerMachine } from "../machine/worker/worker.ts";
import { type SimDiskOptions, SimStore } from "./sim-disk.ts";
import type { SimShell } from "./sim-shell.ts";
import { SimThreads } from "./sim-threads.ts";

export interface SimWorkerOptions extends SimDiskOptions {
  readonly number: number;
  /** Of a network that may be divided. */
  readonly side: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Chance that a thread dies while it runs a task. */
  readonly deathRate: number;
}

type ShellCommand = Extract<
  WorkerCommand,
  {
    kind:
      | "finished"
      | "erred"
      | "returned"
      | "lost"
      | "uninstalled"
      | "replicated"
      | "unreachable"
      | "suspended";
  }
>;

/** Any tag will do: machines do not look at it. */
export const WORD_TAG = 5;

/** Nothing has moved for so long: what waits for memory waits in vain. */
const STALL_MS = 5;

export class SimWorker {
  /** Another one each time that it joins again. */
  number: number;
  readonly side: number;
  readonly machine: WorkerMachine;
  readonly store: SimStore;
  readonly threads: SimThreads;
  peakBytes = 0;
  isDead = false;
  readonly #shell: SimShell;
  readonly #options: SimWorkerOptions;
  readonly #graphs = new Map<number, InstalledGraph>();
  #events: WorkerEvent[] = [];
  /** It is looked soon whether what waits for memory waits in vain. */
  #isWatching = false;

  constructor(options: SimWorkerOptions, shell: SimShell) {
    this.number = options.number;
    this.side = options.side;
    this.#options = options;
    this.#shell = shell;
    this.machine = new WorkerMachine(options);
    this.store = new SimStore(shell.clock, shell.prng, options);
    this.threads = new SimThreads(this, shell, options, this.#graphs);
  }

  hear(event: WorkerEvent): void {
    if (this.isDead) return;
    if (event.kind === "install") this.#graphs.set(event.graph.base, event.graph);
    this.#events.push(event);
  }

  /** Lets the machine take what it has heard; false when there was nothing. */
  step(): boolean {
    if (this.#events.length === 0 || this.isDead) return false;
    const events = this.#events;
    this.#events = [];
    const commands = this.machine.step(events, this.store.usedBytes);
    this.#checkMost(commands);
    this.#checkOverdraft(commands);
    for (const command of commands) this.#obey(command);
    this.peakBytes = Math.max(this.peakBytes, this.store.usedBytes);
    if (this.machine.memory.isAsked) this.#watchForStall();
    return true;
  }

  /** Whoever waits for memory gets it, or fails, when no thread can free some. */
  #watchForStall(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#shell.clock.after(STALL_MS, () => {
      this.#isWatching = false;
      if (this.isDead || !this.machine.memory.isAsked) return;
      if (this.threads.goesOn) this.#watchForStall();
      else this.hear({ kind: "stalled" });
    });
  }

  /** The process is gone, with all that it had. */
  kill(): void {
    this.isDead = true;
  }

  #obey(command: WorkerCommand): void {
    const { store } = this;
    switch (command.kind) {
      case "run":
        return this.threads.add(command.ids);
      case "take-back":
        return this.threads.takeBack(command.ids);
      case "spill": {
        const { id } = command;
        assert(!this.threads.isRead(id), `the value ${id} is spilled while it is read`);
        return store.spill(id, (error) => this.#fileEnded("spilled", id, error));
      }
      case "unspill":
        return store.unspill(command.id, (error) =>
          this.#fileEnded("unspilled", command.id, error),
        );
      case "evict":
        assert(
          !this.threads.isRead(command.id),
          `the value ${command.id} is evicted while it is read`,
        );
        return store.evict(command.id);
      case "keep":
        return store.keep(command.id);
      case "discard":
        for (const id of command.ids) {
          assert(!this.threads.isRead(id), `the value ${id} is discarded while it is read`);
          store.discard(id, command.onDisk);
        }
        return;
      case "grant":
        return this.threads.grant(command.thread, command.bytes);
      case "deny":
        return this.threads.deny(command.thread);
      case "pinned":
        return this.#shell.pinned(command.reader, command.missing);
      case "warn":
      case "collect":
        return;
      case "fetch":
        for (const id of command.ids) this.#shell.network!.fetch(this, command.holder, id);
        return;
      case "receive":
        return this.#shell.network!.received(this, command.ids, true);
      case "refuse":
        return this.#shell.network!.received(this, command.ids, false);
      case "words":
        return this.#learn(command);
      case "inventory":
        return this.#shell.network!.rejoined(this, this.#withWords(command.inventory));
      default:
        return this.#report(command);
    }
  }

  #report(command: ShellCommand): void {
    if (command.kind === "uninstalled") this.#graphs.delete(command.base);
    const said = command.kind === "finished" ? this.#withWords(command) : command;
    this.#shell.tellScheduler({ ...said, worker: this.number });
  }

  /** In a cluster, values without bytes are words. */
  #withWords<C extends { readonly ids: Int32Array }>(columns: C): C {
    const { network } = this.#shell;
    if (network === undefined) return columns;
    const values = Array.from(columns.ids, (id) => this.store.find(id)!);
    if (!values.some(({ bytes }) => bytes === 0)) return columns;
    const tags = Uint8Array.from(values, ({ bytes }) => (bytes === 0 ? WORD_TAG : 0));
    const words = Float64Array.from(values, ({ bytes, name }) =>
      bytes === 0 ? network.wordOf(name) : 0,
    );
    return { ...columns, tags, words };
  }

  #learn({ ids, words }: Words): void {
    ids.forEach((id, i) => {
      this.store.lend(id, { name: this.#shell.network!.nameOf(words[i]!), bytes: 0 });
    });
  }

  #fileEnded(kind: "spilled" | "unspilled", id: number, error: string | undefined): void {
    this.hear(error === undefined ? { kind, id } : { kind, id, error });
  }

  /** More than there may be is never granted: it would end the process. */
  #checkMost(commands: readonly WorkerCommand[]): void {
    const { memory, values } = this.machine;
    const most = Math.max(memory.limitBytes, memory.mostBytes);
    let used = this.store.usedBytes;
    for (const command of commands) {
      if (command.kind === "evict") used -= values.bytes[command.id]!;
      if (command.kind === "discard") return;
      if (command.kind !== "grant" || command.bytes <= this.#options.slabValueBytes) continue;
      used += command.bytes;
      assert(used <= most, `${used} bytes are in use of ${most} at most`);
    }
  }

  /** More than the limit is granted only when nothing is left that could make room. */
  #checkOverdraft(commands: readonly WorkerCommand[]): void {
    if (this.#options.diskBytes < Number.POSITIVE_INFINITY) return;
    const { values, memory } = this.machine;
    let used = this.store.usedBytes;
    let granted = 0;
    for (const command of commands) {
      if (command.kind === "grant") granted += command.bytes;
      // Room that is made in the same step.
      if (command.kind === "evict") used -= values.bytes[command.id]!;
      if (command.kind === "discard") return;
    }
    if (granted === 0 || used + granted <= memory.limitBytes) return;
    const left = values.evictableBytes;
    assert(left === 0, `more than the limit is granted while ${left} bytes could go to disk`);
  }

  /** What its machine says lies here must be in the store, and the other way round. */
  checkPlaces(): void {
    const { place, bytes } = this.machine.values;
    for (let id = 0; id < this.machine.values.end; id++) {
      const value = this.store.find(id);
      const isHere = place[id] !== PLACE.nowhere;
      assert(isHere === (value !== undefined), `worker ${this.number} is wrong about ${id}`);
      assert(value === undefined || value.bytes === bytes[id], `the size of ${id} is wrong`);
    }
  }

  /** Everything has been released: nothing may be left. */
  checkEmpty(): void {
    this.threads.closeSlabs();
    assert(this.store.usedBytes === 0, `${this.store.usedBytes} bytes are still in use`);
    assert(this.store.heap.size === 0, `${this.store.heap.size} values are still in the heap`);
    assert(this.store.disk.size === 0, `${this.store.disk.size} values are still on disk`);
    assert(this.machine.running === 0, `${this.machine.running} tasks are still running`);
    assert(this.machine.memory.reservedBytes === 0, "memory is still reserved");
    assert(this.#graphs.size === 0, `${this.#graphs.size} graphs are still installed`);
    assert(this.machine.values.evictableBytes === 0, "values are still listed as evictable");
    assert(!this.machine.values.pins.some((pins) => pins !== 0), "values are still pinned");
  }
}
