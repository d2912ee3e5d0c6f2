/**
 * @file Collects what the scheduler says during one step and puts it together per receiver: a
 * thousand finished tasks become one `done` for each client and one `lease` for each worker. What
 * one client hears keeps its order: a task that was done and is lost again in the same step must
 * not look done.
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

type NewsKind = "done" | "cancelled" | "reset";

/** Ids that a client is told of next, all with the same news. */
interface News {
  kind: NewsKind;
  readonly ids: IdList;
}

export class Outbox {
  readonly #ordered: SchedulerCommand[] = [];
  readonly #news = new Map<number, News>();
  readonly #free = new Lists();
  readonly #revoked = new Lists();
  readonly #revokedEpochs = new Lists();
  readonly #leased = new Lists();
  readonly #leasedEpochs = new Lists();
  /** Commands that must come after all the lists (uninstalling what they name). */
  readonly #last: SchedulerCommand[] = [];

  say(command: SchedulerCommand): void {
    if ("client" in command) this.#close(command.client);
    this.#ordered.push(command);
  }

  sayLast(command: SchedulerCommand): void {
    this.#last.push(command);
  }

  done(client: number, id: number): void {
    this.#tell(client, "done", id);
  }

  cancelled(client: number, id: number): void {
    this.#tell(client, "cancelled", id);
  }

  reset(client: number, id: number): void {
    this.#tell(client, "reset", id);
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

  /**
   * Everything said since the last call: graphs and news first, then what ends, then what begins.
   */
  take(): SchedulerCommand[] {
    for (const client of this.#news.keys()) this.#close(client);
    const commands = this.#ordered.splice(0);
    this.#revoked.drain((worker, ids) => {
      commands.push({ kind: "revoke", worker, ids, epochs: this.#revokedEpochs.of(worker).take() });
    });
    this.#free.drain((worker, ids) => commands.push({ kind: "free", worker, ids }));
    commands.push(...this.#last.splice(0));
    this.#leased.drain((worker, ids) => {
      commands.push({ kind: "lease", worker, ids, epochs: this.#leasedEpochs.of(worker).take() });
    });
    return commands;
  }

  #tell(client: number, kind: NewsKind, id: number): void {
    let news = this.#news.get(client);
    if (news === undefined) {
      news = { kind, ids: new IdList() };
      this.#news.set(client, news);
    }
    if (news.kind !== kind) {
      this.#close(client);
      news.kind = kind;
    }
    news.ids.push(id);
  }

  /** What the client is told from now on comes after this. */
  #close(client: number): void {
    const news = this.#news.get(client);
    if (news === undefined || news.ids.length === 0) return;
    this.#ordered.push({ kind: news.kind, client, ids: news.ids.take() });
  }
}
