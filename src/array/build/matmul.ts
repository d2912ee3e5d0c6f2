/**
 * @file Matrix products over blocks: one task multiplies a block of each side, and the products
 * along the contracted blocks are summed as a tree. All products are `tensordot`s of two arrays,
 * with leading axes that run along together.
 */
import { promote } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis } from "../../core/indexing.ts";
import { commonBlocks } from "../axis-plans.ts";
import { blocksOfLayer, LayerPlan, type Operand } from "../blocks.ts";
import { type Chunks, gridOf, show, sum } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { lowerTree } from "../lower-reduction.ts";
import { contractBlocks } from "../matmul-tasks.ts";
import { combineFolds, finishFolds } from "../reduction-tasks.ts";
import { call, constant } from "./call.ts";
import { astype, binary, unifyChunks } from "./elementwise.ts";
import { rechunkTo } from "./rechunk.ts";
import { reduce } from "./reduce.ts";
import { broadcastTo, expandDims, squeeze, transpose } from "./shape.ts";

/**
 * Matrix product by the rules of `numpy.matmul`: stacks of matrices broadcast, vectors gain and
 * lose an axis.
 */
export function matmul(a: Expr, b: Expr): Expr {
  if (a.chunks.length === 0 || b.chunks.length === 0) {
    throw new HeddleError(
      "InvalidShape",
      "matmul needs arrays with axes; use multiply for plain values",
    );
  }
  const left = a.chunks.length === 1 ? expandDims(a, 0) : a;
  const right = b.chunks.length === 1 ? expandDims(b, 1) : b;
  const [k, j] = [left.chunks.length - 1, right.chunks.length - 2];
  checkContraction("matmul", a, b, left.chunks[k], right.chunks[j]);
  const stacks = unifyChunks([stackOf(left), stackOf(right)], "matmul");
  const result = contract(stretch(left, stacks), stretch(right, stacks), stacks.length);
  const dropped = [
    ...(a.chunks.length === 1 ? [stacks.length] : []),
    ...(b.chunks.length === 1 ? [stacks.length + 1] : []),
  ];
  return dropped.length === 0 ? result : squeeze(result, dropped);
}

/** The axes of an array before its two matrix axes, as an array would have them. */
function stackOf(array: Expr): Expr {
  return { ...array, chunks: array.chunks.slice(0, -2) };
}

function stretch(array: Expr, stacks: Chunks): Expr {
  const matrix = array.chunks.slice(-2);
  const shape = [...stacks.map(sum), ...matrix.map(sum)];
  const same = shapeOfExpr(array).join() === shape.join();
  const wide = same ? array : broadcastTo(array, shape);
  return rechunkTo(wide, [...stacks, ...matrix]);
}

function checkContraction(
  what: string,
  a: Expr,
  b: Expr,
  left: readonly number[] | undefined,
  right: readonly number[] | undefined,
): void {
  if (left !== undefined && right !== undefined && sum(left) === sum(right)) return;
  throw new HeddleError(
    "InvalidShape",
    `${what}: shapes ${show(shapeOfExpr(a))} and ${show(shapeOfExpr(b))} do not fit: the contracted lengths ` +
      `are ${left === undefined ? "missing" : sum(left)} and ${right === undefined ? "missing" : sum(right)}; ` +
      "transpose one of them?",
    { fields: { left: shapeOfExpr(a), right: shapeOfExpr(b) } },
  );
}

/** Products of matrices [stacks…, i, k] and [stacks…, k, j], whose stacks have the same blocks. */
function contract(a: Expr, b: Expr, stacks: number): Expr {
  const dtype = promote(a.dtype, b.dtype);
  const common = commonBlocks([a.chunks[stacks + 1] ?? [], b.chunks[stacks] ?? []]);
  const inner = common ?? [sum(a.chunks[stacks + 1] ?? [])];
  const left = rechunkTo(astype(a, dtype), [...a.chunks.slice(0, -1), inner]);
  const right = rechunkTo(astype(b, dtype), [
    ...b.chunks.slice(0, -2),
    inner,
    ...b.chunks.slice(-1),
  ]);
  const rows = left.chunks[stacks] as readonly number[];
  const columns = right.chunks[stacks + 1] as readonly number[];
  const head = left.chunks.slice(0, stacks);
  const chunks = [...head, rows, columns];
  return call(
    { word: "matmul", dtype, chunks, operands: [left, right], identity: [] },
    (operands, token) => {
      // The grid of products has the contracted blocks as its last axis, which the tree then sums.
      const products = [...chunks, inner.map(() => 1)];
      const plan = new LayerPlan(gridOf(products));
      const along = head.map((_, axis) => axis);
      const args = [
        plan.operand(operands[0] as Operand, [...along, stacks, stacks + 2]),
        plan.operand(operands[1] as Operand, [...along, stacks + 2, stacks + 1]),
        constant(dtype),
      ];
      const template = { fn: contractBlocks, args };
      const layer = plan.finish({ word: "matmul-product", token, kind: "blockwise", template });
      return lowerTree(blocksOfLayer(layer, products), {
        word: "matmul",
        token,
        axes: [stacks + 2],
        splitEvery: [4],
        keepdims: false,
        stages: {
          combine: { fn: combineFolds, args: ["sum"] },
          finish: { fn: finishFolds, args: ["sum", [stacks + 2]] },
        },
      });
    },
  );
}

