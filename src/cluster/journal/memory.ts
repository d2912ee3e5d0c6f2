/**
 * @file All that a scheduler has to remember, made of its journal's records: the machines, and who
 * has which number.
 */
import { CoordinationMachine } from "../../machine/coordination/coordination.ts";
import type { Fact } from "../../machine/scheduler/facts.ts";
import { replay } from "../../machine/scheduler/replay.ts";
import { restore, type SavedGraph, save } from "../../machine/scheduler/saved.ts";
import { type SchedulerOptions, SchedulerState } from "../../machine/scheduler/state.ts";
import { Answers } from "./answers.ts";
import type { JournalRecord, Numbered } from "./records.ts";

/** Names by number. */
export type Keys = Map<number, string>;

export class SchedulerMemory {
  readonly #options: Partial<SchedulerOptions>;
  scheduler: SchedulerState;
  coordination: CoordinationMachine = new CoordinationMachine();
  answers: Answers = new Answers();
  readonly clients: Keys = new Map();
  readonly workers: Keys = new Map();
  /** Workers of actors, by key. */
  readonly actors: Map<string, string> = new Map();
  nextClient = 0;
  nextWorker = 0;
  /** How many schedulers there have been. */
  life = 0;
  #graphs: SavedGraph[] = [];

  constructor(options: Partial<SchedulerOptions>) {
    this.#options = options;
    this.scheduler = new SchedulerState(options);
  }

  /** Whether there is nothing to remember. */
  get isNew(): boolean {
    return this.life === 0;
  }

  /** Takes what a journal holds, in order. */
  read(records: readonly JournalRecord[]): void {
    for (const record of records) this.#take(record);
  }

  #take(record: JournalRecord): void {
    switch (record.kind) {
      case "life":
        this.life = record.life;
        return;
      case "client":
        this.clients.set(record.number, record.key);
        this.nextClient = Math.max(this.nextClient, record.number + 1);
        return;
      case "worker":
        this.workers.set(record.number, record.key);
        this.nextWorker = Math.max(this.nextWorker, record.number + 1);
        return;
      case "worker-gone":
        this.workers.delete(record.number);
        return;
      case "actor":
        this.actors.set(record.key, record.worker);
        return;
      case "actor-gone":
        this.actors.delete(record.key);
        return;
      case "coordination":
        this.coordination.step(record.event === undefined ? [] : [record.event], record.atMs);
        return;
      case "saved-graph":
        this.#graphs.push(record);
        return;
      case "saved":
        return this.#restore(record);
      default:
        return this.#play(record);
    }
  }

  #play(fact: Fact): void {
    replay(this.scheduler, [fact]);
    this.answers.learn(fact);
    if (fact.kind === "client-left") this.clients.delete(fact.client);
  }

  #restore(saved: Extract<JournalRecord, { kind: "saved" }>): void {
    this.scheduler = restore({ ...saved, graphs: this.#graphs }, this.#options);
    this.#graphs = [];
    // Deadlines are of another clock; they begin again when the scheduler does.
    this.coordination = CoordinationMachine.restore(saved.coordination, 0).machine;
    for (const answer of saved.answers) this.answers.add(answer);
    for (const { number, key } of saved.clientKeys) this.clients.set(number, key);
    for (const { number, key } of saved.workerKeys) this.workers.set(number, key);
    this.nextClient = saved.nextClient;
    this.nextWorker = saved.nextWorker;
    this.life = saved.life;
  }

  /** The records that a journal begins with that has nothing before them. */
  save(): JournalRecord[] {
    const { graphs, ...rest } = save(this.scheduler);
    return [
      ...graphs.map((graph) => ({ kind: "saved-graph" as const, ...graph })),
      {
        kind: "saved",
        ...rest,
        life: this.life,
        nextClient: this.nextClient,
        nextWorker: this.nextWorker,
        clientKeys: numbered(this.clients),
        workerKeys: numbered(this.workers),
        answers: this.answers.all(),
        coordination: this.coordination.snapshot(),
      },
      ...Array.from(this.actors, ([key, worker]) => ({ kind: "actor" as const, key, worker })),
    ];
  }
}

function numbered(keys: Keys): Numbered[] {
  return Array.from(keys, ([number, key]) => ({ number, key }));
}
