/** @file Where expressions start: columns, constants, choices, and the row that callbacks get. */

import { Expr, type ExprLike, nodeOf, type Row } from "./expr.ts";
import { call, column, type ExprNode, type Literal, literal } from "./expression.ts";

/**
 * A column by name, for names that are computed; typed rows of callbacks know the column's type.
 */
export function col<T = unknown>(name: string): Expr<T> {
  return new Expr<T>(column(name));
}

/** A constant. */
export function lit<T extends Literal>(value: T): Expr<T> {
  return new Expr<T>(literal(value));
}

/** The number of rows: the aggregate `count(*)`. */
export function size(): Expr<number> {
  return new Expr({ kind: "aggregate", fn: "size", of: [], args: [] });
}

/**
 * A choice that is still open: `.when` adds a case, `.otherwise` ends it; by itself it ends with
 * null.
 */
export class When<T> extends Expr<T | null> {
  readonly #whens: readonly (readonly [ExprNode, ExprNode])[];

  constructor(whens: readonly (readonly [ExprNode, ExprNode])[]) {
    super({ kind: "case", whens, otherwise: literal(null) });
    this.#whens = whens;
  }

  when<U extends ExprLike>(condition: Expr<boolean | null>, value: U): When<T | ValueOfLike<U>> {
    return new When([...this.#whens, [condition.node, nodeOf(value)]]);
  }

  otherwise<U extends ExprLike>(value: U): Expr<T | ValueOfLike<U>> {
    return new Expr({ kind: "case", whens: this.#whens, otherwise: nodeOf(value) });
  }
}

/** What an expression or value gives in each row. */
export type ValueOfLike<U> = U extends Expr<infer T> ? T : U;

/**
 * The first value whose condition holds.
 *
 * @example
 * import { col, when } from "heddle/dataframe";
 * const people = col("people");
 * const size = when(people.gt(1e6), "large").when(people.gt(1e4), "town").otherwise("small");
 */
export function when<U extends ExprLike>(
  condition: Expr<boolean | null>,
  value: U,
): When<ValueOfLike<U>> {
  return new When([[condition.node, nodeOf(value)]]);
}

/** The first of the values that is not null. */
export function coalesce<T>(...values: readonly (Expr<T | null> | Literal)[]): Expr<T> {
  return new Expr(call("coalesce", ...values.map((value) => nodeOf(value as ExprLike))));
}

/** The row that callbacks get: reading any property gives that column. */
export function rowProxy<S extends object>(check?: (name: string) => void): Row<S> {
  return new Proxy(Object.create(null) as Row<S>, {
    get: (_, name) => {
      if (typeof name !== "string") return undefined;
      check?.(name);
      return col(name);
    },
  });
}
