/**
 * @file Values that clients bring. The scheduler says which are expected, under which epoch; a
 * client may come before that, and waits, or too late, and is refused. Nothing is sent before there
 * is room: a client waits for that, too, in the order in which they came.
 */
import { IdList } from "../id-list.ts";
import type { WorkerCommand } from "./events.ts";
import type { Memory } from "./memory.ts";
import { ACTIVITY, UNWANTED, type ValueTable } from "./value-table.ts";

export class Receipts {
  readonly #values: ValueTable;
  readonly #memory: Memory;
  /** Sizes of the values that are expected, wait for room, or are on their way. */
  readonly #bytes = new Map<number, number>();
  /** Clients that wait for room, with the epochs that they named. */
  readonly #waiting = new Map<number, number>();
  #underWay = 0;
  /** Clients that came before the scheduler's word, with the epochs that they named. */
  readonly #early = new Map<number, number>();
  readonly #taken = new IdList();
  readonly #refused = new IdList();
  readonly #failed: (id: number, error: unknown) => void;

  /** `failed`: a value has failed, and its client need not bring it. */
  constructor(values: ValueTable, memory: Memory, failed: (id: number, error: unknown) => void) {
    this.#values = values;
    this.#memory = memory;
    this.#failed = failed;
  }

  expect(id: number, epoch: number, bytes: number): void {
    const v = this.#values;
    v.ensure(id + 1);
    this.#bytes.set(id, bytes);
    v.activity[id] = ACTIVITY.expecting;
    v.epoch[id] = epoch;
    v.unwanted[id] = UNWANTED.no;
    const early = this.#early.get(id);
    if (early === undefined) return;
    this.#early.delete(id);
    this.begin(id, early);
  }

  /** A client would like to bring the value now. */
  begin(id: number, epoch: number): void {
    const v = this.#values;
    v.ensure(id + 1);
    if (v.activity[id] === ACTIVITY.expecting && v.epoch[id] === epoch) {
      this.#waiting.set(id, epoch);
    } else if (epoch > v.epoch[id]!) {
      this.#early.set(id, epoch);
    } else {
      this.#refused.push(id);
    }
  }

  /**
   * Takes values as far as memory allows, after making room; one always when nothing else goes on.
   */
  admit(isIdle: () => boolean): void {
    const v = this.#values;
    for (const [id, epoch] of this.#waiting) {
      const bytes = this.#bytes.get(id) ?? 0;
      if (v.activity[id] !== ACTIVITY.expecting || v.epoch[id] !== epoch) this.#refused.push(id);
      else {
        const room = this.#memory.room(bytes, this.#underWay === 0 && isIdle());
        if (room === "later") return;
        if (room === "never") this.#fail(id, bytes);
        else this.#begin(id, bytes);
      }
      this.#waiting.delete(id);
    }
  }

  #begin(id: number, bytes: number): void {
    this.#values.activity[id] = ACTIVITY.receiving;
    this.#memory.fetchBegins(bytes);
    this.#underWay++;
    this.#taken.push(id);
  }

  /** There is no room for it, nor will there be. */
  #fail(id: number, bytes: number): void {
    this.forget(id);
    this.#refused.push(id);
    this.#failed(id, this.#memory.noRoomFor("a value that a client brings", bytes));
  }

  /** A value that was taken has come; false when this is another one. */
  arrived(id: number): boolean {
    if (this.#values.activity[id] !== ACTIVITY.receiving) return false;
    this.#end(id);
    return true;
  }

  /** It is not expected any more, and nothing of it is on its way. */
  forget(id: number): void {
    this.#values.activity[id] = ACTIVITY.none;
    this.#bytes.delete(id);
  }

  #end(id: number): void {
    this.#underWay--;
    this.#memory.fetchEnds(this.#bytes.get(id) ?? 0);
    this.#values.activity[id] = ACTIVITY.none;
  }

  /** The client has broken off. */
  failed(id: number): void {
    const v = this.#values;
    if (!this.arrived(id)) return;
    const isUnwanted = v.unwanted[id] === UNWANTED.yes;
    v.activity[id] = isUnwanted ? ACTIVITY.none : ACTIVITY.expecting;
    v.unwanted[id] = UNWANTED.no;
    if (isUnwanted) this.#bytes.delete(id);
  }

  /** The scheduler does not know this worker any more: nothing is expected. */
  refuseAll(): void {
    const { activity, unwanted } = this.#values;
    for (let id = 0; id < this.#values.end; id++) {
      if (activity[id] === ACTIVITY.expecting) this.forget(id);
      else if (activity[id] === ACTIVITY.receiving) unwanted[id] = UNWANTED.yes;
    }
    for (const id of this.#early.keys()) this.#refused.push(id);
    this.#early.clear();
  }

  take(commands: WorkerCommand[]): void {
    if (this.#taken.length > 0) commands.push({ kind: "receive", ids: this.#taken.take() });
    if (this.#refused.length > 0) commands.push({ kind: "refuse", ids: this.#refused.take() });
  }
}
