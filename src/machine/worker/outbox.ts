/**
 * @file What the worker machine says in one step: commands in the order in which they came up, then
 * those that are gathered over the whole step, because many ids share each.
 */
import { FloatList } from "../float-list.ts";
import { IdList } from "../id-list.ts";
import type { WorkerCommand } from "./events.ts";

/** Something that has gathered commands of its own. */
interface Source {
  take(out: WorkerCommand[]): void;
}

export class Outbox {
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

  say(command: WorkerCommand): void {
    this.#out.push(command);
  }

  run(id: number, table: boolean): void {
    (table ? this.#runTable : this.#run).push(id);
  }

  takeBack(id: number): void {
    this.#takeBack.push(id);
  }

  /** A lease goes back to the scheduler. */
  returned(id: number, epoch: number): void {
    this.#returned.push(id);
    this.#returnedEpochs.push(epoch);
  }

  /** The value of that run is here. */
  replicated(id: number, epoch: number): void {
    this.#replicated.push(id);
    this.#replicatedEpochs.push(epoch);
  }

  /** A value is not here any more, or will not come. */
  dropped(id: number): void {
    this.#dropped.push(id);
  }

  finished(id: number, epoch: number, bytes: number): void {
    this.#finished.push(id);
    this.#finishedEpochs.push(epoch);
    this.#finishedBytes.push(bytes);
  }

  /** Values go by the thousand: those that go one after the other share a command. */
  discard(id: number, onDisk: boolean): void {
    const last = this.#out.at(-1);
    if (last?.kind === "discard" && last.onDisk === onDisk) last.ids.push(id);
    else this.#out.push({ kind: "discard", ids: [id], onDisk });
  }

  /** All that was said since the last time, with what `news` and `waits` have gathered. */
  take(news: readonly Source[], waits: Source): WorkerCommand[] {
    const out = this.#out;
    this.#out = [];
    if (this.#takeBack.length > 0) out.push({ kind: "take-back", ids: this.#takeBack.take() });
    this.#takeNews(out, news);
    waits.take(out);
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
  #takeNews(out: WorkerCommand[], news: readonly Source[]): void {
    if (this.#replicated.length > 0) {
      const ids = this.#replicated.take();
      out.push({ kind: "replicated", ids, epochs: this.#replicatedEpochs.take() });
    }
    if (this.#dropped.length > 0) out.push({ kind: "lost", ids: this.#dropped.take() });
    for (const source of news) source.take(out);
    if (this.#returned.length > 0) {
      const ids = this.#returned.take();
      out.push({ kind: "returned", ids, epochs: this.#returnedEpochs.take() });
    }
  }
}
