/** @file One column of a frame: its reductions, distinct values and counts. */
import type { ComputeOptions } from "../cluster/compute.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { inspectAsText } from "../core/symbols.ts";
import type { ValueOptions } from "../table/column.ts";
import { quantileOf } from "./expr.ts";
import { call, column, type ExprNode } from "./expression.ts";
import type { DataFrame } from "./frame.ts";
import { namedColumns, type Plan } from "./plan.ts";
import { Scalar } from "./scalar.ts";
import { aggregatePlan } from "./summary.ts";
import { aggregateEach, checked } from "./verbs.ts";

type Make = <R extends object>(plan: Plan) => DataFrame<R>;

/**
 * A column of a frame. Reductions are lazy values: `await df.col("delay").mean().compute()`.
 */
export class Series<T, K extends string = string> {
  readonly name: K;
  readonly #input: Plan;
  readonly #make: Make;

  constructor(input: Plan, name: K, make: Make) {
    this.#input = input;
    this.name = name;
    this.#make = make;
  }

  sum(): Scalar<number> {
    return this.#reduce("sum");
  }
  prod(): Scalar<number> {
    return this.#reduce("prod");
  }
  mean(): Scalar<number> {
    return this.#reduce("mean");
  }
  median(): Scalar<number> {
    return this.#reduce("median");
  }
  min(): Scalar<T> {
    return this.#reduce("min");
  }
  max(): Scalar<T> {
    return this.#reduce("max");
  }
  /** Values that are not null. */
  count(): Scalar<number> {
    return this.#reduce("count");
  }
  /** Rows, null or not. */
  size(): Scalar<number> {
    return this.#reduce("size");
  }
  std(options: { ddof?: 0 | 1 } = {}): Scalar<number> {
    return this.#reduce("std", [options.ddof ?? 1]);
  }
  var(options: { ddof?: 0 | 1 } = {}): Scalar<number> {
    return this.#reduce("var", [options.ddof ?? 1]);
  }
  sem(): Scalar<number> {
    return this.#reduce("sem");
  }
  quantile(q = 0.5): Scalar<number> {
    return this.#reduce("quantile", [quantileOf(q)]);
  }
  nunique(): Scalar<number> {
    return this.#reduce("nunique");
  }
  first(): Scalar<T> {
    return this.#reduce("first");
  }
  last(): Scalar<T> {
    return this.#reduce("last");
  }
  any(): Scalar<boolean> {
    return this.#reduce("any");
  }
  all(): Scalar<boolean> {
    return this.#reduce("all");
  }
  /** Pearson's correlation with another column of the same frame. */
  corr(other: string): Scalar<number> {
    return this.#pair("corr", other);
  }
  cov(other: string): Scalar<number> {
    return this.#pair("cov", other);
  }

  /** The distinct values in order of appearance. */
  unique(): DataFrame<{ [N in K]: T }> {
    return this.#make(
      checked({ kind: "distinct", input: this.#column(), subset: [this.name], keep: "first" }),
    );
  }

  /**
   * How often each value occurs, most frequent first, equally frequent ones in the order of the
   * values. With `normalize` the column `proportion` takes the place of `count`; nulls are a value
   * with `dropna: false`.
   */
  valueCounts<N extends boolean = false>(
    options: { normalize?: N; ascending?: boolean; dropna?: boolean } = {},
  ): DataFrame<{ [C in K]: T } & (N extends true ? { proportion: number } : { count: number })> {
    const { normalize, ascending = false, dropna = true } = options;
    const counted: Plan = {
      kind: "aggregate",
      input: this.#input,
      keys: namedColumns([this.name]),
      items: [{ name: "count", expr: { kind: "aggregate", fn: "size", of: [], args: [] } }],
      sort: true,
      dropna,
    };
    const keys = [{ expr: column("count"), descending: !ascending, nullsFirst: false }];
    const sorted: Plan = { kind: "sort", input: counted, keys };
    return this.#make(checked(normalize === true ? this.#shares(sorted) : sorted));
  }

  /** The column as a frame of one. */
  toFrame(): DataFrame<{ [N in K]: T }> {
    return this.#make(checked(this.#column()));
  }

  /** Computes the values as JavaScript values. */
  async toArray(options: ComputeOptions & ValueOptions = {}): Promise<T[]> {
    const table = await this.toFrame().compute(options);
    return table.column(this.name).toArray(options) as T[];
  }

  /** Computes the values: those of {@link toArray}. */
  async compute(options: ComputeOptions & ValueOptions = {}): Promise<T[]> {
    return await this.toArray(options);
  }

  toString(): string {
    return `Series "${this.name}" (lazy: await .compute() gives the values)`;
  }

  /** The counts as shares of their sum. */
  #shares(input: Plan): Plan {
    const count = column("count");
    const sum: ExprNode = { kind: "aggregate", fn: "sum", of: [count], args: [] };
    const total: ExprNode = { kind: "window", fn: "over", of: [sum], by: [] };
    const proportion = { name: "proportion", expr: call("div", count, total) };
    return { kind: "project", input, items: [...namedColumns([this.name]), proportion] };
  }

  #column(): Plan {
    return { kind: "project", input: this.#input, items: namedColumns([this.name]) };
  }

  #reduce<R>(fn: string, args: number[] = []): Scalar<R> {
    return new Scalar<R>(checked(aggregatePlan(this.#input, aggregateEach([this.name], fn, args))));
  }

  #pair(fn: string, other: string): Scalar<number> {
    const of = [column(this.name), column(other)];
    const items = [{ name: this.name, expr: { kind: "aggregate", fn, of, args: [] } as const }];
    return new Scalar<number>(checked(aggregatePlan(this.#input, items)));
  }
}

inspectAsText(Series.prototype);
refuseArithmetic(Series.prototype, "a lazy column", "use df.assign((r) => ({ b: r.a.add(1) }))");
