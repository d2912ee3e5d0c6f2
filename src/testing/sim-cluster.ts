/**
 * @file A whole cluster without processes, network or clock: the real machines under virtual time,
 * with a connection between the scheduler and each worker and client. Messages take their time and
 * keep their order on one connection only; workers die, are cut off and come back.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import type {
  Inventory,
  LossCause,
  SchedulerCommand,
  SchedulerEvent,
} from "../machine/scheduler/events.ts";
import { holdersOf } from "../machine/scheduler/replicas.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import { STATE } from "../machine/scheduler/task-table.ts";
import type { WorkerEvent } from "../machine/worker/events.ts";
import { ACTIVITY, ORIGIN, PLACE } from "../machine/worker/value-table.ts";
import { SimClient } from "./sim-client.ts";
import { SimClock, SimLink } from "./sim-clock.ts";
import { SimTransfers } from "./sim-network.ts";
import { SimWorker, type SimWorkerOptions } from "./sim-worker.ts";
import { checkStale, staleReports } from "./stale-reports.ts";

export interface SimClusterOptions extends Omit<SimWorkerOptions, "number" | "side"> {
  readonly seed: number;
  readonly workers: number;
  /** Sides of the network on which workers are, by turns (1); their names tell (`side-0`). */
  readonly sides?: number;
  /** Mean delay of a message. */
  readonly delayMs: number;
  /** See `SchedulerOptions`. */
  readonly homeBytes: number;
  /** Workers' limits are between half and twice `memoryLimitBytes`; default false. */
  readonly isUneven?: boolean;
  /** What is said of a death may come after the hello of who takes the dead one's place. */
  readonly isLate?: boolean;
}

/** A worker and its connection, which another one may replace. */
interface Joined {
  readonly worker: SimWorker;
  readonly link: SimLink<WorkerEvent>;
  /** Set when nothing gets through any more. */
  isCut: boolean;
}

/** A message, and the session in which it was said: what a session did not carry, none does. */
interface Said<T> {
  readonly session: number;
  readonly said: T;
}

/** A client and its connection. */
interface Seat {
  readonly client: SimClient;
  readonly link: SimLink<Said<SchedulerCommand>>;
  session: number;
  /** Its requests that were accepted. */
  readonly answers: Map<number, Answer>;
}

/** What was said of a request, and which tasks its client wants of it. */
export interface Answer {
  readonly accepted: Extract<SchedulerCommand, { kind: "accepted" }>;
  readonly outputs: Int32Array;
}

/** Nothing that is drawn takes nearly so long. */
const LONGEST_MS = 10_800_000;

/** What a scheduler that starts anew knows of a client's request. */
export type AnswerOf = (client: number, request: number) => Answer | undefined;

export class SimCluster {
  readonly clock: SimClock = new SimClock();
  readonly prng: Prng;
  scheduler: SchedulerMachine;
  readonly options: SimClusterOptions;
  readonly transfers: SimTransfers;
  /** All workers that there have been. */
  readonly workers: SimWorker[] = [];
  /** By number; a worker has another number each time that it joins. */
  readonly #joined = new Map<number, Joined>();
  readonly #seats = new Map<number, Seat>();
  /** Clients whose processes are gone: nothing is heard of them any more. */
  readonly #ended = new Set<number>();
  readonly #words = new Map<string, number>();
  readonly #names: string[] = [];
  #events: SchedulerEvent[] = [];
  #nextClient = 1;
  #nextWorker = 0;
  /** How many schedulers there have been before: what was said to one the next does not hear. */
  #life = 0;
  #wakeMs = Number.POSITIVE_INFINITY;
  /** What takes real time and is to be done before anything else happens. */
  readonly #jobs: (() => Promise<void>)[] = [];
  /** Sessions of clients that were lost. */
  lapses = 0;
  /** Workers that have gone as they were asked to. */
  retired = 0;
  /** How often each task has ended its worker. */
  readonly killings: Map<string, number> = new Map();