/**
 * `numpy.dot`: of vectors a sum of products, of matrices their product, else over the last and last
 * but one axis.
 */
export function dot(a: Expr, b: Expr): Expr {
  if (a.chunks.length === 0 || b.chunks.length === 0) return binary("multiply", a, b);
  if (a.chunks.length === 1 && b.chunks.length === 1) {
    checkContraction("dot", a, b, a.chunks[0], b.chunks[0]);
    const product = binary("multiply", a, b);
    return reduce(product, "sum", { dtype: product.dtype });
  }
  if (a.chunks.length <= 2 && b.chunks.length <= 2) return matmul(a, b);
  return tensordot(a, b, [[a.chunks.length - 1], [Math.max(0, b.chunks.length - 2)]]);
}

/** Axes to contract: so many last of one and first of the other, or lists of both. */
export type TensordotAxes =
  | number
  | readonly [number | readonly number[], number | readonly number[]];

/** Sums of products over chosen axes of both arrays (`numpy.tensordot`). */
export function tensordot(a: Expr, b: Expr, axes: TensordotAxes = 2): Expr {
  const [left, right] = contractedAxes(a, b, axes);
  left.forEach((axis, i) => {
    checkContraction("tensordot", a, b, a.chunks[axis], b.chunks[right[i] as number]);
  });
  const keptLeft = a.chunks.flatMap((_, axis) => (left.includes(axis) ? [] : [axis]));
  const keptRight = b.chunks.flatMap((_, axis) => (right.includes(axis) ? [] : [axis]));
  const dtype = promote(a.dtype, b.dtype);
  const inner = left.map((axis, i) => {
    const [own, its] = [a.chunks[axis] ?? [], b.chunks[right[i] as number] ?? []];
    return commonBlocks([own, its]) ?? [sum(own)];
  });
  const x = orderedFor(a, [...keptLeft, ...left], keptLeft.length, inner, false);
  const y = orderedFor(b, [...right, ...keptRight], right.length, inner, true);
  const outerLeft = x.chunks.slice(0, keptLeft.length);
  const outerRight = y.chunks.slice(right.length);
  const chunks = [...outerLeft, ...outerRight];
  const operands = [astype(x, dtype), astype(y, dtype)];
  const counts = inner.map((blocks) => blocks.map(() => 1));
  return call(
    { word: "tensordot", dtype, chunks, operands, identity: [inner.length] },
    (lowered, token) => {
      const products = [...chunks, ...counts];
      const plan = new LayerPlan(gridOf(products));
      const innerAxes = counts.map((_, i) => chunks.length + i);
      const args = [
        plan.operand(lowered[0] as Operand, [...outerLeft.keys(), ...innerAxes]),
        plan.operand(lowered[1] as Operand, [
          ...innerAxes,
          ...[...outerRight.keys()].map((i) => outerLeft.length + i),
        ]),
        constant(dtype),
        constant(inner.length),
      ];
      const template = { fn: contractBlocks, args };
      const layer = plan.finish({ word: "tensordot-product", token, kind: "blockwise", template });
      return lowerTree(blocksOfLayer(layer, products), {
        word: "tensordot",
        token,
        axes: innerAxes,
        splitEvery: innerAxes.map(() => 4),
        keepdims: false,
        stages: {
          combine: { fn: combineFolds, args: ["sum"] },
          finish: { fn: finishFolds, args: ["sum", innerAxes] },
        },
      });
    },
  );
}

function orderedFor(
  array: Expr,
  order: readonly number[],
  split: number,
  inner: Chunks,
  innerFirst: boolean,
): Expr {
  const turned = transpose(array, order);
  const kept = innerFirst ? turned.chunks.slice(split) : turned.chunks.slice(0, split);
  return rechunkTo(turned, innerFirst ? [...inner, ...kept] : [...kept, ...inner]);
}

function contractedAxes(a: Expr, b: Expr, axes: TensordotAxes): [number[], number[]] {
  if (typeof axes === "number") {
    const most = Math.min(a.chunks.length, b.chunks.length);
    if (!Number.isInteger(axes) || axes < 0 || axes > most) {
      throw new HeddleError(
        "InvalidAxis",
        `tensordot: axes is ${axes}; these arrays allow 0 to ${most}`,
      );
    }
    const range = Array.from({ length: axes }, (_, i) => i);
    return [range.map((i) => a.chunks.length - axes + i), range];
  }
  const [left, right] = axes.map((list) => [list].flat());
  const first = (left ?? []).map((axis) => resolveAxis(axis as number, a.chunks.length));
  const second = (right ?? []).map((axis) => resolveAxis(axis as number, b.chunks.length));
  if (first.length === second.length) return [first, second];
  throw new HeddleError(
    "InvalidAxis",
    `tensordot: ${first.length} axes of the first array and ${second.length} of the second cannot be paired`,
  );
}
