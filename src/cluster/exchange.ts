/**
 * @file All-to-all as layers: n sources that write runs, one task that seals them, m destinations
 * that read their part of each run; n + m edges, whatever goes where. The seal's value refers to
 * the runs: they are kept as long as it is, and when one is lost with its worker, that run is made
 * again from its own source alone, and then the seal; destinations that are done stay.
 */
import {
  type Arg,
  type Bound,
  type Layer,
  type LayerKind,
  regularOffsets,
  type TaskFunction,
} from "../core/graph.ts";
import { readPieces, sealRuns, writeRun } from "./exchange-tasks.ts";

/** How an exchange cuts its sources and joins what arrives. */
export interface ExchangeOptions {
  /** Unique: the same name means the same work. A word and a token. */
  readonly name: string;
  /** Layer whose tasks are the sources. */
  readonly source: Layer;
  readonly destinations: number;
  /**
   * `split(value, sourceIndex, ...args)` gives the pieces, each with its destination; best as a
   * generator.
   */
  readonly split: { readonly fn: TaskFunction; readonly args?: readonly Arg[] };
  /**
   * `join(arrivals, destination, ...args)` makes a destination's value; arrivals come in the order
   * of their sources and can be gone through once.
   */
  readonly join: { readonly fn: TaskFunction; readonly args?: readonly Arg[] };
  /** Block grid of the destinations, for their keys. */
  readonly grid?: readonly number[];
}

/** The layer of the destinations. */
export function exchange(options: ExchangeOptions): Layer {
  const { name, source, destinations, split, join, grid } = options;
  const count = source.count;
  const writers = exchangeLayer(`${name}-write`, count, [source], {
    // One by one, so that what makes a source may be fused into writing it, and what uses a
    // destination into reading it: their values are then never stored.
    kind: "exchange",
    fn: writeRun,
    args: [
      {
        kind: "call",
        fn: split.fn,
        args: [{ kind: "dep", index: 0 }, { kind: "column", column: 0 }, ...(split.args ?? [])],
      },
      { kind: "column", column: 0 },
      { kind: "const", value: destinations },
    ],
    offsets: regularOffsets(count, 1),
    deps: indices(count),
    bound: "worker",
  });
  const seal = sealOf(name, writers);
  const readers = exchangeLayer(name, destinations, [seal], {
    kind: "blockwise",
    fn: join.fn,
    args: [
      {
        kind: "call",
        fn: readPieces,
        args: [
          { kind: "dep", index: 0 },
          { kind: "column", column: 0 },
        ],
      },
      { kind: "column", column: 0 },
      ...(join.args ?? []),
    ],
    offsets: regularOffsets(destinations, 1),
    deps: new Int32Array(destinations),
  });
  return grid === undefined ? readers : { ...readers, grid };
}

/** The one task that seals the runs of a layer of writers; destinations read its value. */
export function sealOf(name: string, writers: Layer): Layer {
  const { count } = writers;
  return exchangeLayer(`${name}-seal`, 1, [writers], {
    kind: "reduction",
    fn: sealRuns,
    args: [
      { kind: "deps", start: 0, count },
      { kind: "const", value: name },
    ],
    offsets: Int32Array.of(0, count),
    deps: indices(count),
    bound: "inputs",
  });
}

function exchangeLayer(
  name: string,
  count: number,
  inputs: readonly Layer[],
  work: {
    readonly kind: LayerKind;
    readonly fn: TaskFunction;
    readonly args: readonly Arg[];
    readonly offsets: Int32Array;
    readonly deps: Int32Array;
    readonly bound?: Bound;
  },
): Layer {
  const { fn, args, bound } = work;
  const template = { name: name.replace(/-[0-9a-f]{8,}/, ""), fn, args };
  return {
    name,
    kind: work.kind,
    count,
    templates: [bound === undefined ? template : { ...template, bound }],
    inputs,
    depOffsets: work.offsets,
    deps: work.deps,
    columns: [{ kind: "number", data: indices(count) }],
  };
}

function indices(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
