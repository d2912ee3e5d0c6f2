/**
 * @file What a worker has been given, in order: who is asked for when it is lost or falls behind.
 * Nothing is taken out when a lease ends; old entries are dropped when they are many.
 */
import { IdList } from "../id-list.ts";

const SPARE = 256;

export class LeaseLog {
  readonly #ids = new IdList();
  readonly #epochs = new IdList();

  /** `live`: leases of the worker now; `isCurrent` tells those that have ended. */
  add(
    id: number,
    epoch: number,
    live: number,
    isCurrent: (id: number, epoch: number) => boolean,
  ): void {
    if (this.#ids.length > 4 * live + SPARE) this.#compact(isCurrent);
    this.#ids.push(id);
    this.#epochs.push(epoch);
  }

  /** The leases that are current, oldest first. */
  current(isCurrent: (id: number, epoch: number) => boolean): number[] {
    this.#compact(isCurrent);
    const ids: number[] = [];
    for (let i = 0; i < this.#ids.length; i++) ids.push(this.#ids.at(i));
    return ids;
  }

  #compact(isCurrent: (id: number, epoch: number) => boolean): void {
    const ids = this.#ids.take();
    const epochs = this.#epochs.take();
    for (let i = 0; i < ids.length; i++) {
      if (!isCurrent(ids[i]!, epochs[i]!)) continue;
      this.#ids.push(ids[i]!);
      this.#epochs.push(epochs[i]!);
    }
  }
}