  constructor(options: SimClusterOptions) {
    this.options = options;
    this.prng = new Prng(options.seed);
    const { homeBytes } = options;
    this.scheduler = new SchedulerMachine({ allowedFailures: 3, homeBytes });
    this.transfers = new SimTransfers(this.clock, this.prng, (number) => this.find(number));
    const { sides = 1 } = options;
    for (let i = 0; i < options.workers; i++) this.startWorker(i % sides);
  }

  /** The worker of this number, if it is there. */
  find(number: number): SimWorker | undefined {
    const joined = this.#joined.get(number);
    return joined === undefined || joined.worker.isDead ? undefined : joined.worker;
  }

  /** Workers that live and are connected. */
  get alive(): SimWorker[] {
    return this.workers.filter((worker) => {
      return !worker.isDead && this.#joined.get(worker.number)?.isCut === false;
    });
  }

  /** How often the scheduler has started anew. */
  get restarts(): number {
    return this.#life;
  }

  connect(): SimClient {
    const number = this.#nextClient++;
    const { clock, prng } = this;
    const { delayMs } = this.options;
    const up = new SimLink<Said<SchedulerEvent>>(clock, prng, delayMs, ({ session, said }) => {
      if (session === seat.session && !this.#ended.has(number)) this.hear(said);
    });
    const client = new SimClient(number, (said) => up.send({ session: seat.session, said }));
    const link = new SimLink<Said<SchedulerCommand>>(clock, prng, delayMs, ({ session, said }) => {
      if ("client" in said && session === seat.session && !client.isAway) client.hear(said);
    });
    const seat: Seat = { client, link, session: 0, answers: new Map() };
    this.#seats.set(number, seat);
    return client;
  }

  startWorker(side: number): void {
    const number = this.#nextWorker++;
    let worker: SimWorker;
    const shell = {
      clock: this.clock,
      prng: this.prng,
      tellScheduler: (event: SchedulerEvent): void => {
        this.#up.get(worker)?.send(event);
      },
      pinned: (reader: number, missing: Int32Array) => this.transfers.pinned(reader, missing),
      connect: () => this.connect(),
      leave: (client: SimClient) => client.leave(),
      network: {
        fetch: (to: SimWorker, holder: number, id: number) => this.transfers.fetch(to, holder, id),
        received: (to: SimWorker, ids: Int32Array, isWanted: boolean) =>
          this.transfers.received(to, ids, isWanted),
        crashed: (dead: SimWorker, id: number, name: string) => this.#crashed(dead, id, name),
        wordOf: (name: string) => this.wordOf(name),
        isLeased: (by: SimWorker, id: number) => this.#isLeased(by, id),
        isConnected: (to: SimWorker) => this.alive.includes(to),
        nameOf: (word: number) => this.#names[word]!,
        rejoined: (back: SimWorker, inventory: Inventory) => this.#rejoined(back, inventory),
        work: (job: () => Promise<void>) => this.#jobs.push(job),
      },
    };
    const { memoryLimitBytes, isUneven = false } = this.options;
    const factor = isUneven ? 2 ** (2 * this.prng.random() - 1) : 1;
    const limit = { memoryLimitBytes: Math.ceil(factor * memoryLimitBytes) };
    worker = new SimWorker({ ...this.options, ...limit, number, side }, shell);
    this.workers.push(worker);
    this.#join(worker, undefined);
  }

  readonly #up = new Map<SimWorker, SimLink<SchedulerEvent>>();

  wordOf(name: string): number {
    let word = this.#words.get(name);
    if (word === undefined) {
      word = this.#names.length;
      this.#names.push(name);
      this.#words.set(name, word);
    }
    return word;
  }

  /** A new connection, with nothing of the old one on its way. */
  #join(worker: SimWorker, inventory: Inventory | undefined): void {
    const { clock, prng } = this;
    const { delayMs, threads } = this.options;
    const { number } = worker;
    const joined: Joined = {
      worker,
      isCut: false,
      link: new SimLink<WorkerEvent>(clock, prng, delayMs, (event) => {
        if (!joined.isCut) worker.hear(event);
      }),
    };
    this.#joined.set(number, joined);
    const up = new SimLink<SchedulerEvent>(clock, prng, delayMs, (event) => {
      if (!joined.isCut) this.hear(event);
    });
    this.#up.set(worker, up);
    up.send({
      kind: "worker-joined",
      worker: number,
      address: `sim://${number}`,
      name: `side-${worker.side}`,
      threads,
      memoryLimitBytes: worker.machine.memory.limitBytes,
      leasesMax: 64,
      roundTripMs: 2 * delayMs,
      ...(inventory === undefined ? {} : { inventory }),
    });
  }

