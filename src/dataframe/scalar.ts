/** @file A lazy single value: what reductions of a column give. */
import { type ComputeOptions, computeAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import { type Collection, CollectionBase, type Lowered } from "../core/collection.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { inspectAsText } from "../core/symbols.ts";
import { referToAll } from "../functions/index.ts";
import type { AnyRow, Table } from "../table/table.ts";
import type { Field } from "../table/types.ts";
import { lowerPlan } from "./lower.ts";
import { measureInputs } from "./partitioned/held-sizes.ts";
import type { Plan, PlanSize } from "./plan.ts";
import * as self from "./scalar.ts";
import { schemaOf } from "./schema.ts";

/** What one value takes, about. */
const ONE_VALUE: PlanSize = { rows: 1, bytes: 100 };

/** The one value of a frame of one row and one column. */
export class Scalar<T> extends CollectionBase implements Collection<T> {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    super();
    this.#plan = plan;
  }

  /** Name and type of the one column. */
  get fields(): readonly Field[] {
    return schemaOf(this.#plan);
  }

  prepare(): Promise<void> | undefined {
    return measureInputs(this.#plan);
  }

  lower(): Lowered<T> {
    return {
      outputs: lowerPlan(this.#plan),
      finish: (tables) => onlyValue(tables as readonly Table[]) as T,
      finishTask: { fn: onlyValue, args: [] },
      rebuild: (refs) =>
        new Scalar<T>({ kind: "input", fields: this.fields, refs, size: ONE_VALUE }),
    };
  }

  /** Computes the value. */
  async compute(options?: ComputeOptions): Promise<T> {
    const [value] = await computeAll([this], options);
    return value as T;
  }

  override toString(): string {
    return "Scalar (lazy: await .compute() gives the value)";
  }
}

inspectAsText(Scalar.prototype);
refuseArithmetic(
  Scalar.prototype,
  "a lazy value",
  "compute it first, as in (await x.compute()) + 1",
);

/** A scalar as plain data. */
export function packScalar(scalar: Scalar<unknown>): PackedCollection<readonly Field[]> {
  return { outputs: packOutputs(scalar), facts: scalar.fields };
}

/** The scalar that was packed. */
export function unpackScalar(packed: PackedCollection<readonly Field[]>): Scalar<unknown> {
  return new Scalar({ kind: "input", fields: packed.facts, refs: packed.outputs });
}

registerCollection("Scalar", Scalar, packScalar, unpackScalar);

/** The first value of the only table's first column. */
export function onlyValue([table]: readonly Table<AnyRow>[]): unknown {
  const name = table?.columns[0];
  return table === undefined || name === undefined ? null : table.column(name).get(0);
}

referToAll(import.meta.url, self);
