/** @file Elementwise work that became one kernel, and the blocks that it takes in a layer. */
import type { Arg } from "../core/graph.ts";
import type { Kernel } from "../ndarray/kernels/ir.ts";
import type { LayerPlan, Operand } from "./blocks.ts";
import { firstOfEqual } from "./tasks.ts";

/** Elementwise work as one kernel, and the lowered arrays that are its inputs. */
export interface Fused {
  readonly kernel: Kernel;
  readonly leaves: readonly Operand[];
  /** For each axis, the leaves whose blocks have unknown lengths along it. */
  readonly lockstep: readonly (readonly number[])[];
}

/** The blocks that a kernel takes; those of unknown lengths are compared where they are known. */
export function inputsOf({ leaves, lockstep }: Fused, plan: LayerPlan): Arg[] {
  const [first, ...rest] = leaves.map((leaf) => plan.operand(leaf));
  if (first === undefined) return [];
  if (!lockstep.some((members) => members.length > 1)) return [first, ...rest];
  const args: Arg[] = [{ kind: "const", value: lockstep }, first, ...rest];
  return [{ kind: "call", fn: firstOfEqual, args }, ...rest];
}
