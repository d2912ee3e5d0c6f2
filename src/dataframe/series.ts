/** @file One column of a frame: its reductions, distinct values and counts. */
import type { ComputeOptions } from "../cluster/compute.ts";
import { HeddleError } from "../core/errors.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import type { ValueOptions } from "../table/column.ts";
import { splitOptions, wrongKind } from "./checks.ts";
import { quantileOf } from "./expr.ts";
import { call, column, type ExprNode } from "./expression.ts";
import type { DataFrame } from "./frame.ts";
import { namedColumns, type Plan } from "./plan.ts";
import { Scalar } from "./scalar.ts";
import { aggregatePlan, quantilesPlan } from "./summary.ts";
import { aggregateEach, checked } from "./verbs.ts";

type Make = <R extends object>(plan: Plan) => DataFrame<R>;

/** A column of any type. */
export interface AnySeries {
  readonly name: string;
  count(): Scalar<number>;
}

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
  /** Mean of the values that are not null; null for none. */
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
    return this.#reduce("std", [ddofOf("std", options)]);
  }
  var(options: { ddof?: 0 | 1 } = {}): Scalar<number> {
    return this.#reduce("var", [ddofOf("var", options)]);
  }
  sem(): Scalar<number> {
    return this.#reduce("sem");
  }
  /**
   * Exact, with linear interpolation; of several, a frame with a row each: `quantile([0.1, 0.9])`.
   */
  quantile(q?: number): Scalar<number>;
  quantile(q: readonly number[]): DataFrame<{ quantile: number } & { [N in K]: number }>;
  quantile(q: number | readonly number[] = 0.5): unknown {
    if (typeof q === "number") return this.#reduce("quantile", [quantileOf(q)]);
    return this.#make(checked(quantilesPlan(this.#input, [this.name], q)));
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
  /** Pearson's correlation with another column of the same frame, or its name. */
  corr(other: string | AnySeries): Scalar<number> {
    return this.#pair("corr", other);
  }
  /** Covariance with another column of the same frame, or its name. */
  cov(other: string | AnySeries): Scalar<number> {
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
    checkOptionNames("valueCounts", options, ["normalize", "ascending", "dropna"]);
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
    const { how, values } = splitOptions("toArray", options);
    const table = await this.toFrame().compute(how);
    return table.column(this.name).toArray(values) as T[];
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

  #pair(fn: string, other: string | AnySeries): Scalar<number> {
    if (typeof other !== "string" && !(other instanceof Series)) {
      throw wrongKind(fn, "a column of the same frame or its name", other);
    }
    if (typeof other !== "string" && other.#input !== this.#input) {
      throw new HeddleError(
        "InvalidArgument",
        `${fn} takes a column of the same frame, but "${other.name}" is one of another: ` +
          "bring both into one frame with merge",
      );
    }
    const second = typeof other === "string" ? other : other.name;
    const of = [column(this.name), column(second)];
    const items = [{ name: this.name, expr: { kind: "aggregate", fn, of, args: [] } as const }];
    return new Scalar<number>(checked(aggregatePlan(this.#input, items)));
  }
}

/** Degrees of freedom that an estimate gives up. */
function ddofOf(what: string, options: { readonly ddof?: 0 | 1 }): number {
  checkOptionNames(what, options, ["ddof"]);
  const { ddof = 1 } = options;
  if (ddof === 0 || ddof === 1) return ddof;
  throw new HeddleError("InvalidArgument", `${what}: ddof is ${String(ddof)}; it may be 0 or 1`);
}

inspectAsText(Series.prototype);
refuseArithmetic(Series.prototype, "a lazy column", "use df.assign((r) => ({ b: r.a.add(1) }))");
