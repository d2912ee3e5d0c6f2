/**
 * @file Building calls: nodes that plan their own layer. Most of them run one function per block of
 * a grid; this file holds what they share.
 */
import { randomUUID } from "node:crypto";
import type { DType } from "../../core/dtype.ts";
import { HeddleError, isHeddleError } from "../../core/errors.ts";
import type { Arg, LayerKind, TaskFunction } from "../../core/graph.ts";
import { tokenize } from "../../core/token.ts";
import { type Blocks, blocksOfLayer, LayerPlan, type Operand } from "../blocks.ts";
import { type Chunks, gridOf } from "../chunks.ts";
import type { CallExpr, Expr } from "../expression.ts";

/** What a call is, besides how it is planned. */
export interface CallParts {
  readonly word: string;
  readonly dtype: DType;
  readonly chunks: Chunks;
  readonly operands?: readonly Expr[];
  /** Everything the result depends on besides operands, chunks and dtype. */
  readonly identity: readonly unknown[];
}

/** A node that plans its layers by `plan`. */
export function call(
  parts: CallParts,
  plan: (operands: readonly Operand[], token: string) => Blocks,
): CallExpr {
  return { kind: "call", operands: [], ...parts, plan };
}

/** One function per block of the result. */
export interface BlockCall {
  readonly fn: TaskFunction;
  readonly kind?: LayerKind;
  readonly pure?: boolean;
  /** The arguments of the function, given a plan over the grid of the result's blocks. */
  args(plan: LayerPlan, operands: readonly Operand[]): Arg[];
}

/** A node that runs one function per block of its chunks. */
export function blockCall(parts: CallParts, block: BlockCall): CallExpr {
  return call(parts, (operands, token) => {
    const plan = new LayerPlan(gridOf(parts.chunks));
    const args = block.args(plan, operands);
    const layer = plan.finish({
      word: parts.word,
      token,
      kind: block.kind ?? (operands.length === 0 ? "source" : "blockwise"),
      template: { fn: block.fn, args },
      ...(block.pure === undefined ? {} : { pure: block.pure }),
    });
    return blocksOfLayer(layer, parts.chunks);
  });
}

/** An argument that is the same for all tasks. */
export function constant(value: unknown): Arg {
  return { kind: "const", value };
}

/** A name for layers of user functions. Errors: `InvalidArgument` for anything else. */
export function nameOf(fn: TaskFunction, fallback: string): string {
  if (typeof fn !== "function") {
    throw new HeddleError(
      "InvalidArgument",
      `a function that makes blocks was expected, as in x.mapBlocks((block) => …), not ${typeof fn}`,
    );
  }
  return /^[A-Za-z_$][\w$]*$/.test(fn.name) ? fn.name : fallback;
}

/**
 * What tells a user's function from others: its token; something unique when it is not pure or has
 * captured what no token can name (running it elsewhere will then say why it cannot travel).
 */
export function identityOf(fn: TaskFunction, pure = true): string {
  try {
    if (pure) return tokenize(fn);
  } catch (error) {
    const unnamed =
      isHeddleError(error, "TokenizeFailed") || isHeddleError(error, "NotSerializable");
    if (!unnamed) throw error;
  }
  return `impure-${randomUUID()}`;
}
