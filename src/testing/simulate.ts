/**
 * @file One simulated run from a seed: several random graphs, some depending on others' results,
 * with releases, cancellations, thread deaths and a disk of random size; then the checks that must
 * hold whatever happened.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { randomGraph } from "./random-graph.ts";
import { SimEngine } from "./sim-engine.ts";

/** What a run did, for the log. */
export interface SimReport {
  readonly seed: number;
  readonly tasks: number;
  readonly runs: number;
  readonly deaths: number;
  readonly spills: number;
  readonly peakBytes: number;
  readonly limitBytes: number;
  readonly virtualMs: number;
}

/** Runs one seed; throws on the first broken invariant. */
export function simulate(seed: number): SimReport {
  const prng = new Prng(seed);
  const limitBytes = 1000 + prng.integer(20_000);
  const diskIsFull = prng.random() < 0.2;
  const engine = new SimEngine({
    seed: seed + 1,
    threads: 1 + prng.integer(6),
    memoryLimitBytes: limitBytes,
    deathRate: prng.random() < 0.4 ? 0.05 * prng.random() : 0,
    diskBytes: diskIsFull ? limitBytes : Number.POSITIVE_INFINITY,
  });
  const wanted = new Set<number>();
  let tasks = 0;
  const failing = prng.random() < 0.5 ? 0.03 : 0;
  const submit = (name: string): void => {
    const held = [...wanted].filter((id) => engine.statusOf(id) === "finished").slice(0, 5);
    const graph = randomGraph(prng, { tasksMax: 200, bytesMax: 3000, failing, held, name });
    tasks += graph.facts.count;
    engine.submit(graph, (outputs) => {
      for (const id of outputs) wanted.add(id);
    });
  };
  const graphs = 1 + prng.integer(5);
  for (let g = 0; g < graphs; g++) {
    engine.after(prng.random() * 200, () => submit(`graph-${g}`));
  }
  for (let i = prng.integer(4); i > 0; i--) {
    engine.after(prng.random() * 400, () => {
      const some = [...wanted].filter(() => prng.random() < 0.2);
      if (prng.random() < 0.5) {
        engine.release(some);
        for (const id of some) wanted.delete(id);
      } else engine.cancel(some);
    });
  }
  engine.run();
  for (const id of wanted) {
    assert(engine.statusOf(id) !== "pending", `output ${id} never settled`);
  }
  // One task's result, one input set and a value on its way back may exceed the limit; a full disk
  // may exceed it freely.
  const roomBytes = 1.1 * limitBytes + engine.options.threads * 2 * engine.largestTaskBytes * 4;
  assert(
    diskIsFull || engine.peakBytes <= roomBytes,
    `${engine.peakBytes} bytes were in use at once, the limit is ${limitBytes}`,
  );
  engine.release([...wanted]);
  engine.run();
  engine.checkEmpty();
  return {
    seed,
    tasks,
    runs: engine.runs,
    deaths: engine.deaths,
    spills: engine.spills,
    peakBytes: engine.peakBytes,
    limitBytes,
    virtualMs: engine.nowMs,
  };
}
