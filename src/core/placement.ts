/**
 * @file Whether any worker may run a task at all. Where the workers of an engine can never change,
 * a task that none of them may run would wait for ever: it is refused. Elsewhere its submitter is
 * warned.
 */
import { HeddleError, nearestName } from "./errors.ts";
import type { TaskOptions } from "./graph.ts";

/** What the constraints of tasks speak of. */
export interface WorkerFacts {
  readonly address: string;
  readonly name: string;
  readonly resources: Readonly<Record<string, number>>;
}

/** Where tasks may run. */
type Constraints = Pick<TaskOptions, "workers" | "allowOtherWorkers" | "resources">;

/**
 * Why none of the workers may run tasks of these options: `NoWorkers` when those asked for do not
 * exist, `ResourceUnsatisfied` when they have too little of a resource; undefined when one of them
 * may. `task` is what the message calls the task.
 */
export function placementProblem(
  workers: readonly WorkerFacts[],
  options: Constraints | undefined,
  task: string,
): HeddleError<"NoWorkers" | "ResourceUnsatisfied"> | undefined {
  if (options === undefined) return undefined;
  const named = workers.filter((worker) => isNamed(worker, options.workers));
  const isFree = options.allowOtherWorkers === true && named.length === 0;
  const allowed = isFree ? workers : named;
  if (allowed.length === 0) return noWorkers(workers, options.workers ?? [], task);
  if (allowed.some((worker) => lackOf(worker, options) === undefined)) return undefined;
  return tooLittle(allowed, options, task);
}

function isNamed({ address, name }: WorkerFacts, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.includes(address) || wanted.includes(name);
}

/** The first resource of which the worker has too little. */
function lackOf(worker: WorkerFacts, { resources = {} }: Constraints): string | undefined {
  const names = Object.keys(resources);
  return names.find((name) => (worker.resources[name] ?? 0) < (resources[name] ?? 0));
}

function noWorkers(
  workers: readonly WorkerFacts[],
  wanted: readonly string[],
  task: string,
): HeddleError<"NoWorkers"> {
  const names = [...new Set(workers.flatMap(({ name, address }) => [name, address]))];
  const near = wanted
    .map((name) => nearestName(name, names))
    .find((name): name is string => name !== undefined);
  return new HeddleError(
    "NoWorkers",
    `${task} may run on ${quoted(wanted)} only, and there is no such worker; there ` +
      `${names.length === 1 ? "is" : "are"} ${quoted(names)}.` +
      `${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
      "Leave workers out, or set allowOtherWorkers: true.",
    { fields: { wanted, workers: names } },
  );
}

function tooLittle(
  workers: readonly WorkerFacts[],
  options: Constraints,
  task: string,
): HeddleError<"ResourceUnsatisfied"> {
  const wanted = options.resources ?? {};
  const names = workers.flatMap((worker) => Object.keys(worker.resources));
  const lacks = lackOf(workers[0] as WorkerFacts, options) as string;
  const near = names.includes(lacks) ? undefined : nearestName(lacks, names);
  const offers = workers.map((worker) => `${worker.name} has ${amounts(worker.resources)}`);
  return new HeddleError(
    "ResourceUnsatisfied",
    `${task} needs ${amounts(wanted)}, which no worker has: ${offers.join(", ")}.` +
      `${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
      "Say what the workers have: new LocalCluster({ resources: " +
      `${JSON.stringify(wanted)} }), heddle worker --resources, or new Client({ resources }) for ` +
      "an engine in this process.",
    { fields: { wanted, resource: lacks } },
  );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

function amounts(resources: Readonly<Record<string, number>>): string {
  const parts = Object.entries(resources).map(([name, amount]) => `${name}: ${amount}`);
  return parts.length === 0 ? "no resources" : parts.join(", ");
}
