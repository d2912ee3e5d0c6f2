/**
 * @file One simulated run from a seed: several clients with random graphs, some depending on
 * others' results or submitted by tasks, with releases, cancellations, retries, reads, deaths of
 * threads and workers, and a disk that may be small or damaged; then the checks that must hold
 * whatever happened.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { footprintOf, randomGraph, type SimGraph } from "./random-graph.ts";
import type { SimClient } from "./sim-client.ts";
import { SimEngine } from "./sim-engine.ts";

/** What a run did, for the log. */
export interface SimReport {
  readonly seed: number;
  readonly tasks: number;
  readonly runs: number;
  readonly deaths: number;
  readonly spills: number;
  readonly losses: number;
  readonly nested: number;
  readonly workers: number;
  readonly peakBytes: number;
  readonly limitBytes: number;
  readonly virtualMs: number;
}

/**
 * In half of the runs, small values share slabs. Drawn apart, so that seeds stay what they were.
 */
function slabs(prng: Prng): { slabValueBytes: number; slabBytes: number } {
  if (prng.chance(0.5)) return { slabValueBytes: 0, slabBytes: 0 };
  const slabValueBytes = 100 + prng.integer(900);
  return { slabValueBytes, slabBytes: slabValueBytes * (1 + prng.integer(3)) };
}

/** Runs one seed; throws on the first broken invariant. */
export function simulate(seed: number): SimReport {
  const scenario = new Scenario(seed);
  scenario.plan();
  scenario.engine.run();
  scenario.checkSettled();
  scenario.releaseAll();
  scenario.engine.run();
  scenario.engine.checkEmpty();
  return scenario.report();
}

/** A client and the tasks it refers to, with what their values are. */
interface User {
  readonly client: SimClient;
  readonly wanted: Map<number, string>;
}

/** Time in which clients act. */
const ACTIVE_MS = 400;

class Scenario {
  readonly engine: SimEngine;
  readonly #seed: number;
  readonly #prng: Prng;
  readonly #users: User[];
  readonly #graphs: SimGraph[] = [];
  readonly #failing: number;
  readonly #nesting: number;
  readonly #pure: boolean;
  readonly #bytesOf = new Map<string, number>();
  readonly #isDiskFull: boolean;
  /** Whether the limit is just 1.1 times what the largest task needs. */
  readonly #isTight: boolean;
  /**
   * The largest that one task pins and makes, that it makes, that one read takes; and all that
   * clients brought.
   */
  #footprintBytes = 0;
  #resultBytes = 0;
  #readBytes = 0;
  #adoptedBytes = 0;
  #tasks = 0;

