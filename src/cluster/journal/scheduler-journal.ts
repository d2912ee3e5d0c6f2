/**
 * @file A scheduler's journal in use: what happens is noted before anybody hears of it, and a
 * scheduler that starts with the journal of another goes on where that one was.
 */
import type { HeddleError } from "../../core/errors.ts";
import type { CoordinationEvent } from "../../machine/coordination/events.ts";
import { type Fact, FactLog } from "../../machine/scheduler/facts.ts";
import { beginRecovery } from "../../machine/scheduler/recovery.ts";
import type { SchedulerOptions } from "../../machine/scheduler/state.ts";
import type { Answer } from "./answers.ts";
import { Journal } from "./journal.ts";
import type { JournalLock } from "./journal-lock.ts";
import { SchedulerMemory } from "./memory.ts";
import type { JournalRecord } from "./records.ts";

export class SchedulerJournal {
  readonly memory: SchedulerMemory;
  /** What was cut off the journal's end, torn when its last scheduler stopped: 0 of a whole one. */
  readonly tornBytes: number;
  readonly #journal: Journal;
  readonly #facts: FactLog = new FactLog();

  /** Opens the journal in a folder, of which we have the lock; errors as of `Journal.open`. */
  constructor(path: string, lock: JournalLock, options: Partial<SchedulerOptions>) {
    this.memory = new SchedulerMemory(options);
    this.#journal = Journal.open(path, (records) => this.memory.read(records), lock);
    this.tornBytes = this.#journal.tornBytes;
    this.#journal.state = () => this.memory.save();
    const { memory } = this;
    const isRestart = !memory.isNew;
    memory.life++;
    memory.scheduler.facts = this.#facts;
    if (isRestart) beginRecovery(memory.scheduler, memory.life);
    this.#journal.append([{ kind: "life", life: memory.life }]);
  }

  /** Whether nothing is given to workers, since some have not come back yet. */
  get isRecovering(): boolean {
    return this.memory.scheduler.isRecovering;
  }

  /** Why new work cannot be taken. */
  get failure(): HeddleError | undefined {
    return this.#journal.failure;
  }

  /** Hears when the journal cannot be written any more, and (undefined) when it can again. */
  set onFailure(hear: (failure: HeddleError | undefined) => void) {
    this.#journal.onFailure = hear;
  }

  /**
   * Notes what has come of a step of the scheduler machine. The promise, if there is one, resolves
   * when what the machine says may be told: when new work is on the disk, or cannot be written.
   */
  noteStep(): Promise<HeddleError | undefined> | undefined {
    const facts = this.#facts.take();
    if (facts.length === 0) return undefined;
    for (const fact of facts) {
      this.memory.answers.learn(fact);
      if (fact.kind === "client-left") this.memory.clients.delete(fact.client);
    }
    this.#journal.append(facts);
    return facts.some(isWork) ? this.#journal.commit() : undefined;
  }

  noteCoordination(event: CoordinationEvent | undefined, atMs: number): void {
    this.#journal.append([
      { kind: "coordination", atMs, ...(event === undefined ? {} : { event }) },
    ]);
  }

  noteClient(number: number, key: string): void {
    this.memory.read([{ kind: "client", number, key }]);
    this.#journal.append([{ kind: "client", number, key }]);
  }

  noteWorker(number: number, key: string): void {
    this.memory.read([{ kind: "worker", number, key }]);
    this.#journal.append([{ kind: "worker", number, key }]);
  }

  /** An actor was made on a worker, or is nobody's any more. */
  noteActor(key: string, worker: string | undefined): void {
    const record: JournalRecord =
      worker === undefined ? { kind: "actor-gone", key } : { kind: "actor", key, worker };
    this.memory.read([record]);
    this.#journal.append([record]);
  }

  noteWorkerGone(number: number): void {
    if (!this.memory.workers.delete(number)) return;
    this.#journal.append([{ kind: "worker-gone", number }]);
  }

  /** What a client was told, or was to be told, of a graph. */
  answerTo(client: number, request: number): Answer | undefined {
    return this.memory.answers.find(client, request);
  }

  close(): void {
    this.#journal.close();
  }
}

/** What a client must not be told of before it is on the disk. */
function isWork({ kind }: Fact): boolean {
  return kind === "graph" || kind === "brought";
}
