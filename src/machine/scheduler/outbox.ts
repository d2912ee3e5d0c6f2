/**
 * @file Collects what the scheduler says during one step and puts it together per receiver: a
 * thousand finished tasks become one `done` for each client and one `lease` for each worker. What
 * one client hears keeps its order: a task that was done and is lost again in the same step must
 * not look done.
 */
import { IdList } from "../id-list.ts";
import type { SchedulerCommand } from "./events.ts";
import { Mail } from "./mail.ts";
import type { TaskTable } from "./task-table.ts";

type NewsKind = "done" | "cancelled" | "reset";

/** Ids that a client is told of next, all with the same news. */
interface News {
  kind: NewsKind;
  readonly ids: IdList;
}

export class Outbox {
  readonly #tasks: TaskTable | undefined;
  readonly #ordered: SchedulerCommand[] = [];
  readonly #news = new Map<number, News>();
  readonly #mails = new Map<number, Mail>();
  /** Those that have something in them. */
  #filled: Mail[] = [];
  /** Commands that must come after what ends (uninstalling what it names). */
  readonly #last: SchedulerCommand[] = [];

  /** `tasks`: where the values are found that are words. */
  constructor(tasks?: TaskTable) {
    this.#tasks = tasks;
  }

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
    this.to(worker).freed.push(id);
  }

  revoke(worker: number, id: number, epoch: number): void {
    this.to(worker).revoked.push(id, epoch);
  }

  recall(worker: number, id: number, epoch: number): void {
    this.to(worker).recalled.push(id, epoch);
  }

  hold(worker: number, id: number, epoch: number): void {
    this.to(worker).held.push(id, epoch);
  }

  lease(worker: number, id: number, epoch: number): void {
    this.to(worker).leased.push(id, epoch);
  }

  /** Whether the worker gets leases with this step. */
  isLeasing(worker: number): boolean {
    return (this.#mails.get(worker)?.leased.ids.length ?? 0) > 0;
  }

  expect(worker: number, id: number, epoch: number, bytes: number): void {
    const mail = this.to(worker);
    mail.expected.push(id, epoch);
    mail.expectedBytes.push(bytes);
  }

  /** What the worker is told at the end of the step. */
  to(worker: number): Mail {
    let mail = this.#mails.get(worker);
    if (mail === undefined) {
      mail = new Mail(worker);
      this.#mails.set(worker, mail);
    }
    if (!mail.isFilled) {
      mail.isFilled = true;
      this.#filled.push(mail);
    }
    return mail;
  }

  /** Nothing is said to the worker any more. */
  leave(worker: number): void {
    this.#mails.delete(worker);
    this.#filled = this.#filled.filter((mail) => mail.worker !== worker);
  }

  /**
   * Everything said since the last call: graphs and news first, then what ends, then what begins.
   */
  take(): SchedulerCommand[] {
    for (const client of this.#news.keys()) this.#close(client);
    const commands = this.#ordered.splice(0);
    for (const mail of this.#filled) mail.takeEnds(commands);
    commands.push(...this.#last.splice(0));
    for (const mail of this.#filled) mail.takeBeginnings(commands);
    this.#filled = [];
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
    const ids = news.ids.take();
    if (news.kind === "done")
      this.#ordered.push({ kind: "done", client, ids, ...this.#words(ids) });
    else this.#ordered.push({ kind: news.kind, client, ids });
  }

  /** The values of finished tasks where some are words. */
  #words(ids: Int32Array): { tags?: Uint8Array; words?: Float64Array } {
    const { tags, words } = this.#tasks ?? {};
    if (tags === undefined || words === undefined) return {};
    if (!ids.some((id) => tags[id] !== 0)) return {};
    return {
      tags: Uint8Array.from(ids, (id) => tags[id]!),
      words: Float64Array.from(ids, (id) => words[id]!),
    };
  }
}
