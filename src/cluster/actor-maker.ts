/** @file How clients make actors: a class in place of a function, constructed on a worker. */
import type { Actor } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction, TaskOptions } from "../core/graph.ts";
import { type SubmitOptions, unique } from "./call-facts.ts";
import type { ActorOp } from "./control/actor-book.ts";
import { createActor } from "./create-actor.ts";
import type { Future } from "./future.ts";
import { describeGiven, isClass } from "./given.ts";
import type { DraftGraph } from "./submission.ts";
import type { Lazy } from "./types.ts";

/** Stands for the name of the worker that the scheduler will choose. */
const CHOSEN = "heddle-actor:";

/** What `client.options({ actor: true })` gives. */
export interface ActorMaker {
  /**
   * Makes an object of the class on a worker, in one of its task threads, and gives a future of the
   * actor. Arguments may be what those of tasks may be.
   *
   * An actor lives until nobody refers to it: no future, no `Actor` in any thread or process, no
   * value in the engine. With its worker it is lost: calls fail with `Lost`, and it is not made
   * again.
   *
   * @example
   * import { Client } from "heddle";
   * class Counter {
   *   n = 0;
   *   increment(by = 1): number {
   *     this.n += by;
   *     return this.n;
   *   }
   * }
   * await Client.with({ embedded: true }, async (client) => {
   *   const counter = await client.options({ actor: true }).submit(Counter).result();
   *   await counter.increment().result();
   *   console.log(await counter.increment(41).result(), await counter.n.result()); // 42 42
   * });
   */
  submit<A extends unknown[], T extends object>(
    make: new (...args: A) => T,
    ...args: Lazy<A>
  ): Future<Actor<T>>;
}

/**
 * Makes actors through `submit`, which submits a task. With `isFixed` the workers can never change,
 * and there is no choice.
 */
export function actorMaker(
  options: SubmitOptions,
  isFixed: boolean,
  submit: (options: SubmitOptions, fn: TaskFunction, args: readonly unknown[]) => Future,
): ActorMaker {
  const map = (make: unknown): never => {
    const name = isClass(make) ? make.name : "Class";
    throw new HeddleError(
      "InvalidArgument",
      "client.options({ actor: true }) has no map: submit the class once for each actor, as in " +
        `xs.map((x) => client.options({ actor: true }).submit(${name}, x))`,
    );
  };
  const maker: ActorMaker & { readonly map: unknown } = {
    map,
    submit: (make, ...args) => {
      checkClass(make);
      const { concurrency, key = `${make.name || "Actor"}-${unique()}`, ...rest } = options;
      const isFree = !isFixed && rest.workers === undefined;
      const place = isFree ? { workers: [`${CHOSEN}${key}`], allowOtherWorkers: true } : {};
      const task = { ...rest, ...place, pure: false, key };
      return submit(task, createActor as TaskFunction, [make, { concurrency }, ...args]) as never;
    },
  };
  return maker;
}

/**
 * The graph with the workers that the scheduler has chosen for its actors; undefined when it has
 * none that need one.
 */
export function placesOfActors(
  draft: DraftGraph,
  ask: (op: ActorOp) => Promise<unknown>,
): Promise<DraftGraph> | undefined {
  const { templates } = draft.graph;
  if (!templates.some(({ options }) => isUnplaced(options))) return undefined;
  return Promise.all(
    templates.map(async (template) => {
      const { options } = template;
      if (!isUnplaced(options)) return template;
      const { workers, allowOtherWorkers: _, ...rest } = options;
      const worker = await ask({ kind: "actor-place", key: workers[0].slice(CHOSEN.length) });
      if (typeof worker !== "string") return { ...template, options: rest };
      return { ...template, options: { ...rest, workers: [worker], allowOtherWorkers: true } };
    }),
  ).then((placed) => ({ ...draft, graph: { ...draft.graph, templates: placed } }));
}

function isUnplaced(
  options: TaskOptions | undefined,
): options is TaskOptions & { readonly workers: readonly [string] } {
  return options?.workers?.[0]?.startsWith(CHOSEN) === true;
}

function checkClass(make: unknown): void {
  if (isClass(make)) return;
  throw new HeddleError(
    "InvalidArgument",
    `client.options({ actor: true }).submit takes a class first, then the arguments of its ` +
      `constructor, but was given ${describeGiven(make)}`,
  );
}
