/**
 * @file Finding out block lengths that a mask has left unknown: one small task per block of each
 * unknown axis tells its length, and the same blocks get known chunks.
 */
import { type ComputeOptions, computeAll } from "../cluster/compute.ts";
import { COLLECTION, type Collection } from "../core/collection.ts";
import { refsOf } from "./assemble.ts";
import { countUp, LayerPlan } from "./blocks.ts";
import { call } from "./build/call.ts";
import { type Chunks, isKnown } from "./chunks.ts";
import { stridesOf } from "./cut.ts";
import { type Expr, tokenOf } from "./expression.ts";
import { lowerAll } from "./lower.ts";
import { lengthOfBlock } from "./tasks.ts";

/** The same array with known chunks. */
export async function withKnownChunks(expr: Expr, options: ComputeOptions): Promise<Expr> {
  if (isKnown(expr.chunks)) return expr;
  const unknown = expr.chunks.flatMap((blocks, axis) => (blocks.some(Number.isNaN) ? [axis] : []));
  const lengths = await computeAll(
    unknown.map((axis) => lengthsAlong(expr, axis)),
    options,
  );
  const chunks = expr.chunks.map((blocks, axis) =>
    unknown.includes(axis) ? (lengths[unknown.indexOf(axis)] as readonly number[]) : blocks,
  );
  return withChunks(expr, chunks);
}

/** The same blocks under other lengths. */
function withChunks(expr: Expr, chunks: Chunks): Expr {
  return call({ word: "known", dtype: expr.dtype, chunks, operands: [expr], identity: [] }, () => ({
    ...(lowerAll([expr])[0] as ReturnType<typeof lowerAll>[number]),
    chunks,
  }));
}

/**
 * The lengths of the blocks along one axis, as a collection: those at the start of all other axes
 * tell them.
 */
function lengthsAlong(expr: Expr, axis: number): Collection<readonly unknown[]> {
  const lengths: Collection<readonly unknown[]> = {
    [COLLECTION]: true,
    lower: () => {
      const [blocks] = lowerAll([expr]) as [ReturnType<typeof lowerAll>[number]];
      const grid = blocks.chunks.map((own) => own.length);
      const plan = new LayerPlan([grid[axis] as number]);
      const stride = stridesOf(grid)[axis] as number;
      const picked = Int32Array.from(
        { length: plan.count },
        (_, i) => blocks.tasks[i * stride] as number,
      );
      const args = [{ kind: "const", value: axis } as const, plan.dep(plan.number(blocks, picked))];
      const token = `${tokenOf(expr)}-${axis}`;
      const layer = plan.finish({
        word: "length",
        token,
        kind: "call",
        template: { fn: lengthOfBlock, args },
      });
      const all = {
        chunks: [],
        layers: [layer],
        tasks: countUp(layer.count),
      };
      return { outputs: refsOf(all), finish: (values) => values, rebuild: () => lengths };
    },
  };
  return lengths;
}
