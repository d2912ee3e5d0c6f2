/**
 * @file Types of expressions as far as their form tells: enough to know truth values and times,
 * which SQL treats otherwise than pandas does. What is not known here is left to the engine.
 */
import type { SqlType } from "../table/types.ts";
import type { ExprNode } from "./expression.ts";

/** What is known of columns. */
export interface ColumnTypes {
  type?(name: string): SqlType | undefined;
}

const BOOLEAN: ReadonlySet<string> = new Set(
  (
    "eq ne lt le gt ge and or xor not isNull notNull isNan isFinite between isIn " +
    "contains startsWith endsWith matches"
  ).split(" "),
);

/** Functions that give what their first argument is. */
const SAME: ReadonlySet<string> = new Set(
  "coalesce nullIf clip least greatest min max first last shift cummin cummax over".split(" "),
);

/** The engine's name of the type of an expression, or undefined where its form does not tell. */
export function typeOf(node: ExprNode, columns: ColumnTypes): SqlType | undefined {
  const first = (parts: readonly ExprNode[]): SqlType | undefined =>
    parts[0] === undefined ? undefined : typeOf(parts[0], columns);
  switch (node.kind) {
    case "column":
      return columns.type?.(node.name);
    case "literal":
      if (typeof node.value === "boolean") return "BOOLEAN";
      return node.value instanceof Date ? "TIMESTAMP" : undefined;
    case "cast":
      return node.to;
    case "case":
      return first(node.whens.map(([, value]) => value)) ?? typeOf(node.otherwise, columns);
    case "call":
      if (BOOLEAN.has(node.fn)) return "BOOLEAN";
      if (node.fn === "date") return "DATE";
      if (node.fn === "floorTo") return "TIMESTAMP";
      return SAME.has(node.fn) ? first(node.args) : undefined;
    case "aggregate":
      if (node.fn === "any" || node.fn === "all") return "BOOLEAN";
      return SAME.has(node.fn) ? first(node.of) : undefined;
    case "window":
      return SAME.has(node.fn) ? first(node.of) : undefined;
  }
}

/** Whether values of the type are dates or points in time. */
export function isTime(type: SqlType | undefined): boolean {
  return type === "DATE" || type?.startsWith("TIMESTAMP") === true;
}
