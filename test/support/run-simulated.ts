/**
 * @file Runs a real graph on a simulated cluster: the machines decide, messages and transfers take
 * their random time, workers die, are cut off and are short of memory, and the tasks really run.
 * The result must be what it is everywhere else.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { graphMessage } from "../../src/cluster/graph-message.ts";
import { failureOf } from "../../src/cluster/sync.ts";
import type { TaskObserver } from "../../src/cluster/watch.ts";
import { assert, type ErrorCode, HeddleError } from "../../src/core/errors.ts";
import { Prng } from "../../src/core/prng.ts";
import type { TaskGraph } from "../../src/core/task-graph.ts";
import { holdersOf } from "../../src/machine/scheduler/replicas.ts";
import type { SimGraph } from "../../src/testing/random-graph.ts";
import type { SimClient } from "../../src/testing/sim-client.ts";
import { SimCluster } from "../../src/testing/sim-cluster.ts";
import { decoded, RealWork } from "./real-work.ts";

const MIB = 2 ** 20;
const WORKERS = 3;
/** Fewer deaths than a task may cause: none is blamed without reason. */
const KILLS_MAX = 3;

/** Runs `graph`, and all that goes wrong with it, from a seed; resolves to its outputs' values. */
export async function runSimulated(
  graph: TaskGraph,
  seed: number,
  signal?: AbortSignal,
  observer?: TaskObserver,
): Promise<unknown[]> {
  assert(graph.held === undefined, "a simulated cluster holds no values of an engine");
  const folder = mkdtempSync(join(tmpdir(), "heddle-sim-"));
  try {
    const work = new RealWork(graph, folder, observer);
    return await new SimulatedRun(simGraphOf(graph, work, seed), work, seed).values(signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function simGraphOf(graph: TaskGraph, work: RealWork, seed: number): SimGraph {
  const { count } = graph;
  const prng = new Prng(seed);
  return {
    name: "graph",
    // Whatever cannot be encoded is refused here, as by every engine.
    facts: graphMessage(graph).facts,
    durationMs: Float64Array.from({ length: count }, () => prng.exponential(2)),
    // Until a task has run it is not known how much room its value takes.
    bytes: new Float64Array(count),
    failures: new Uint8Array(count),
    tries: new Uint8Array(count),
    killers: new Set(),
    children: new Map(),
    heldNames: new Map(),
    work,
  };
}

class SimulatedRun {
  readonly #cluster: SimCluster;
  readonly #client: SimClient;
  readonly #graph: SimGraph;
  readonly #work: RealWork;
  readonly #prng: Prng;
  #outputs: readonly number[] = [];
  #isSettled = false;

  constructor(graph: SimGraph, work: RealWork, seed: number) {
    this.#graph = graph;
    this.#work = work;
    this.#prng = new Prng(seed + 1);
    this.#cluster = new SimCluster({
      seed: seed + 2,
      workers: WORKERS,
      threads: 2,
      memoryLimitBytes: 1024 * MIB,
      deathRate: 0,
      lossRate: 0.02,
      diskBytes: Number.POSITIVE_INFINITY,
      diskMs: 1,
      slabValueBytes: 0,
      slabBytes: 0,
      delayMs: this.#prng.random(),
      homeBytes: 1000,
    });
    this.#client = this.#cluster.connect();
    this.#planFaults();
  }

  async values(signal: AbortSignal | undefined): Promise<unknown[]> {
    this.#client.submit(this.#graph, undefined, (outputs) => {
      this.#outputs = outputs;
      this.#client.settled(outputs, () => {
        this.#isSettled = true;
      });
    });
    const values: unknown[] = [];
    try {
      await this.#cluster.work(() => this.#isSettled || signal?.aborted === true);
      signal?.throwIfAborted();
      for (const [i, id] of this.#outputs.entries()) values.push(await this.#value(id, i));
    } finally {
      this.#client.release(this.#outputs);
      await this.#cluster.work();
    }
    this.#cluster.checkPlaces();
    this.#cluster.checkEmpty();
    return values;
  }

  /** The value of an output, which may be lost, and made again, before it has been read. */
  async #value(id: number, index: number): Promise<unknown> {
    for (;;) {
      await this.#cluster.work(() => this.#client.statusOf(id) !== "pending");
      this.#throwFailure(id, index);
      const encoded = await this.#read(id);
      if (encoded !== undefined) return await decoded(encoded);
      // In time the client hears that it is lost.
      await this.#pass(1);
    }
  }

  async #pass(ms: number): Promise<void> {
    let isOver = false;
    this.#cluster.clock.after(ms, () => {
      isOver = true;
    });
    await this.#cluster.work(() => isOver);
  }

  #throwFailure(id: number, index: number): void {
    const status = this.#client.statusOf(id);
    assert(status !== "pending", `output ${index} never settled`);
    assert(status !== "cancelled", `output ${index} was cancelled`);
    if (status === "finished") return;
    const { error, culprit, attempts } = this.#client.machine.failureOf(id)!;
    // What the scheduler says is plain, what a task has thrown is as it was.
    if (error instanceof Error) throw failureOf(error, culprit, attempts);
    const { code, message } = error as { code: ErrorCode; message: string };
    throw new HeddleError(code, message, { fields: { key: culprit, attempts } });
  }

  /** The bytes of a value; undefined when its holder has gone or does not have it any more. */
  async #read(id: number): Promise<Uint8Array | undefined> {
    const { scheduler, transfers } = this.#cluster;
    const worker = this.#cluster.find(holdersOf(scheduler.state, id)[0] ?? -1);
    if (worker === undefined) return undefined;
    let isAnswered = false;
    let encoded: Uint8Array | undefined;
    transfers.read(worker, [id], (missing) => {
      isAnswered = true;
      if (missing.length > 0) return;
      encoded = worker.store.heap.get(id)!.encoded;
      worker.hear({ kind: "unpin", ids: Int32Array.of(id) });
    });
    await this.#cluster.work(() => isAnswered);
    return encoded;
  }

  #planFaults(): void {
    const prng = this.#prng;
    const spanMs = 4 + this.#graph.facts.count;
    const at = (act: () => void): void => {
      this.#cluster.clock.after(prng.random() * spanMs, act);
    };
    for (let i = prng.integer(KILLS_MAX + 1); i > 0; i--) at(() => this.#kill());
    if (prng.chance(0.3)) at(() => this.#cutOff());
    for (let i = prng.integer(3); i > 0; i--) at(() => this.#press());
  }

  #kill(): void {
    const worker = this.#prng.pick(this.#cluster.alive);
    if (worker === undefined) return;
    this.#cluster.kill(worker);
    this.#work.forget(worker.number);
  }

  #cutOff(): void {
    const worker = this.#prng.pick(this.#cluster.alive);
    if (worker !== undefined) this.#cluster.cutOff(worker);
  }

  /** There is hardly any room for values for a while; what one task needs there is. */
  #press(): void {
    const worker = this.#prng.pick(this.#cluster.alive);
    worker?.hear({ kind: "limit", bytes: 1000, mostBytes: 1024 * MIB });
    this.#cluster.clock.after(this.#prng.exponential(50), () => {
      worker?.hear({ kind: "limit", bytes: 1024 * MIB });
    });
  }
}
