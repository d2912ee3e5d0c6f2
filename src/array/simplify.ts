/**
 * @file Rewriting before lowering: views move through elementwise work towards the sources, so that
 * a slice of a long formula computes only what it shows, and a transpose does not break a fused
 * chain. Then nodes are grouped: what runs as one kernel per block, and what becomes tasks of its
 * own because several others need it.
 */
import { inherit } from "./annotations.ts";
import { type Chunks, product, sameBlocks, sum } from "./chunks.ts";
import { type Cut, chunksOfCut } from "./cut.ts";
import { type Expr, inOrder, shapeOfExpr, tokenOf, view } from "./expression.ts";

/**
 * Kernels stay below these sizes: beyond them compiling costs more than a pass over memory saves.
 */
const MOST_OPERATIONS = 48;
const MOST_OPERANDS = 12;

/** How far a view is pushed by recursion before it is left where it is. */
const MOST_PUSHES = 200;

/** The same arrays with views pushed down where that saves work. */
export function simplify(roots: readonly Expr[]): Expr[] {
  const order = inOrder(roots);
  const uses = countUses(order, roots);
  const done = new Map<Expr, Expr>();
  // Equal nodes made twice become one, so that kernels and layers share them.
  const known = new Map<string, Expr>();
  for (const expr of order) {
    const result =
      expr.kind === "view"
        ? pushView(expr.operands[0], expr.cut, done, uses, 0)
        : rebuilt(expr, done);
    const token = tokenOf(result);
    const same = known.get(token);
    if (same === undefined) known.set(token, result);
    done.set(expr, same ?? result);
  }
  return roots.map((root) => done.get(root) as Expr);
}

function countUses(order: readonly Expr[], roots: readonly Expr[]): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const use = (expr: Expr): void => void uses.set(expr, (uses.get(expr) ?? 0) + 1);
  for (const expr of order) new Set(expr.operands).forEach(use);
  roots.forEach(use);
  return uses;
}

/** The same node over simplified operands. */
function rebuilt(expr: Expr, done: ReadonlyMap<Expr, Expr>): Expr {
  const operands = expr.operands.map((operand) => done.get(operand) ?? operand);
  if (operands.every((operand, i) => operand === expr.operands[i])) return expr;
  return inherit({ ...expr, operands } as unknown as Expr, expr);
}

/** `cut` of `of`, moved below `of` when `of` is elementwise work that nobody else needs. */
function pushView(
  of: Expr,
  cut: Cut,
  done: ReadonlyMap<Expr, Expr>,
  uses: ReadonlyMap<Expr, number>,
  depth: number,
): Expr {
  if (of.kind === "view") {
    const whole = view(of, cut);
    return whole.kind === "view"
      ? pushView(whole.operands[0], whole.cut, done, uses, depth + 1)
      : whole;
  }
  if (of.kind === "call" && of.cutBy !== undefined) {
    const part = of.cutBy(cut);
    if (part !== null) return part;
  }
  const alone = (uses.get(of) ?? 1) <= 1;
  if (of.kind !== "elementwise" || !alone || depth > MOST_PUSHES || repeats(of, cut)) {
    return view(done.get(of) ?? of, cut);
  }
  const operands = of.operands.map((operand) =>
    pushView(operand, cutOfOperand(cut, operand, of.chunks), done, uses, depth + 1),
  );
  return inherit({ ...of, operands, chunks: chunksOfCut(cut) }, of);
}

/**
 * Whether a view shows more elements than there are, so that work below it would be done several
 * times.
 */
function repeats(of: Expr, cut: Cut): boolean {
  return product(chunksOfCut(cut).map(sum)) > product(shapeOfExpr(of));
}

/**
 * What a view of a result is of one operand: where the operand broadcasts, length 1 stays length 1.
 */
function cutOfOperand(cut: Cut, operand: Expr, result: Chunks): Cut {
  const broadcasts = operand.chunks.map((blocks, i) => !sameBlocks(blocks, result[i] ?? []));
  const axes = cut.axes.map((axis) => {
    if (axis.axis === -1 || !broadcasts[axis.axis]) return axis;
    const ones = new Array<number>(axis.blocks.length).fill(1);
    return { ...axis, blocks: ones, start: new Float64Array(ones.length), step: 1, whole: true };
  });
  const fixed = cut.fixed.map((one) => (broadcasts[one.axis] ? { ...one, at: 0 } : one));
  return { axes, fixed };
}

/**
 * Which nodes run together: each elementwise node maps to the node whose task it is computed in.
 */
export type Groups = ReadonlyMap<Expr, Expr>;

/**
 * Groups elementwise nodes with the one elementwise node or reduction that uses them. A node that
 * several groups use, or that a view or a call needs, is the root of a group of its own: its blocks
 * become tasks.
 */
export function groupElementwise(roots: readonly Expr[]): Groups {
  const order = inOrder(roots);
  const consumers = new Map<Expr, Expr[]>(roots.map((root) => [root, []]));
  const wanted = new Set(roots);
  for (const expr of order) {
    for (const operand of new Set(expr.operands)) {
      const list = consumers.get(operand);
      if (list === undefined) consumers.set(operand, [expr]);
      else list.push(expr);
    }
  }
  const groups = new Map<Expr, Expr>();
  const sizes = new Map<Expr, { operations: number; operands: number }>();
  for (const expr of order.reverse()) {
    const owner = wanted.has(expr) ? expr : ownerOf(expr, consumers.get(expr) ?? [], groups);
    const size = sizes.get(owner) ?? { operations: 0, operands: 1 };
    const operations = size.operations + 1;
    const operands = size.operands + expr.operands.length - 1;
    const joins = owner !== expr && operations <= MOST_OPERATIONS && operands <= MOST_OPERANDS;
    groups.set(expr, joins ? owner : expr);
    if (joins) sizes.set(owner, { operations, operands });
    else sizes.set(expr, { operations: 1, operands: Math.max(1, expr.operands.length) });
  }
  return groups;
}

/** The group that all consumers are in, if they may compute `expr` in place; else `expr` itself. */
function ownerOf(expr: Expr, consumers: readonly Expr[], groups: Groups): Expr {
  if (expr.kind !== "elementwise") return expr;
  let owner: Expr | undefined;
  for (const consumer of consumers) {
    const group = groups.get(consumer) as Expr;
    const fuses = consumer.kind === "elementwise" || consumer.kind === "reduction";
    if (!fuses || (owner !== undefined && owner !== group)) return expr;
    owner = group;
  }
  return owner ?? expr;
}
