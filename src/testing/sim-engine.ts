/**
 * @file A whole engine without threads, disk or clock: the real machines under virtual time,
 * several clients that change their minds, workers that die. One seed is one run, always the same.
 * Routes messages between the machines, at once (as in one process) or with random delays (as in a
 * cluster).
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import type { WorkerEvent } from "../machine/worker/events.ts";
import { SimClient } from "./sim-client.ts";
import { SimClock, SimLink } from "./sim-clock.ts";
import type { SimShell } from "./sim-shell.ts";
import { SimWorker, type SimWorkerOptions } from "./sim-worker.ts";

export interface SimOptions extends Omit<SimWorkerOptions, "number" | "side"> {
  readonly seed: number;
  /** Mean delay between scheduler and workers; 0: they are one process. */
  readonly workerDelayMs: number;
}

/** Mean delay between clients and scheduler. */
const CLIENT_DELAY_MS = 0.05;

interface Read {
  readonly ids: readonly number[];
  readonly done: (missing: readonly number[]) => void;
}

export class SimEngine {
  readonly clock: SimClock = new SimClock();
  readonly prng: Prng;
  readonly scheduler: SchedulerMachine = new SchedulerMachine({ allowedFailures: 3 });
  readonly options: SimOptions;
  /** All workers that there have been; the last is alive. */
  readonly workers: SimWorker[] = [];
  readonly #clients = new Map<number, { client: SimClient; link: SimLink<SchedulerCommand> }>();
  readonly #reads = new Map<number, Read>();
  #toWorker!: SimLink<WorkerEvent>;
  #events: SchedulerEvent[] = [];
  #nextClient = 1;
  #nextReader = 1;
  readonly #shell: SimShell;

  constructor(options: SimOptions) {
    this.options = options;
    this.prng = new Prng(options.seed);
    this.#shell = {
      clock: this.clock,
      prng: this.prng,
      tellScheduler: () => undefined,
      pinned: (reader, missing) => this.#pinned(reader, missing),
      connect: () => this.connect(),
      leave: (client) => this.leave(client),
    };
    this.#startWorker();
  }

  get worker(): SimWorker {
    return this.workers.at(-1)!;
  }

  connect(): SimClient {
    const number = this.#nextClient++;
    const toScheduler = new SimLink<SchedulerEvent>(
      this.clock,
      this.prng,
      CLIENT_DELAY_MS,
      (event) => this.#hear(event),
    );
    const client = new SimClient(number, (event) => toScheduler.send(event));
    const link = new SimLink<SchedulerCommand>(this.clock, this.prng, CLIENT_DELAY_MS, (news) => {
      if ("client" in news) client.hear(news);
    });
    this.#clients.set(number, { client, link });
    return client;
  }

  leave(client: SimClient): void {
    client.leave();
  }

  /**
   * Has the worker keep values in memory; `done` says which it does not have, and then nothing is
   * kept.
   */
  read(ids: readonly number[], done: (missing: readonly number[]) => void): void {
    const reader = this.#nextReader++;
    this.#reads.set(reader, { ids, done });
    this.worker.hear({ kind: "pin", reader, ids: Int32Array.from(ids) });
  }

  /** The worker dies with all its values; another one takes its place. */
  killWorker(): void {
    const dead = this.worker;
    dead.kill();
    for (const client of dead.threads.clients) client.leave();
    this.#hear({ kind: "worker-lost", worker: dead.number, reason: "killed" });
    this.#startWorker();
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    for (const { ids, done } of reads) done(ids);
  }

  /** Runs until nothing is left to happen. Throws when an invariant breaks or time runs away. */
  run(stepsMax = 2_000_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      this.#settle();
      if (!this.clock.advance()) return;
    }
    assert(false, `the simulation did not end within ${stepsMax} steps`);
  }

  #startWorker(): void {
    const { options } = this;
    const toScheduler = new SimLink<SchedulerEvent>(
      this.clock,
      this.prng,
      options.workerDelayMs,
      (event) => {
        if (!worker.isDead) this.#events.push(event);
      },
    );
    const shell = {
      ...this.#shell,
      tellScheduler: (event: SchedulerEvent) => toScheduler.send(event),
    };
    const worker = new SimWorker({ ...options, number: this.workers.length, side: 0 }, shell);
    this.workers.push(worker);
    this.#toWorker = new SimLink<WorkerEvent>(
      this.clock,
      this.prng,
      options.workerDelayMs,
      (event) => worker.hear(event),
    );
    this.#events.push({
      kind: "worker-joined",
      worker: worker.number,
      address: `sim://${worker.number}`,
      threads: options.threads,
      memoryLimitBytes: options.memoryLimitBytes,
      leasesMax: 64,
    });
  }

  #hear(event: SchedulerEvent): void {
    if (event.kind === "adopt") this.#adopt(event);
    else this.#events.push(event);
  }

  /** The values are put under the ids that the scheduler gives, before anyone can ask for them. */
  #adopt(event: Extract<SchedulerEvent, { kind: "adopt" }>): void {
    this.#settle();
    const { worker } = this;
    const commands = this.scheduler.step([{ ...event, worker: worker.number }]);
    const accepted = commands.find((command) => command.kind === "accepted");
    assert(accepted?.kind === "accepted", "the scheduler accepts values");
    const ids = Int32Array.from(event.bytes, (_, i) => accepted.base + i);
    ids.forEach((id, i) => {
      worker.store.put(id, { name: `${event.name}[${i}]`, bytes: event.bytes[i]! });
    });
    // Engine and worker share a thread: what was said of these ids before has been heard.
    this.#toWorker.flush();
    worker.hear({ kind: "adopt", ids, bytes: event.bytes });
    for (const command of commands) this.#obey(command);
  }

  #settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = this.worker.step();
      if (this.#events.length > 0) {
        isBusy = true;
        const events = this.#events;
        this.#events = [];
        for (const command of this.scheduler.step(events)) this.#obey(command);
      }
      if (!isBusy) {
        this.worker.threads.feed();
        isBusy = this.#events.length > 0 || this.worker.step();
      }
    }
  }

  #obey(command: SchedulerCommand): void {
    switch (command.kind) {
      case "warn":
      case "retired":
        return;
      default:
        if ("client" in command) this.#clients.get(command.client)?.link.send(command);
        else if (command.worker === this.worker.number) this.#toWorker.send(command);
    }
  }

  #pinned(reader: number, missing: Int32Array): void {
    const read = this.#reads.get(reader);
    if (read === undefined) return;
    this.#reads.delete(reader);
    read.done([...missing]);
  }

  /** Everything has been released: nothing may be left anywhere. */
  checkEmpty(): void {
    const s = this.scheduler.state;
    for (const [name, count] of Object.entries(this.scheduler.counts())) {
      assert(name === "forgotten" || count === 0, `${count} tasks are still ${name}`);
    }
    for (const worker of s.workers.values()) {
      assert(worker.leased === 0, `${worker.leased} leases are not accounted for`);
    }
    for (const { wants, cancelled, client } of s.clients.values()) {
      assert(wants.size + cancelled.size === 0, `client ${client} still refers to tasks`);
    }
    assert(s.failures.size + s.attempts.size === 0, "failures of forgotten tasks are kept");
    assert(s.foreignDependents.size === 0, "edges of forgotten tasks are kept");
    assert(s.names.size + s.closing.size === 0, "forgotten graphs are kept");
    const { end } = s.tasks.ranges;
    assert(s.tasks.ranges.allocate(end) === 0, "some ids are not free again");
    this.worker.checkEmpty();
  }
}
