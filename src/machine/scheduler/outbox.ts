/**
 * @file Collects what the scheduler says during one step and puts it together per receiver: a thousand finished tasks
 * become one `done` for each client and one `lease` for each worker.
 */
import { IdList } from "../id-list.ts";
import type { SchedulerCommand } from "./events.ts";

class Lists {
  readonly #lists = new Map<number, IdList>();

  of(receiver: number): IdList {
    let list = this.#lists.get(receiver);
    if (list === undefined) {
      list = new IdList();
      this.#lists.set(receiver, list);
    }
    return list;
  }

  drain(emit: (receiver: number, ids: Int32Array) => void): void {
    for (const [receiver, list] of this.#lists) if (list.length > 0) emit(receiver, list.take());
  }
}

export class Outbox {
  readonly #ordered: SchedulerCommand[] = [];
  readonly #done = new Lists();
  readonly #cancelled = new Lists();
  readonly #reset = new Lists();
  readonly #free = new Lists();
  readonly #revoked = new Lists();
  readonly #revokedEpochs = new Lists();
  readonly #leased = new Lists();
  readonly #leasedEpochs = new Lists();
  /** Commands that must come after all the lists (uninstalling what they name). */
  readonly #last: SchedulerCommand[] = [];

  say(command: SchedulerCommand): void {
    this.#ordered.push(command);
  }

  sayLast(command: SchedulerCommand): void {
    this.#last.push(command);
  }

  done(client: number, id: number): void {
    this.#done.of(client).push(id);
  }

  cancelled(client: number, id: number): void {
    this.#cancelled.of(client).push(id);
  }

  reset(client: number, id: number): void {
    this.#reset.of(client).push(id);
  }

  free(worker: number, id: number): void {
    this.#free.of(worker).push(id);
  }

  revoke(worker: number, id: number, epoch: number): void {
    this.#revoked.of(worker).push(id);
    this.#revokedEpochs.of(worker).push(epoch);
  }

  lease(worker: number, id: number, epoch: number): void {
    this.#leased.of(worker).push(id);
    this.#leasedEpochs.of(worker).push(epoch);
  }

  /** Everything said since the last call: graphs first, then what ends, then what begins. */
  take(): SchedulerCommand[] {
    const commands = this.#ordered.splice(0);
    this.#reset.drain((client, ids) => commands.push({ kind: "reset", client, ids }));
    this.#revoked.drain((worker, ids) => {
      commands.push({ kind: "revoke", worker, ids, epochs: this.#revokedEpochs.of(worker).take() });
    });
    this.#free.drain((worker, ids) => commands.push({ kind: "free", worker, ids }));
    this.#done.drain((client, ids) => commands.push({ kind: "done", client, ids }));
    this.#cancelled.drain((client, ids) => commands.push({ kind: "cancelled", client, ids }));
    commands.push(...this.#last.splice(0));
    this.#leased.drain((worker, ids) => {
      commands.push({ kind: "lease", worker, ids, epochs: this.#leasedEpochs.of(worker).take() });
    });
    return commands;
  }
}