  constructor(seed: number) {
    const prng = new Prng(seed);
    this.#seed = seed;
    this.#prng = prng;
    this.#isDiskFull = prng.chance(0.2);
    this.#failing = prng.chance(0.5) ? 0.03 : 0;
    this.#nesting = prng.chance(0.4) ? 0.1 : 0;
    this.#pure = prng.chance(0.3);
    this.#isTight = prng.chance(0.3);
    const limitBytes = 1000 + prng.integer(20_000);
    this.engine = new SimEngine({
      seed: seed + 1,
      threads: 1 + prng.integer(6),
      memoryLimitBytes: limitBytes,
      deathRate: prng.chance(0.4) ? 0.05 * prng.random() : 0,
      lossRate: prng.chance(0.2) ? 0.1 : 0,
      diskBytes: this.#isDiskFull ? limitBytes : Number.POSITIVE_INFINITY,
      diskMs: 1,
      workerDelayMs: prng.chance(0.4) ? prng.random() : 0,
      ...slabs(new Prng(seed + 2)),
    });
    this.#users = Array.from({ length: 1 + prng.integer(3) }, () => ({
      client: this.engine.connect(),
      wanted: new Map<number, string>(),
    }));
  }

  /** Sets the timers of all that clients will do. */
  plan(): void {
    const prng = this.#prng;
    const { clock } = this.engine;
    for (let g = 1 + prng.integer(5); g > 0; g--) {
      clock.after(prng.random() * 200, () => this.#submit(this.#user()));
    }
    const acts = [
      () => this.#release(this.#user()),
      () => this.#cancel(this.#user()),
      () => this.#retry(this.#user()),
      () => {
        for (let n = 1 + prng.integer(3); n > 0; n--) this.#read(this.#user());
      },
      () => this.#submitAgain(this.#user()),
      () => this.#adopt(this.#user()),
    ];
    for (let i = prng.integer(12); i > 0; i--) {
      clock.after(prng.random() * ACTIVE_MS, () => prng.pick(acts)?.());
    }
    if (prng.chance(0.1)) clock.after(prng.random() * ACTIVE_MS, () => this.engine.killWorker());
    if (prng.chance(0.1)) clock.after(prng.random() * ACTIVE_MS, () => this.#leave(this.#user()));
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
    const graph = randomGraph(prng, {
      name: `graph-${this.#graphs.length}`,
      tasksMax: 200,
      bytesMax: 3000,
      failing: this.#failing,
      nesting: this.#nesting,
      // What uses values of others is another graph each time.
      pure: this.#pure && held.length === 0,
      held,
    });
    if (this.#isTight) this.#scale(graph);
    this.#graphs.push(graph);
    this.#send(user, graph);
  }

  /** Makes its largest task take the limit divided by 1.1, as far as its own values can. */
  #scale(graph: SimGraph): void {
    const limitBytes = this.engine.options.memoryLimitBytes;
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
    this.#send(user, graph);
    // On their way at the same time: a release of what was just asked for once more.
    if (this.#prng.chance(0.5)) this.#release(user);
  }

  #send(user: User, graph: SimGraph): void {
    this.#tasks += graph.facts.count;
    this.#learn(graph);
    const footprint = footprintOf(graph, (name) => this.#bytesOf.get(name) ?? 0);
    this.#footprintBytes = Math.max(this.#footprintBytes, footprint);
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
      this.#resultBytes = Math.max(this.#resultBytes, bytes);
    });
    for (const child of graph.children.values()) this.#learn(child);
  }

  /** One reference to a task is enough. */
  #want(user: User, id: number, name: string): void {
    if (user.wanted.has(id)) user.client.release([id]);
    else user.wanted.set(id, name);
  }

  #adopt(user: User): void {
    const name = `data-${this.#graphs.length}-${this.#tasks++}`;
    const bytes = Float64Array.from({ length: 1 + this.#prng.integer(4) }, () =>
      this.#prng.integer(2000),
    );
    bytes.forEach((size, i) => {
      this.#bytesOf.set(`${name}[${i}]`, size);
    });
    this.#adoptedBytes += bytes.reduce((sum, size) => sum + size, 0);
    user.client.adopt(this.engine.worker.number, name, bytes, (outputs) => {
      outputs.forEach((id, i) => {
        this.#want(user, id, `${name}[${i}]`);
      });
    });
  }

  #release(user: User): void {
    const ids = this.#some(user);
    for (const id of ids) user.wanted.delete(id);
    user.client.release(ids);
  }

  #cancel(user: User): void {
    user.client.cancel(this.#some(user), this.#prng.chance(0.3));
  }

  #retry(user: User): void {
    user.client.retry([...user.wanted.keys()]);
  }

  /**
   * Reads finished values: while they are pinned they must be in memory, and be what was asked for.
   */
  #read(user: User): void {
    const { engine } = this;
    const { client, wanted } = user;
    const ids = this.#some(user).filter((id) => client.statusOf(id) === "finished");
    const { worker } = engine;
    const names = ids.map((id) => wanted.get(id)!);
    const bytes = names.reduce((sum, name) => sum + this.#bytesOf.get(name)!, 0);
    this.#readBytes = Math.max(this.#readBytes, bytes);
    const check = (): void => {
      ids.forEach((id, i) => {
        const value = worker.store.heap.get(id);
        assert(value?.name === names[i], `a reader finds ${value?.name} instead of ${names[i]}`);
      });
    };
    for (const id of ids) client.machine.retain(id);
    engine.read(ids, (missing) => {
      if (missing.length > 0) return client.release(ids);
      check();
      engine.clock.after(5 * this.#prng.random(), () => {
        if (!worker.isDead) {
          check();
          worker.hear({ kind: "unpin", ids: Int32Array.from(ids) });
        }
        client.release(ids);
      });
    });
  }

  #leave(user: User): void {
    if (this.#users.length === 1) return;
    this.#users.splice(this.#users.indexOf(user), 1);
    this.engine.leave(user.client);
  }

  checkSettled(): void {
    const { worker, scheduler } = this.engine;
    for (const { client, wanted } of this.#users) {
      for (const [id, name] of wanted) {
        const status = client.statusOf(id);
        assert(status !== "pending", `output ${id} (${name}) never settled`);
        if (status !== "finished") continue;
        assert(scheduler.stateOf(id) === "memory", `${name} is ${scheduler.stateOf(id)}, not done`);
        const value = worker.store.heap.get(id) ?? worker.store.disk.get(id);
        assert(value?.name === name, `the value of ${name} is ${value?.name}`);
      }
    }
    this.#checkMemory();
  }

  /**
   * What runs fits, or it is alone: then its inputs and result may exceed the limit together.
   * Threads that all wait may be granted one request more; one read may be let through; each
   * suspended task keeps its inputs.
   */
  #checkMemory(): void {
    if (this.#isDiskFull) return;
    const limitBytes = this.engine.options.memoryLimitBytes;
    // Each thread fills a slab, and may be given one more; what is in use keeps others.
    const slabBytes = this.engine.options.slabBytes * 2 * this.engine.options.threads;
    for (const { peakBytes, threads } of this.engine.workers) {
      const suspendedBytes = threads.peakSuspended * this.#footprintBytes;
      const boundBytes =
        Math.max(limitBytes, this.#footprintBytes) +
        this.#resultBytes +
        this.#readBytes +
        this.#adoptedBytes +
        suspendedBytes +
        slabBytes;
      assert(peakBytes <= boundBytes, `${peakBytes} bytes were in use, the bound is ${boundBytes}`);
    }
  }

  releaseAll(): void {
    for (const { client, wanted } of this.#users) client.release([...wanted.keys()]);
  }

  report(): SimReport {
    const { workers, clock, options } = this.engine;
    const sum = (of: (worker: (typeof workers)[number]) => number): number =>
      workers.reduce((total, worker) => total + of(worker), 0);
    return {
      seed: this.#seed,
      tasks: this.#tasks,
      runs: sum((worker) => worker.threads.runs),
      deaths: sum((worker) => worker.threads.deaths),
      spills: sum((worker) => worker.store.spills),
      losses: sum((worker) => worker.store.losses),
      nested: sum((worker) => worker.threads.peakSuspended),
      workers: workers.length,
      peakBytes: Math.max(...workers.map((worker) => worker.peakBytes)),
      limitBytes: options.memoryLimitBytes,
      virtualMs: clock.nowMs,
    };
  }
}
