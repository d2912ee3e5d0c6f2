/**
 * @file One simulated run of a whole cluster from a seed: several clients with random graphs on
 * several workers that die, are cut off from each other or from the scheduler, run out of memory
 * and disk; then the checks that must hold whatever happened.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { holdersOf } from "../machine/scheduler/replicas.ts";
import { footprintOf, randomGraph, type SimGraph } from "./random-graph.ts";
import type { Put, SimClient } from "./sim-client.ts";
import { SimCluster } from "./sim-cluster.ts";
import type { SimValue } from "./sim-disk.ts";
import { SimDivision } from "./sim-division.ts";
import { isExchange, withExchange } from "./sim-exchange.ts";
import { SimRestarts } from "./sim-restarts.ts";
import { withWaits } from "./sim-waits.ts";
import type { SimWorker } from "./sim-worker.ts";

/** What a run did, for the log. */
export interface SimClusterReport {
  readonly seed: number;
  readonly tasks: number;
  readonly runs: number;
  readonly workers: number;
  readonly fetches: number;
  readonly fetchFailures: number;
  readonly spills: number;
  readonly deaths: number;
  readonly rejoins: number;
  readonly scatters: number;
  readonly retired: number;
  readonly denials: number;
  readonly restarts: number;
  readonly exchanges: number;
  /** Sessions of clients that were lost. */
  readonly lapses: number;
  /** Destinations of exchanges that did not find what they were to read. */
  readonly putOff: number;
  readonly killings: number;
  readonly peakBytes: number;
  readonly limitBytes: number;
  readonly virtualMs: number;
}

/** What may be said of a seed; default: nothing. */
export interface SimClusterConditions {
  /**
   * Workers have different limits, some die for lack of memory, and some cannot reach one that
   * reaches them; default false.
   */
  readonly isRough?: boolean;
  /** Some graphs have an exchange; default false. */
  readonly hasExchanges?: boolean;
  /** Workers have less memory for values at times, and some disks are slow; default false. */
  readonly hasPressure?: boolean;
  /** The scheduler ends now and then, and another one takes its place; default false. */
  readonly hasRestarts?: boolean;
  /** From some time on some workers never reach some others again; default false. */
  readonly isDivided?: boolean;
  /** Several tasks wait for the same ones, and some step aside; default false. */
  readonly hasWaits?: boolean;
  /** Clients' sessions are lost, and they come back with others; default false. */
  readonly hasLapses?: boolean;
  /** See `SimClusterOptions`. */
  readonly isLate?: boolean;
  /** Gets the cluster before anything happens. */
  readonly prepare?: (cluster: SimCluster) => void;
}

/** What happens in a run of which nothing is said. */
export function drawConditions(seed: number): SimClusterConditions {
  const prng = new Prng(seed + 5);
  return {
    isRough: prng.chance(0.3),
    hasExchanges: prng.chance(0.4),
    hasPressure: prng.chance(0.3),
    hasRestarts: prng.chance(0.3),
    isDivided: prng.chance(0.2),
    hasWaits: prng.chance(0.3),
    hasLapses: prng.chance(0.3),
    isLate: prng.chance(0.3),
  };
}

/** Runs one seed; throws on the first broken invariant. */
export function simulateCluster(
  seed: number,
  workers = 3,
  conditions: SimClusterConditions = {},
): SimClusterReport {
  const { prepare, hasRestarts = false } = conditions;
  const scenario = new ClusterScenario(seed, workers, conditions);
  prepare?.(scenario.cluster);
  if (hasRestarts) new SimRestarts(scenario.cluster, seed);
  scenario.plan();
  scenario.cluster.run();
  scenario.checkSettled();
  scenario.cluster.checkPlaces();
  scenario.releaseAll();
  scenario.cluster.run();
  scenario.cluster.checkEmpty();
  return scenario.report();
}

/** A client and the tasks it refers to, with what their values are. */
interface User {
  readonly client: SimClient;
  readonly wanted: Map<number, string>;
}

/** Time in which clients act, and things go wrong. */
const ACTIVE_MS = 400;

class ClusterScenario {
  readonly cluster: SimCluster;
  readonly #seed: number;
  readonly #prng: Prng;
  readonly #users: User[];
  readonly #graphs: SimGraph[] = [];
  readonly #failing: number;
  readonly #nesting: number;
  readonly #killing: number;
  readonly #pure: boolean;
  /** Whether the limit is just 1.1 times what the largest task needs. */
  readonly #isTight: boolean;
  readonly #isRough: boolean;
  /** Drawn apart, so that seeds stay what they were. */
  readonly #exchanges: Prng | undefined;
  readonly #pressure: Prng | undefined;
  readonly #division: SimDivision | undefined;
  readonly #waits: Prng | undefined;
  readonly #lapses: Prng | undefined;
  readonly #bytesOf = new Map<string, number>();
  /** Tasks that submit a graph. */
  readonly #submitters = new Map<string, number>();
  #tasks = 0;
  #rejoins = 0;
  #retries = 0;
  #kills = 0;
  #scatters = 0;

