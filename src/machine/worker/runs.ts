/**
 * @file Tasks that the threads have, from the moment in which they are handed over to their end:
 * with a value, without one, or before they were begun.
 */
import type { WorkerEvent } from "./events.ts";
import type { GraphEntry, Graphs } from "./graphs.ts";
import type { Holdings } from "./holdings.ts";
import type { Loans } from "./loans.ts";
import type { Memory } from "./memory.ts";
import type { Outbox } from "./outbox.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, type ValueTable } from "./value-table.ts";
import { Waits } from "./waits.ts";

/** What else knows of the tasks. */
export interface RunsSeat {
  /** It was taken back, and has been leased again meanwhile. */
  leasedAgain(id: number, epoch: number): void;
  /** Whether tasks wait for its value; that it is there; that it will not be made here. */
  isRead(id: number): boolean;
  inputCame(id: number): void;
  lookElsewhere(id: number): void;
}

/** The parts of the machine that a task's end touches. */
export interface RunsParts {
  readonly values: ValueTable;
  readonly memory: Memory;
  readonly graphs: Graphs;
  readonly holdings: Holdings;
  readonly loans: Loans;
  readonly out: Outbox;
}

export class Runs {
  readonly waits: Waits;
  readonly #values: ValueTable;
  readonly #memory: Memory;
  readonly #graphs: Graphs;
  readonly #holdings: Holdings;
  readonly #loans: Loans;
  readonly #out: Outbox;
  readonly #on: RunsSeat;
  #count = 0;

  constructor({ values, memory, graphs, holdings, loans, out }: RunsParts, on: RunsSeat) {
    this.#values = values;
    this.#memory = memory;
    this.#graphs = graphs;
    this.#holdings = holdings;
    this.#loans = loans;
    this.#out = out;
    this.#on = on;
    this.waits = new Waits(values);
  }

  /** Tasks handed to the threads and not ended. */
  get count(): number {
    return this.#count;
  }

  /** Those that hold a thread. */
  get busy(): number {
    return this.#count - this.waits.size;
  }

  /** The task goes to the threads. */
  start(id: number, entry: GraphEntry, local: number): void {
    this.#values.activity[id] = ACTIVITY.running;
    this.#count++;
    const template = entry.graph.templates[entry.graph.template[local]!]!;
    this.#out.run(id, template.lane === "table");
  }

  /** It has ended with a value; `bytes` is 0 for one that needs no heap. */
  ran(id: number, bytes: number): void {
    const v = this.#values;
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
        if (v.pins[id] === 0) this.#holdings.settle(id);
        return;
      }
      v.unwanted[id] = UNWANTED.no;
      this.#holdings.discard(id, bytes);
      this.#on.lookElsewhere(id);
      return;
    }
    v.unwanted[id] = UNWANTED.no;
    this.#holdings.hold(id, bytes);
    this.#out.finished(id, v.epoch[id]!, bytes);
    if (this.#on.isRead(id)) this.#on.inputCame(id);
  }

  /** It waits for others, or goes on. */
  wait(id: number, isWaiting: boolean): void {
    if (this.#values.activity[id] === ACTIVITY.running) this.waits.change(id, isWaiting);
  }

  /** It has ended without one. */
  failed(event: Extract<WorkerEvent, { kind: "failed" }>): void {
    const { id, error, blame } = event;
    const v = this.#values;
    const entry = this.#graphs.of(id);
    this.#ended(id, entry, id - entry.base);
    const isUnwanted = v.unwanted[id] === UNWANTED.yes;
    v.unwanted[id] = UNWANTED.no;
    this.#holdings.leaveLent(id);
    if (isUnwanted) return this.#on.lookElsewhere(id);
    this.#out.say({ kind: "erred", id, epoch: v.epoch[id]!, error, blame });
  }

  /** It had not been started, and was asked back. */
  takenBack(id: number): void {
    const v = this.#values;
    const entry = this.#graphs.of(id);
    this.#ended(id, entry, id - entry.base);
    const intent = v.unwanted[id];
    v.unwanted[id] = UNWANTED.no;
    // Leased again since it was asked for back.
    if (intent === UNWANTED.no) return this.#on.leasedAgain(id, v.epoch[id]!);
    this.#holdings.leaveLent(id);
    if (intent === UNWANTED.recalled) {
      this.#out.returned(id, v.epoch[id]!);
    }
    this.#on.lookElsewhere(id);
  }

  /** Their thread has died before it came to them. */
  unstarted(ids: Int32Array): void {
    const epochs = ids.map((id) => this.#values.epoch[id]!);
    for (const id of ids) {
      const entry = this.#graphs.of(id);
      this.#ended(id, entry, id - entry.base);
      this.#values.unwanted[id] = UNWANTED.no;
      this.#holdings.leaveLent(id);
      this.#on.lookElsewhere(id);
    }
    this.#out.say({ kind: "returned", ids, epochs });
  }

  /** The threads are done with the task: its reservation and its pins end. */
  #ended(id: number, entry: GraphEntry, local: number): void {
    this.#values.activity[id] = ACTIVITY.none;
    this.#count--;
    this.waits.end(id);
    this.#memory.unreserve(id);
    this.#graphs.eachInput(entry, local, (input) => this.#holdings.unpin(input));
    this.#loans.end(id);
  }
}
