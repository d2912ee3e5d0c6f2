/**
 * @file JavaScript's `&&`, `||`, `!`, `if` and `?:` cannot be overloaded: a column expression is
 * an object, which is always true, so `r.a.gt(1) && r.b.lt(0)` is its right side alone. The values
 * that a callback makes cannot show that (what `||` skips is never made), but its text can: an
 * expression made from the row that stands where JavaScript decides by truth is always a mistake.
 */
import type { AnyNode } from "acorn";
import { HeddleError } from "../core/errors.ts";
import { loadParser } from "../functions/node-require.ts";

const clean = new WeakSet<object>();

/** Texts that cannot hold the mistake are not parsed. */
const SUSPECT = /&&|\|\||!(?!=)|\?(?![.?])|\b(?:if|while|for)\b/;

/** Errors: `InvalidArgument` when the callback decides by the truth of an expression of its row. */
export function checkConditions(callback: (...args: never[]) => unknown): void {
  if (clean.has(callback)) return;
  const text = Function.prototype.toString.call(callback);
  const node = SUSPECT.test(text) ? parse(text) : undefined;
  const [row] = node?.params ?? [];
  if (node !== undefined && row !== undefined) {
    // The text is parsed within parentheses.
    const found = search(node.body, namesOf(row), isRow(row));
    if (found !== undefined) throw lost(text, found);
  }
  clean.add(callback);
}

type FunctionNode = Extract<
  AnyNode,
  { type: "ArrowFunctionExpression" | "FunctionExpression" | "FunctionDeclaration" }
>;

/** The callback's syntax; undefined for a method's shorthand and for built-in functions. */
function parse(text: string): FunctionNode | undefined {
  try {
    const tree = loadParser().parseExpressionAt(`(${text})`, 0, { ecmaVersion: "latest" });
    return isFunction(tree) ? tree : undefined;
  } catch {
    return undefined;
  }
}

function isFunction(node: AnyNode): node is FunctionNode {
  return /^(ArrowFunctionExpression|Function(Expression|Declaration))$/.test(node.type);
}

/** Whether the parameter is the row itself; else its names are columns: `({ a, b }) => …`. */
function isRow(param: AnyNode): boolean {
  return param.type === "Identifier";
}

function namesOf(param: AnyNode): Set<string> {
  if (param.type === "Identifier") return new Set([param.name]);
  if (param.type !== "ObjectPattern") return new Set();
  const values = param.properties.map((p) => (p.type === "Property" ? p.value : p.argument));
  return new Set(values.flatMap((v) => (v.type === "Identifier" ? [v.name] : [])));
}

/** A place where JavaScript would decide, and what is wrong there. */
interface Found {
  readonly node: AnyNode;
  readonly operator: string;
}

function search(root: AnyNode, names: ReadonlySet<string>, row: boolean): Found | undefined {
  const known = new Set(names);
  const columns = new Set(row ? [] : names);
  const isExpr = (node: AnyNode | null | undefined): boolean => {
    if (node === null || node === undefined) return false;
    if (node.type === "Identifier") return columns.has(node.name);
    if (node.type === "ChainExpression") return isExpr(node.expression);
    if (node.type === "CallExpression") {
      return node.callee.type === "MemberExpression" && isExpr(node.callee.object);
    }
    if (node.type !== "MemberExpression") return false;
    const { object } = node;
    return isExpr(object) || (object.type === "Identifier" && known.has(object.name));
  };
  const visit = (node: AnyNode): Found | undefined => {
    if (isFunction(node)) {
      // A parameter of the same name is something else.
      if (node.params.some((p) => [...namesOf(p)].some((n) => known.has(n) || columns.has(n)))) {
        return undefined;
      }
    }
    if (node.type === "VariableDeclaration" && node.kind === "const") {
      for (const { id, init } of node.declarations) {
        if (id.type === "Identifier" && isExpr(init)) columns.add(id.name);
      }
    }
    const [operand, operator] = decisive(node);
    if (isExpr(operand)) return { node, operator };
    for (const part of partsOf(node)) {
      const found = visit(part);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(root);
}

/** What JavaScript asks for its truth at this node, and by which operator. */
function decisive(node: AnyNode): [operand: AnyNode | null | undefined, operator: string] {
  switch (node.type) {
    case "LogicalExpression":
      return [node.operator === "??" ? undefined : node.left, node.operator];
    case "UnaryExpression":
      return [node.operator === "!" ? node.argument : undefined, node.operator];
    case "ConditionalExpression":
      return [node.test, "?:"];
    case "IfStatement":
      return [node.test, "if"];
    case "WhileStatement":
      return [node.test, "while"];
    default:
      return [undefined, ""];
  }
}

/** The nodes directly within a node. */
function partsOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter((part): part is AnyNode => {
      return typeof part === "object" && part !== null && typeof part.type === "string";
    });
}

const INSTEAD: Readonly<Record<string, string>> = {
  "&&": "r.a.gt(1).and(r.b.lt(0))",
  "||": "r.a.gt(1).or(r.b.lt(0))",
  "!": "r.a.gt(1).not()",
};

function lost(text: string, { node, operator }: Found): HeddleError {
  const code = text.slice(node.start - 1, node.end - 1).replace(/\s+/g, " ");
  const shown = code.length > 80 ? `${code.slice(0, 79)}…` : code;
  const instead = INSTEAD[operator] ?? 'when(r.a.gt(1), "large").otherwise("small")';
  return new HeddleError(
    "InvalidArgument",
    `${shown}: JavaScript's ${operator} cannot look into columns, it takes every column ` +
      `expression for true; write ${instead}`,
    { fields: { operator } },
  );
}
