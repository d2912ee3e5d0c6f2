/**
 * @file A network that falls apart for ever: workers lie on sides, and from some time on those of
 * one side cannot reach those of another, though all reach the scheduler. Some tasks may run on one
 * side only. Everything must settle all the same: with values, or with an error that names who
 * could not reach whom.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import type { SimGraph } from "./random-graph.ts";
import type { SimCluster } from "./sim-cluster.ts";

/** Nothing takes half as long: tasks that fail after a minute are tried again by their parents. */
const NEVER_MS = 7_200_000;
/** Share of the functions that may run on one side only. */
const PLACED = 0.15;

/** What an error of a task says that cannot have its inputs. */
interface Unreachable {
  readonly code?: string;
  readonly message?: string;
  readonly fields?: { readonly worker?: string; readonly holder?: string };
}

export class SimDivision {
  /** Workers of the last of three sides stand between the others. */
  readonly sides: number;
  readonly #prng: Prng;
  readonly #isOneWay: boolean;
  readonly #hasPlaces: boolean;

  constructor(seed: number, workers: number) {
    this.#prng = new Prng(seed + 6);
    this.sides = Math.min(workers, 2 + this.#prng.integer(2));
    this.#isOneWay = this.#prng.chance(0.3);
    this.#hasPlaces = this.#prng.chance(0.5);
  }

  /**
   * Divides the cluster at some time before `endMs`. So late that it is as good as never it is
   * whole again, so that copies that are merely wished for come to rest; `checkSettled` is called
   * before.
   */
  plan(cluster: SimCluster, endMs: number, checkSettled: () => void): void {
    // A third side stands between the other two, unless it is cut off from one of them too.
    const isBridge = this.#prng.chance(0.7);
    const isApart = (side: number, from: number): boolean => {
      if (side === from || (this.#isOneWay && side > from)) return false;
      return side + from === 1 || (!isBridge && side + from === 2);
    };
    cluster.clock.after(this.#prng.random() * endMs, () => cluster.transfers.divide(isApart));
    cluster.clock.after(NEVER_MS, () => {
      checkSettled();
      assert(cluster.scheduler.state.retiring.size === 0, "a worker never may go");
      cluster.transfers.divide(() => false);
    });
  }

  /** The graph, with functions that may run on one side only. */
  place(graph: SimGraph): SimGraph {
    if (!this.#hasPlaces) return graph;
    const templates = graph.facts.templates.map((template) => {
      if (!this.#prng.chance(PLACED)) return template;
      const workers = [`side-${this.#prng.integer(this.sides)}`];
      return { ...template, options: { ...template.options, workers } };
    });
    const children = new Map(
      [...graph.children].map(([local, child]) => [local, this.place(child)]),
    );
    return { ...graph, facts: { ...graph.facts, templates }, children };
  }

  /**
   * An error may be of the division: then it names both workers, and nothing else was possible.
   * `hasData`: clients have brought values, which lie where they lie.
   */
  checkError(error: unknown, culprit: string, hasData: boolean): void {
    const { code, message = "", fields = {} } = error as Unreachable;
    if (code !== "Unreachable") return;
    const { worker = "", holder = "" } = fields;
    const isNamed = worker.startsWith("side-") && holder.startsWith("side-") && worker !== holder;
    assert(isNamed, `${culprit} fails for ${worker}, which cannot reach ${holder}`);
    assert(message.includes(worker) && message.includes(holder), `it says only: ${message}`);
    assert(this.#hasPlaces || hasData, `${culprit} could have run on one side alone`);
  }
}
