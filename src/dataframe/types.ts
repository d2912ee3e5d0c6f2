/**
 * @file Types of frames: how the columns of a result follow from the columns of what it is made of.
 */
import type { Expr } from "./expr.ts";
import type { JoinHow } from "./plan.ts";

/** A record type written out, as editors show it. */
export type Flat<T> = { [K in keyof T]: T[K] } & {};

/** Names of columns. */
export type Names<S> = keyof S & string;

/** What an expression or plain value gives in each row. */
export type ValueIn<E> = E extends Expr<infer T> ? T : E;

/** Columns given by name as expressions or plain values. */
export type Values<R> = { [K in keyof R]: ValueIn<R[K]> };

/** The columns of S with those of R added or replaced. */
export type Assigned<S, R> = Flat<Omit<S, keyof R> & Values<R>>;

/** The columns of S under new names. */
export type Renamed<S, M> = {
  [K in keyof S as K extends keyof M ? (M[K] extends string ? M[K] : K) : K]: S[K];
};

/** The columns of numbers. */
export type Numeric<S> = { [K in keyof S as NonNullable<S[K]> extends number ? K : never]: number };

/** The columns of numbers and of truth values. */
export type Countable<S> = {
  [K in keyof S as NonNullable<S[K]> extends number | boolean ? K : never]: number;
};

/** Names of aggregates that can be asked for by name. */
export type AggregateName =
  | "sum"
  | "prod"
  | "mean"
  | "count"
  | "size"
  | "min"
  | "max"
  | "std"
  | "var"
  | "sem"
  | "median"
  | "quantile"
  | "nunique"
  | "first"
  | "last"
  | "any"
  | "all";

/** A column and what to make of it; `quantile` takes the quantile third. */
export type AggregateSpec<S> =
  | readonly [column: Names<S>, how: AggregateName]
  | readonly [column: Names<S>, how: "quantile", q: number]
  | Expr<unknown>;

/** What an aggregate gives. */
export type AggregateValue<S, A> =
  A extends Expr<infer T>
    ? T
    : A extends readonly [infer C, infer F, ...unknown[]]
      ? F extends "min" | "max" | "first" | "last"
        ? C extends keyof S
          ? S[C]
          : unknown
        : F extends "any" | "all"
          ? boolean
          : number
      : never;

/** Keys and aggregates of a grouping. */
export type Aggregated<S, K extends keyof S, A> = Flat<
  Pick<S, K> & { -readonly [N in keyof A]: AggregateValue<S, A[N]> }
>;

/** Nulls where a side of a join may be missing. */
type Side<T, H extends JoinHow, Missing extends JoinHow> = H extends Missing ? T | null : T;

/** The columns of a join: keys once, overlapping names with suffixes. */
export type Merged<
  S,
  R,
  On,
  H extends JoinHow,
  X extends string = "_x",
  Y extends string = "_y",
> = H extends "semi" | "anti"
  ? S
  : Flat<
      {
        [K in keyof S as K extends On
          ? K
          : K extends keyof R
            ? `${K & string}${X}`
            : K]: K extends On ? S[K] : Side<S[K], H, "right" | "outer">;
      } & {
        [K in keyof R as K extends On ? never : K extends keyof S ? `${K & string}${Y}` : K]: Side<
          R[K],
          H,
          "left" | "outer"
        >;
      }
    >;
