/**
 * @file How the methods of `Bag` become layers, where it takes more than one line.
 */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, TaskFunction, TaskRef } from "../core/graph.ts";
import { Prng } from "../core/prng.ts";
import { concatParts } from "./aggregates.ts";
import { onlyOutput } from "./item.ts";
import {
  constant,
  dependency,
  eachPart,
  makeParts,
  Node,
  type Parts,
  type PartsOf,
  reduceTree,
} from "./parts.ts";
import { collectStep, type StepName, streamStep } from "./steps.ts";

/** What is done to each partition before results are combined. */
export interface PartStep {
  readonly fn: TaskFunction;
  /** Literal arguments after the items. */
  readonly args: readonly unknown[];
}

/** The first level of a reduction: one partial result per partition. */
export function firstParts(parts: Parts, word: string, { fn, args }: PartStep): Parts {
  const all = [dependency(0), ...args.map(constant)];
  return eachPart(parts, { word: `${word}-part`, fn, args: all });
}

/** The layer of a step of `steps.ts`; `args` are its literal arguments after the items. */
export function stepSpec(step: StepName, args: readonly unknown[]): Parameters<typeof eachPart>[1] {
  return {
    word: step,
    fn: collectStep,
    fused: streamStep,
    args: [constant(step), dependency(0), ...args.map(constant)],
  };
}

/** The first `count` items of several partitions. */
export function joinAndTake(parts: Parts, count: number): TaskRef {
  const concat = { word: "concat", fn: concatParts };
  const all = reduceTree(parts, concat, concat, Number.POSITIVE_INFINITY);
  return eachPart([all], stepSpec("take", [count]))[0] as TaskRef;
}

/** More partitions than before: each is cut into nearly equal slices. */
export function splitParts(parts: Parts, wanted: number): Parts {
  const from = (i: number): number => Math.floor((wanted * i) / parts.length);
  const counts = parts.map((_, i) => from(i + 1) - from(i));
  const sources = parts.flatMap((part, i) =>
    Array.from({ length: counts[i] as number }, () => [part]),
  );
  const index = counts.flatMap((count) => Array.from({ length: count }, (_, i) => i));
  const total = counts.flatMap((count) => Array.from({ length: count }, () => count));
  return makeParts({
    word: "repartition",
    kind: "blockwise",
    fn: collectStep,
    args: [
      constant("slice"),
      dependency(0),
      { kind: "column", column: 0 },
      { kind: "column", column: 1 },
    ],
    columns: [
      { kind: "number", data: Int32Array.from(index) },
      { kind: "number", data: Int32Array.from(total) },
    ],
    deps: sources,
  });
}

/** Further arguments of a mapped function. */
interface Along {
  readonly args: readonly Arg[];
  /** Whether each is the partition of a bag. */
  readonly isBag: readonly boolean[];
  /** What the tasks of partition `i` depend on. */
  readonly deps: readonly ((partition: number) => TaskRef)[];
}

/**
 * Further arguments of a mapped function as template arguments, and what they depend on in
 * partition `i`.
 */
export function alongParts(more: readonly unknown[], npartitions: number, partsOf: PartsOf): Along {
  const deps: ((partition: number) => TaskRef)[] = [];
  const args = more.map((value, position) => {
    const node = nodeOf(value);
    if (node !== undefined) {
      if (node.npartitions !== npartitions) {
        throw otherPartitions(position + 1, node.npartitions, npartitions);
      }
      const parts = partsOf(node);
      deps.push((i) => parts[i] as TaskRef);
    } else if (isCollection(value)) {
      const only = onlyOutput(value);
      deps.push(() => only);
    } else return constant(value);
    return dependency(deps.length);
  });
  return { args, deps, isBag: more.map((value) => nodeOf(value) !== undefined) };
}

function otherPartitions(which: number, has: number, wanted: number): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `bags go along partition by partition: this one has ${wanted} partitions, but bag ${which} among the arguments ` +
      `has ${has}; make both from the same source, or repartition(${wanted}) if their items still match`,
  );
}

/** One seed per partition, so that partitions differ and any of them can be computed alone. */
export function partitionSeeds(seed: number, npartitions: number): Float64Array {
  const prng = new Prng(seed);
  return Float64Array.from({ length: npartitions }, () => prng.uint32());
}

/** Checks a whole number. */
export function atLeast(least: number, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new HeddleError(
    "InvalidArgument",
    `${name} was given ${String(value)}; it takes a whole number from ${least} on`,
  );
}

/** The node of a bag, or undefined for anything else. */
export function nodeOf(value: unknown): Node | undefined {
  if (typeof value !== "object" || value === null || !("node" in value)) return undefined;
  return value.node instanceof Node ? value.node : undefined;
}
