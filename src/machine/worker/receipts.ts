/**
 * @file Values that clients bring. The scheduler says which are expected, under which epoch; a
 * client may come before that, and waits, or too late, and is refused.
 */
import { IdList } from "../id-list.ts";
import type { WorkerCommand } from "./events.ts";
import { ACTIVITY, UNWANTED, type ValueTable } from "./value-table.ts";

export class Receipts {
  readonly #values: ValueTable;
  /** Clients that came before the scheduler's word, with the epochs that they named. */
  readonly #early = new Map<number, number>();
  readonly #taken = new IdList();
  readonly #refused = new IdList();

  constructor(values: ValueTable) {
    this.#values = values;
  }

  expect(id: number, epoch: number): void {
    const v = this.#values;
    v.ensure(id + 1);
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
      v.activity[id] = ACTIVITY.receiving;
      this.#taken.push(id);
    } else if (epoch > v.epoch[id]!) {
      this.#early.set(id, epoch);
    } else {
      this.#refused.push(id);
    }
  }

  /** The client has broken off. */
  failed(id: number): void {
    const v = this.#values;
    const isUnwanted = v.unwanted[id] === UNWANTED.yes;
    v.activity[id] = isUnwanted ? ACTIVITY.none : ACTIVITY.expecting;
    v.unwanted[id] = UNWANTED.no;
  }

  /** The scheduler does not know this worker any more: nothing is expected. */
  refuseAll(): void {
    const { activity, unwanted } = this.#values;
    for (let id = 0; id < this.#values.end; id++) {
      if (activity[id] === ACTIVITY.expecting) activity[id] = ACTIVITY.none;
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