  constructor(seed: number, workers: number, conditions: SimClusterConditions) {
    const { isRough = false, hasExchanges = false, hasPressure = false } = conditions;
    this.#isRough = isRough;
    this.#division = conditions.isDivided === true ? new SimDivision(seed, workers) : undefined;
    this.#waits = conditions.hasWaits === true ? new Prng(seed + 7) : undefined;
    this.#lapses = conditions.hasLapses === true ? new Prng(seed + 8) : undefined;
    this.#pressure = hasPressure ? new Prng(seed + 4) : undefined;
    this.#exchanges = hasExchanges ? new Prng(seed + 3) : undefined;
    const prng = new Prng(seed);
    this.#seed = seed;
    this.#prng = prng;
    this.#failing = prng.chance(0.4) ? 0.03 : 0;
    this.#nesting = prng.chance(0.3) ? 0.1 : 0;
    this.#killing = prng.chance(0.2) ? 0.01 : 0;
    this.#pure = prng.chance(0.3);
    this.#isTight = prng.chance(0.3);
    const limitBytes = 2000 + prng.integer(40_000);
    this.cluster = new SimCluster({
      seed: seed + 1,
      workers,
      threads: 1 + prng.integer(4),
      memoryLimitBytes: limitBytes,
      deathRate: prng.chance(0.3) ? 0.03 * prng.random() : 0,
      lossRate: prng.chance(0.2) ? 0.1 : 0,
      diskBytes: prng.chance(0.2) ? limitBytes : Number.POSITIVE_INFINITY,
      slabValueBytes: 0,
      slabBytes: 0,
      diskMs: this.#pressure?.chance(0.4) === true ? 100 : 1,
      delayMs: prng.random(),
      // Many values are worth bringing the tasks to, or none is.
      homeBytes: prng.chance(0.6) ? 200 : 1e6,
      isUneven: isRough,
      sides: this.#division?.sides ?? 1,
      isLate: conditions.isLate ?? false,
    });
    this.#users = Array.from({ length: 1 + prng.integer(3) }, () => ({
      client: this.cluster.connect(),
      wanted: new Map<number, string>(),
    }));
  }

  /** Sets the timers of all that clients will do, and of all that goes wrong. */
  plan(): void {
    const prng = this.#prng;
    for (let g = 1 + prng.integer(5); g > 0; g--) {
      this.#at(200, () => this.#submit(this.#user()));
    }
    const acts = [
      () => this.#release(this.#user()),
      () => this.#cancel(this.#user()),
      () => this.#retry(this.#user()),
      () => this.#read(this.#user()),
      () => this.#submitAgain(this.#user()),
      () => this.#scatter(this.#user()),
      () => this.#scatter(this.#user()),
      () => this.#control(),
    ];
    for (let i = prng.integer(12); i > 0; i--) this.#at(ACTIVE_MS, () => prng.pick(acts)?.());
    if (prng.chance(0.1)) this.#at(ACTIVE_MS, () => this.#leave(this.#user()));
    const faults = prng.chance(0.7) ? 1 + prng.integer(4) : 0;
    for (let i = 0; i < faults; i++) this.#at(ACTIVE_MS, () => this.#fault());
    for (let i = this.#pressure?.integer(8) ?? 0; i > 0; i--) this.#planPressure(this.#pressure!);
    if (this.#lapses !== undefined) this.#planLapses(this.#lapses);
    this.#division?.plan(this.cluster, ACTIVE_MS, () => this.checkSettled());
  }

  /** A worker's process takes more than its values for a while. */
  #planPressure(prng: Prng): void {
    const { clock, options } = this.cluster;
    const share = 0.2 + 0.8 * prng.random();
    const most = share + prng.random();
    const lastsMs = prng.exponential(100);
    clock.after(prng.random() * ACTIVE_MS, () => {
      const worker = prng.pick(this.cluster.alive);
      const bytes = options.memoryLimitBytes;
      worker?.hear({ kind: "limit", bytes: share * bytes, mostBytes: most * bytes });
      clock.after(lastsMs, () => worker?.hear({ kind: "limit", bytes }));
    });
  }

  /** Some client, or one of a task thread, loses its session. */
  #planLapses(prng: Prng): void {
    const knows = prng.chance(0.5);
    for (let i = 1 + prng.integer(6); i > 0; i--) {
      this.cluster.clock.after(prng.random() * ACTIVE_MS, () => {
        const ofThreads = this.cluster.alive.flatMap(({ threads }) => threads.clients);
        const users = this.#users.map(({ client }) => client);
        const client = prng.pick(prng.chance(0.5) ? ofThreads : users);
        if (client !== undefined) this.cluster.loseSession(client, knows);
      });
    }
  }

  #at(withinMs: number, run: () => void): void {
    this.cluster.clock.after(this.#prng.random() * withinMs, run);
  }

  #fault(): void {
    const prng = this.#prng;
    const { alive } = this.cluster;
    const worker = prng.pick(alive);
    const other = prng.pick(alive);
    if (worker === undefined || other === undefined) return;
    const choice = prng.random();
    if (choice < 0.4) {
      this.#kills++;
      this.cluster.kill(worker, this.#isRough && prng.chance(0.5) ? "memory" : "exit");
    } else if (choice < 0.6) {
      this.#rejoins++;
      this.cluster.cutOff(worker);
    } else if (worker !== other) this.#cut(worker, other);
  }

  /** The two cannot reach each other for a while, or one of them not the other. */
  #cut(a: SimWorker, b: SimWorker): void {
    this.cluster.transfers.cut(a, b, this.#isRough && this.#prng.chance(0.5));
    this.cluster.clock.after(this.#prng.exponential(100), () => this.cluster.transfers.heal());
  }

  #user(): User {
    return this.#users[this.#prng.integer(this.#users.length)]!;
  }

  #some(user: User): number[] {
    return [...user.wanted.keys()].filter(() => this.#prng.chance(0.2));
  }

  #submit(user: User): void {
    const prng = this.#prng;
    const held = [...user.wanted]
      .filter(() => prng.chance(0.2))
      .slice(0, 5)
      .map(([id, name]) => ({ id, name }));
    const drawn = randomGraph(prng, {
      name: `graph-${this.#graphs.length}`,
      tasksMax: 200,
      bytesMax: 3000,
      failing: this.#failing,
      nesting: this.#nesting,
      killing: this.#killing,
      pure: this.#pure && held.length === 0,
      held,
    });
    this.#scale(drawn);
    const bare = this.#waits === undefined ? drawn : withWaits(this.#waits, drawn);
    const whole = this.#exchanges?.chance(0.6) ? withExchange(this.#exchanges, bare) : bare;
    const graph = this.#division?.place(whole) ?? whole;
    this.#graphs.push(graph);
    this.#send(user, graph);
  }

  /** In tight runs, makes its largest task take the limit divided by 1.1, as far as it can. */
  #scale(graph: SimGraph): void {
    if (!this.#isTight) return;
    const limitBytes = this.cluster.options.memoryLimitBytes;
    const largest = footprintOf(graph, () => 0);
    const held = footprintOf(graph, (name) => this.#bytesOf.get(name) ?? 0) - largest;
    const factor = Math.max(0, limitBytes / 1.1 - held) / Math.max(1, largest);
    const scale = ({ bytes, children }: SimGraph): void => {
      bytes.forEach((size, i) => {
        bytes[i] = Math.floor(size * factor);
      });
      for (const child of children.values()) scale(child);
    };
    scale(graph);
  }

  /** The same work once more: known tasks are found by their names. */
  #submitAgain(user: User): void {
    const graph = this.#prng.pick(
      this.#graphs.filter(({ facts }) => facts.segments[0]?.pure === true),
    );
    if (graph === undefined) return;
    this.#retries++;
    this.#send(user, graph);
    if (this.#prng.chance(0.5)) this.#release(user);
  }

  #send(user: User, graph: SimGraph): void {
    this.#tasks += graph.facts.count;
    this.#learn(graph);
    const own = [...graph.heldNames].map(([local]) => graph.facts.held![local]!);
    // Inputs are held until the graph has been accepted.
    for (const id of own) user.client.machine.retain(id);
    user.client.submit(graph, undefined, (outputs) => {
      user.client.release(own);
      outputs.forEach((id, i) => {
        this.#want(user, id, `${graph.name}[${graph.facts.outputs[i]}]`);
      });
    });
  }

  #learn(graph: SimGraph): void {
    graph.bytes.forEach((bytes, local) => {
      this.#bytesOf.set(`${graph.name}[${local}]`, bytes);
    });
    for (const child of graph.children.values()) {
      this.#submitters.set(child.name, 1 + (this.#submitters.get(child.name) ?? 0));
      this.#learn(child);
    }
  }

  /** One reference to a task is enough. */
  #want(user: User, id: number, name: string): void {
    if (user.wanted.has(id)) user.client.release([id]);
    else user.wanted.set(id, name);
  }

  #release(user: User): void {
    const ids = this.#some(user);
    for (const id of ids) user.wanted.delete(id);
    user.client.release(ids);
  }

  #cancel(user: User): void {
    user.client.cancel(this.#some(user), this.#prng.chance(0.3));
  }

  #retry({ client, wanted }: User): void {
    this.#retries++;
    client.retry([...wanted.keys()]);
  }

  /** Values of its own, which the client brings to the workers that it is told of. */
  #scatter(user: User): void {
    const { client } = user;
    const name = `data-${this.#graphs.length}-${this.#tasks++}`;
    const bytes = Float64Array.from(
      { length: 1 + this.#prng.integer(4) },
      () => 1 + this.#prng.integer(2000),
    );
    bytes.forEach((size, i) => {
      this.#bytesOf.set(`${name}[${i}]`, size);
    });
    this.#scatters++;
    const broadcast = this.#prng.chance(0.5) ? 1 : 1 + this.#prng.integer(3);
    client.scatter(
      name,
      bytes,
      broadcast,
      (to) => this.#bring(user, to, { name: `${name}[${to.index}]`, bytes: bytes[to.index]! }),
      (outputs) => {
        outputs.forEach((id, i) => {
          this.#want(user, id, `${name}[${i}]`);
        });
      },
    );
  }

  /** Brings a value to its worker; now and then that fails, or nobody wants it any more. */
  #bring(user: User, to: Parameters<Put>[0], value: SimValue): void {
    const { client } = user;
    const { id, epoch } = to;
    if (this.#prng.chance(0.1) && user.wanted.delete(id)) client.release([id]);
    const worker = this.cluster.find(to.worker);
    if (worker !== undefined && !this.#prng.chance(0.1)) {
      this.cluster.transfers.put(worker, id, epoch, value, () => !client.hasLeft);
      return;
    }
    this.cluster.clock.after(this.#prng.exponential(1), () => client.unplaced(id, epoch));
  }

  /** Values are copied and moved, workers are paused or retired. */
  #control(): void {
    const prng = this.#prng;
    const { cluster } = this;
    const worker = prng.pick(cluster.alive);
    if (worker === undefined) return;
    const choice = prng.random();
    if (choice < 0.3) {
      const ids = Int32Array.from(this.#some(this.#user()));
      cluster.hear({ kind: "replicate", ids, copies: 1 + prng.integer(3) });
    } else if (choice < 0.5) cluster.hear({ kind: "rebalance" });
    else if (choice < 0.75) {
      const { number } = worker;
      cluster.hear({ kind: "worker-paused", worker: number, isPaused: true });
      cluster.clock.after(prng.exponential(20), () => {
        cluster.hear({ kind: "worker-paused", worker: number, isPaused: false });
      });
    } else cluster.hear({ kind: "retire", worker: worker.number, isLeaving: choice > 0.9 });
  }

  /** Reads a finished value from one that has it, as a client does. */
  #read(user: User): void {
    const { client, wanted } = user;
    const { state } = this.cluster.scheduler;
    for (const id of this.#some(user)) {
      if (client.statusOf(id) !== "finished") continue;
      const name = wanted.get(id)!;
      this.#checkWord(client, id, name);
      const worker = this.cluster.find(this.#prng.pick(holdersOf(state, id)) ?? -1);
      if (worker === undefined) continue;
      client.machine.retain(id);
      this.cluster.transfers.read(worker, [id], (missing) => {
        if (missing.length > 0) return client.release([id]);
        const value = worker.store.heap.get(id);
        assert(value?.name === name, `a reader finds ${value?.name} instead of ${name}`);
        this.cluster.clock.after(5 * this.#prng.random(), () => {
          if (!worker.isDead) worker.hear({ kind: "unpin", ids: Int32Array.of(id) });
          client.release([id]);
        });
      });
    }
  }

  #checkWord(client: SimClient, id: number, name: string): void {
    const word = client.words.get(id);
    const isWord = this.#bytesOf.get(name) === 0;
    assert(isWord === (word !== undefined), `the value of ${name} is told in the wrong way`);
    if (word !== undefined) assert(word === this.cluster.wordOf(name), `${name} is another word`);
  }

  #leave(user: User): void {
    if (this.#users.length === 1) return;
    this.#users.splice(this.#users.indexOf(user), 1);
    user.client.leave();
  }

  checkSettled(): void {
    this.#checkKillings();
    const { scheduler } = this.cluster;
    for (const { client, wanted } of this.#users) {
      for (const [id, name] of wanted) {
        const status = client.statusOf(id);
        assert(status !== "pending", `output ${id} (${name}) never settled`);
        if (status === "error") this.#checkBlame(client, id);
        if (status !== "finished") continue;
        assert(scheduler.stateOf(id) === "memory", `${name} is ${scheduler.stateOf(id)}, not done`);
        this.#checkWord(client, id, name);
        for (const holder of holdersOf(scheduler.state, id)) {
          const value = this.cluster.find(holder)?.store.find(id);
          assert(value?.name === name, `the value of ${name} is ${value?.name}`);
        }
      }
    }
  }

  /** Only what ends workers is blamed for it, and not too late. */
  #checkBlame(client: SimClient, id: number): void {
    const { error, culprit } = client.machine.failureOf(id)!;
    // Values that clients have brought lie where they lie.
    this.#division?.checkError(error, culprit, this.#scatters > 0 || this.#hasFailedInputs(id));
    const { killings } = this.cluster;
    const fields = (error as { fields?: { deaths?: number } }).fields;
    if (fields?.deaths === undefined) return;
    // One that was let go of with those that it would have failed for is tried again with them.
    const most = 4 + this.#retries;
    const { deaths } = fields;
    assert(deaths >= 4 && deaths <= most, `${culprit} failed after ${deaths} deaths`);
    // Those that were on dying workers with others may be innocent.
    const isSure = this.#kills === 0 && this.#nesting === 0 && this.#waits === undefined;
    // A task alone in its layer has no number in its key.
    const isKiller = killings.has(culprit) || killings.has(`${culprit}[0]`);
    if (isSure) assert(isKiller, `${culprit} was blamed without reason`);
  }

  /** Whether something that the culprit would be made of has failed for another reason. */
  #hasFailedInputs(id: number): boolean {
    const { state } = this.cluster.scheduler;
    const { culpritId = id } = state.failures.get(id) ?? {};
    const stack = [state.failures.has(culpritId) ? culpritId : id];
    const seen = new Set(stack);
    while (stack.length > 0) {
      state.eachDependency(stack.pop()!, (input) => {
        if (seen.has(input)) return;
        seen.add(input);
        stack.push(input);
      });
    }
    return [...seen].some((input) => {
      const other = state.failures.get(input);
      return other !== undefined && other.culpritId !== culpritId;
    });
  }

  #checkKillings(): void {
    for (const [task, deaths] of this.cluster.killings) {
      // Of a death during a restart of the scheduler nobody knows the cause.
      // Each run of a parent after that may cost one more, and each parent may be run three times
      // in each run of its own parent.
      const parents = task.split("/").length - 1;
      const reruns = (3 ** (parents + 1) - 3) / 2;
      const submitters = this.#submitters.get(task.slice(0, task.lastIndexOf("["))) ?? 1;
      const most = submitters * (4 + reruns) * (1 + this.#retries) + this.cluster.restarts;
      assert(deaths <= most, `${task} ended ${deaths} workers, at most ${most} were allowed`);
    }
  }

  releaseAll(): void {
    for (const { client, wanted } of this.#users) client.release([...wanted.keys()]);
  }

  report(): SimClusterReport {
    const { workers, clock, options, transfers, retired, killings } = this.cluster;
    const sum = (of: (worker: SimWorker) => number): number =>
      workers.reduce((total, worker) => total + of(worker), 0);
    return {
      seed: this.#seed,
      tasks: this.#tasks,
      runs: sum((worker) => worker.threads.runs),
      workers: workers.length,
      fetches: transfers.fetches,
      fetchFailures: transfers.failures,
      spills: sum((worker) => worker.store.spills),
      deaths: sum((worker) => worker.threads.deaths),
      rejoins: this.#rejoins,
      scatters: this.#scatters,
      retired,
      restarts: this.cluster.restarts,
      lapses: this.cluster.lapses,
      exchanges: this.#graphs.filter(isExchange).length,
      putOff: sum((worker) => worker.threads.putOff),
      denials: sum((worker) => worker.threads.denials),
      killings: [...killings.values()].reduce((total, deaths) => total + deaths, 0),
      peakBytes: Math.max(...workers.map((worker) => worker.peakBytes)),
      limitBytes: options.memoryLimitBytes,
      virtualMs: clock.nowMs,
    };
  }
}
