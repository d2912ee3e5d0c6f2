/**
 * @file Groupings of frames. Keys become ordinary columns of the result (there is no index), in the
 * order of the keys unless `sort: false`; rows with a null key are left out unless `dropna: false`,
 * both as in pandas.
 */

import { inspectAsText } from "../core/symbols.ts";
import { checkRecord } from "./checks.ts";
import { quantileOf, type Row } from "./expr.ts";
import type { DataFrame } from "./frame.ts";
import { type NamedExpr, namedColumns, type Plan } from "./plan.ts";
import { columnNames } from "./schema.ts";
import type { Aggregated, AggregateSpec, Flat, Names, Numeric } from "./types.ts";
import { aggregateEach, aggregateItems, checked, numericNames, withRow } from "./verbs.ts";

/** Options of `groupby`. */
export interface GroupByOptions {
  /** Whether the result is in the order of the keys; default true. */
  readonly sort?: boolean;
  /** Whether rows with a null key are left out; default true. */
  readonly dropna?: boolean;
}

/** Makes a frame of a plan; given by `frame.ts`, which imports this file. */
type Make = <R extends object>(plan: Plan) => DataFrame<R>;

/** Keys, and one value per numeric column. */
type KeysAnd<S extends object, K extends keyof S> = Flat<Pick<S, K> & Omit<Numeric<S>, K>>;

/** The groups of a frame. Made by `df.groupby("origin")`. */
export class GroupBy<S extends object, K extends Names<S>> {
  readonly #input: Plan;
  readonly #keys: readonly K[];
  readonly #options: GroupByOptions;
  readonly #make: Make;

  constructor(input: Plan, keys: readonly K[], options: GroupByOptions, make: Make) {
    this.#input = input;
    this.#keys = keys;
    this.#options = options;
    this.#make = make;
  }

  /**
   * One row per group: `{ n: ["delay", "count"], p90: ["delay", "quantile", 0.9] }`, or a callback
   * that gives aggregate expressions.
   */
  agg<const A extends Readonly<Record<string, AggregateSpec<S>>>>(
    spec: A | ((row: Row<S>) => A),
  ): DataFrame<Aggregated<S, K, A>> {
    const given = typeof spec === "function" ? withRow<S, A>(this.#input, spec) : spec;
    checkRecord("agg", given, 'agg({ n: ["delay", "count"] })');
    return this.#aggregate(aggregateItems(given, this.#input));
  }

  toString(): string {
    return `GroupBy[${this.#keys.join(", ")}] (agg, size, mean, … give a frame)`;
  }

  /** Rows per group, in a column `size`. */
  size(): DataFrame<Flat<Pick<S, K> & { size: number }>> {
    const node = { kind: "aggregate", fn: "size", of: [], args: [] } as const;
    return this.#aggregate([{ name: "size", expr: node }]);
  }

  /** One column of the groups, for its aggregates. */
  col<C extends Names<S>>(name: C): SeriesGroupBy<S, K, C> {
    return new SeriesGroupBy((fn, args = []) => this.#aggregate(aggregateEach([name], fn, args)));
  }

  sum(): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("sum");
  }
  mean(): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("mean");
  }
  median(): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("median");
  }
  std(): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("std");
  }
  var(): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("var");
  }
  quantile(q = 0.5): DataFrame<KeysAnd<S, K>> {
    return this.#numeric("quantile", [quantileOf(q)]);
  }
  min(): DataFrame<S> {
    return this.#all("min");
  }
  max(): DataFrame<S> {
    return this.#all("max");
  }
  first(): DataFrame<S> {
    return this.#all("first");
  }
  last(): DataFrame<S> {
    return this.#all("last");
  }
  /** Values that are not null, per column. */
  count(): DataFrame<Flat<Pick<S, K> & { [C in Exclude<keyof S, K>]: number }>> {
    return this.#all("count");
  }
  /** Distinct values that are not null, per column. */
  nunique(): DataFrame<Flat<Pick<S, K> & { [C in Exclude<keyof S, K>]: number }>> {
    return this.#all("nunique");
  }

  #numeric<R extends object>(fn: string, args: number[] = []): DataFrame<R> {
    const names = numericNames(this.#input, fn).filter((name) => !this.#isKey(name));
    return this.#aggregate(aggregateEach(names, fn, args));
  }

  #all<R extends object>(fn: string): DataFrame<R> {
    const names = columnNames(this.#input).filter((name) => !this.#isKey(name));
    return this.#aggregate(aggregateEach(names, fn));
  }

  #isKey(name: string): boolean {
    return (this.#keys as readonly string[]).includes(name);
  }

  #aggregate<R extends object>(items: readonly NamedExpr[]): DataFrame<R> {
    return this.#make<R>(
      checked({
        kind: "aggregate",
        input: this.#input,
        keys: namedColumns(this.#keys),
        items,
        sort: this.#options.sort ?? true,
        dropna: this.#options.dropna ?? true,
      }),
    );
  }
}

inspectAsText(GroupBy.prototype);

type OneColumn<S extends object, K extends keyof S, C extends keyof S, T> = DataFrame<
  Flat<Pick<S, K> & { [N in C]: T }>
>;

/** One column of the groups of a frame. */
export class SeriesGroupBy<S extends object, K extends Names<S>, C extends Names<S>> {
  readonly #aggregate: <R extends object>(fn: string, args?: number[]) => DataFrame<R>;

  constructor(aggregate: <R extends object>(fn: string, args?: number[]) => DataFrame<R>) {
    this.#aggregate = aggregate;
  }

  toString(): string {
    return "SeriesGroupBy (sum, mean, count, … give a frame)";
  }

  sum(): OneColumn<S, K, C, number> {
    return this.#aggregate("sum");
  }
  mean(): OneColumn<S, K, C, number> {
    return this.#aggregate("mean");
  }
  count(): OneColumn<S, K, C, number> {
    return this.#aggregate("count");
  }
  min(): OneColumn<S, K, C, S[C]> {
    return this.#aggregate("min");
  }
  max(): OneColumn<S, K, C, S[C]> {
    return this.#aggregate("max");
  }
  std(): OneColumn<S, K, C, number> {
    return this.#aggregate("std");
  }
  var(): OneColumn<S, K, C, number> {
    return this.#aggregate("var");
  }
  median(): OneColumn<S, K, C, number> {
    return this.#aggregate("median");
  }
  quantile(q = 0.5): OneColumn<S, K, C, number> {
    return this.#aggregate("quantile", [quantileOf(q)]);
  }
  nunique(): OneColumn<S, K, C, number> {
    return this.#aggregate("nunique");
  }
  first(): OneColumn<S, K, C, S[C]> {
    return this.#aggregate("first");
  }
  last(): OneColumn<S, K, C, S[C]> {
    return this.#aggregate("last");
  }
}

inspectAsText(SeriesGroupBy.prototype);