  /** The worker dies; the scheduler hears of it later, and another one takes its place. */
  kill(worker: SimWorker, cause: LossCause = "exit"): void {
    const joined = this.#joined.get(worker.number)!;
    const seen = worker.threads.underWay.filter(() => this.prng.chance(0.7));
    const running = Int32Array.from(seen);
    worker.kill();
    this.transfers.leave(worker);
    const { isLate = false } = this.options;
    if (isLate && !joined.isCut) {
      this.clock.after(this.prng.exponential(5), () => this.startWorker(worker.side));
    }
    this.clock.after(this.prng.exponential(isLate ? 10 : 1), () => {
      const { number } = worker;
      if (!joined.isCut) {
        this.hear({ kind: "worker-lost", worker: number, reason: "killed", cause, running });
      }
      // The scheduler takes them for gone when it hears of the process's end, and not before.
      for (const client of worker.threads.clients) this.#end(client);
      if (joined.isCut) return;
      joined.isCut = true;
      if (isLate) return;
      this.clock.after(this.prng.exponential(20), () => this.startWorker(worker.side));
    });
  }

  #end(client: SimClient): void {
    this.#ended.add(client.number);
    if (client.end()) this.hear({ kind: "client-left", client: client.number });
  }

  #isLeased(worker: SimWorker, id: number): boolean {
    const { state, holder } = this.scheduler.state.tasks;
    const isHere = this.#joined.get(worker.number)?.isCut === false;
    return isHere && state[id] === STATE.leased && holder[id] === worker.number;
  }

  /** A task has ended its worker; what nobody waits for any more is not counted. */
  #crashed(worker: SimWorker, id: number, name: string): void {
    if (this.#isLeased(worker, id)) {
      this.killings.set(name, (this.killings.get(name) ?? 0) + 1);
    }
    this.kill(worker);
  }

  /** The worker and the scheduler lose each other; later the worker joins again. */
  cutOff(worker: SimWorker): void {
    const joined = this.#joined.get(worker.number)!;
    const { number } = worker;
    joined.isCut = true;
    this.clock.after(this.prng.exponential(20), () => {
      this.hear({ kind: "worker-lost", worker: number, reason: "silent", cause: "silence" });
      this.clock.after(this.prng.exponential(20), () => {
        if (!worker.isDead) worker.hear({ kind: "rejoin" });
        else this.startWorker(worker.side);
      });
    });
  }

  /**
   * The scheduler ends, with all that was on its way, and another one takes its place, which waits
   * for the workers for a while. Then the clients come back.
   */
  restartScheduler(scheduler: SchedulerMachine, answerOf: AnswerOf): void {
    this.scheduler = scheduler;
    this.#life++;
    this.#events = [];
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const life = this.#life;
    for (const seat of this.#seats.values()) lapse(seat);
    for (const worker of this.workers) {
      const joined = this.#joined.get(worker.number)!;
      if (joined.isCut) continue;
      joined.isCut = true;
      this.clock.after(this.prng.exponential(5), () => {
        if (worker.isDead) this.startWorker(worker.side);
        else worker.hear({ kind: "rejoin" });
      });
    }
    this.clock.after(this.prng.exponential(15), () => {
      if (life !== this.#life) return;
      this.hear({ kind: "recovered" });
      for (const seat of this.#seats.values()) {
        // Those that have come meanwhile were never away.
        if (seat.client.isAway) this.#comeBack(seat, answerOf);
      }
    });
  }

  /**
   * A client's session is lost, with what was on its way, and it comes back with another. `knows`:
   * the scheduler remembers what it has accepted.
   */
  loseSession(client: SimClient, knows: boolean): void {
    const seat = this.#seats.get(client.number)!;
    if (client.isAway || this.#ended.has(client.number)) return;
    lapse(seat);
    this.lapses++;
    const { session } = seat;
    this.clock.after(this.prng.exponential(20), () => {
      // The scheduler may have started anew meanwhile.
      if (seat.session !== session) return;
      this.#comeBack(seat, (_, request) => (knows ? seat.answers.get(request) : undefined));
    });
  }

  #comeBack(seat: Seat, answerOf: AnswerOf): void {
    const { client, link } = seat;
    const session = ++seat.session;
    if (this.#ended.has(client.number)) {
      client.isAway = false;
      return this.hear({ kind: "client-left", client: client.number });
    }
    client.comeBack((number, request) => {
      const answer = answerOf(number, request);
      if (answer === undefined) return undefined;
      link.send({ session, said: answer.accepted });
      return answer.outputs;
    });
  }

  #rejoined(worker: SimWorker, inventory: Inventory): void {
    worker.number = this.#nextWorker++;
    this.#join(worker, inventory);
  }

  hear(event: SchedulerEvent): void {
    this.#events.push(event);
  }

  /** Runs until nothing is left to happen. Throws when an invariant breaks or time runs away. */
  run(stepsMax = 2_000_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      this.#settle();
      if (!this.clock.advance()) return;
      assert(this.clock.nowMs < LONGEST_MS, "something goes round for ever");
    }
    assert(false, `the simulation did not end within ${stepsMax} steps`);
  }

  /** As `run`, for graphs whose tasks really do something; ends early once it is over. */
  async work(isOver: () => boolean = () => false): Promise<void> {
    while (!isOver()) {
      this.#settle();
      const job = this.#jobs.shift();
      if (job !== undefined) await job();
      else if (!this.clock.advance()) return;
    }
  }

  #settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = this.#stepScheduler();
      for (const worker of this.workers) if (worker.step()) isBusy = true;
      if (isBusy) continue;
      for (const worker of this.workers) {
        worker.threads.feed();
        if (worker.step()) isBusy = true;
      }
    }
  }

  #stepScheduler(): boolean {
    const { nowMs } = this.clock;
    if (this.#events.length === 0 && nowMs < this.#wakeMs) return false;
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const events = this.#events;
    this.#events = [];
    const stale = staleReports(this.scheduler, events);
    const commands = this.scheduler.step(events, nowMs);
    checkStale(this.scheduler, stale);
    for (const command of commands) this.#obey(command);
    const { nextWakeMs } = this.scheduler;
    if (nextWakeMs < Number.POSITIVE_INFINITY) {
      assert(nextWakeMs > nowMs, "the scheduler wants to be woken in the past");
      this.#wakeMs = nextWakeMs;
      this.clock.after(nextWakeMs - nowMs, () => undefined);
    }
    return events.length > 0;
  }

  #obey(command: SchedulerCommand): void {
    if (command.kind === "warn") return;
    if (command.kind === "retired") return this.#retire(command.worker, command.left);
    if ("client" in command) {
      const seat = this.#seats.get(command.client);
      if (command.kind === "accepted") this.#accepted(command, seat);
      seat?.link.send({ session: seat.session, said: command });
    } else {
      this.#joined.get(command.worker)?.link.send(command);
    }
  }

  /** The worker has nothing that counts, or leaves in any case: it goes, and another one comes. */
  #retire(number: number, left: number): void {
    const worker = this.find(number);
    const isLeaving = this.scheduler.state.workers.get(number)?.isLeaving;
    if (worker === undefined || (left > 0 && isLeaving !== true)) return;
    this.retired++;
    worker.kill();
    this.transfers.leave(worker);
    this.hear({ kind: "worker-lost", worker: number, reason: "retired", cause: "expected" });
    for (const client of worker.threads.clients) this.#end(client);
    this.clock.after(this.prng.exponential(20), () => this.startWorker(worker.side));
  }

  #accepted(accepted: Answer["accepted"], seat: Seat | undefined): void {
    const { base, ids, request } = accepted;
    this.#checkUnused(base);
    const { facts } = this.scheduler.state.graphs.find((graph) => graph?.base === base) ?? {};
    // Of graphs alone: what a client was to bring it brings anew.
    if (facts === undefined || facts.templates.length === 0) return;
    const outputs = facts.outputs.map((local) => ids?.[local] ?? base + local);
    seat?.answers.set(request, { accepted, outputs });
  }

  /** No worker may be busy with an id that is given to another task. */
  #checkUnused(base: number): void {
    const record = this.scheduler.state.graphs.find((graph) => graph?.base === base);
    if (record === undefined) return;
    for (const worker of this.alive) {
      if (!this.scheduler.state.workers.has(worker.number)) continue;
      if (this.scheduler.state.workers.get(worker.number)!.stale.size > 0) continue;
      const { activity, place, pins } = worker.machine.values;
      for (let id = base; id < base + record.facts.count; id++) {
        const isBusy =
          (activity[id] ?? ACTIVITY.none) !== ACTIVITY.none ||
          (place[id] ?? PLACE.nowhere) !== PLACE.nowhere ||
          (pins[id] ?? 0) > 0;
        assert(!isBusy, `id ${id} is used again while worker ${worker.number} is busy with it`);
      }
    }
  }

  /** Nothing is on its way: scheduler and workers must agree on where every value is. */
  checkPlaces(): void {
    const s = this.scheduler.state;
    for (const worker of this.alive) {
      worker.checkPlaces();
      const { place, origin, bytes, epoch, pins } = worker.machine.values;
      let held = 0;
      for (let id = 0; id < worker.machine.values.end; id++) {
        if (place[id] === PLACE.nowhere || origin[id] === ORIGIN.lent) continue;
        held += bytes[id]!;
        const isKnown =
          s.tasks.state[id] === STATE.memory && holdersOf(s, id).includes(worker.number);
        assert(isKnown, `worker ${worker.number} has ${id}, which the scheduler does not know`);
        assert(epoch[id] === s.tasks.epoch[id], `${id} is of a lease that was not the last`);
        assert(pins[id] === 0, `${id} is kept for ${pins[id]} readers, of which there are none`);
      }
      const counted = s.heldBytes(worker.number);
      assert(counted === held, `worker ${worker.number} holds ${held} bytes, not ${counted}`);
    }
    for (let id = 0; id < s.tasks.ranges.end; id++) {
      if (s.tasks.state[id] !== STATE.memory) continue;
      const holders = holdersOf(s, id);
      assert(holders.length > 0 || s.tasks.isWord(id), `nobody has ${id}`);
      for (const holder of holders) {
        const value = this.find(holder)?.store.find(id);
        assert(value, `worker ${holder} does not have ${id}`);
      }
    }
  }

  /** Everything has been released: nothing may be left anywhere. */
  checkEmpty(): void {
    const s = this.scheduler.state;
    for (const [name, count] of Object.entries(this.scheduler.counts())) {
      assert(name === "forgotten" || count === 0, `${count} tasks are still ${name}`);
    }
    for (const { worker, leased, tableLeased, slotsUsed } of s.workers.values()) {
      assert(leased + tableLeased + slotsUsed === 0, `worker ${worker} still has leases`);
      assert(s.heldBytes(worker) === 0, `worker ${worker} is thought to hold values`);
    }
    for (const { wants, cancelled, client } of s.clients.values()) {
      assert(wants.size + cancelled.size === 0, `client ${client} still refers to tasks`);
    }
    assert(s.failures.size + s.attempts.size === 0, "failures of forgotten tasks are kept");
    assert(s.foreignDependents.size + s.replicas.size === 0, "forgotten tasks are referred to");
    assert(s.suspects.size + s.trials.size + s.parked.size === 0, "forgotten tasks still wait");
    assert(s.names.size + s.closing.size === 0, "forgotten graphs are kept");
    const { end } = s.tasks.ranges;
    assert(s.tasks.ranges.allocate(end) === 0, "some ids are not free again");
    for (const worker of this.alive) worker.checkEmpty();
  }
}

/** Nothing that was said in the session, or is said until there is another one, is heard. */
function lapse(seat: Seat): void {
  seat.session++;
  seat.client.isAway = true;
}
