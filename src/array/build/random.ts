/**
 * @file Random sources. Every block draws from a stream of its own: child `i` of the generator's
 * seed for block `i`, in C order, as Dask does. So the numbers depend on seed and chunks, never on
 * who computes them.
 */
import { type DType, isScalar, itemsizeOf, type Scalar } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { broadcastShapes } from "../../core/indexing.ts";
import type { Entropy } from "../../ndarray/random/seed-sequence.ts";
import { countUp, type Operand } from "../blocks.ts";
import { gridOf, product } from "../chunks.ts";
import { type Expr, shapeOfExpr } from "../expression.ts";
import { type ChunksInput, normalizeChunks } from "../normalize-chunks.ts";
import { drawBlock, takeElements } from "../random-tasks.ts";
import { blockCall, constant } from "./call.ts";
import { rechunk } from "./rechunk.ts";
import { broadcastTo } from "./shape.ts";

/**
 * Where the seeds of an array's blocks come from: child `first + i` of the sequence is that of
 * block `i`.
 */
export interface SeedRange {
  readonly entropy: Entropy;
  readonly spawnKey: readonly number[];
  readonly first: number;
}

/** Which draw, and what it depends on. */
export interface Draw {
  /** Method of the local generator. */
  readonly method: string;
  /** Parameters in the method's order; arrays are broadcast to the size and cut like the result. */
  readonly parameters: readonly (Expr | Scalar)[];
  readonly dtype: DType;
  /** Further options of the method, as they are. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The shape of a draw: that of `size`, or what the parameters broadcast to. */
export function sizeOfDraw(
  size: number | readonly number[] | undefined,
  parameters: readonly (Expr | Scalar)[],
): number[] {
  const shapes = parameters.filter((p): p is Expr => !isScalar(p)).map(shapeOfExpr);
  if (size === undefined) return broadcastShapes(...shapes);
  const shape = typeof size === "number" ? [size] : [...size];
  const bad = shape.find((length) => !(Number.isSafeInteger(length) && length >= 0));
  if (bad === undefined) return broadcastShapes(shape, ...shapes);
  throw new HeddleError(
    "InvalidShape",
    `a length of the size [${shape.join(", ")}] is ${String(bad)}: lengths are integers from 0 on`,
    { fields: { size: shape } },
  );
}

/** A lazy array of random numbers. `seeds` reserves the streams of so many blocks. */
export function draw(
  what: Draw,
  size: readonly number[],
  chunks: ChunksInput,
  seeds: (count: number) => SeedRange,
): Expr {
  const cut = normalizeChunks(chunks, size, { itemBytes: itemsizeOf(what.dtype) });
  const range = seeds(product(gridOf(cut)));
  const arrays = what.parameters.filter((p): p is Expr => !isScalar(p));
  const operands = arrays.map((array) => broadcastTo(array, size, cut));
  const { method, dtype, options } = what;
  const scalars = what.parameters.map((p) => (isScalar(p) ? p : null));
  // Drawing one number checks the parameters now rather than in a task.
  const one = [Math.min(1, product(size))];
  if (arrays.length === 0) drawBlock(what, { entropy: 0, spawnKey: [] }, 0, one, ...scalars);
  return blockCall(
    { word: method, dtype, chunks: cut, operands, identity: [range, scalars, options] },
    {
      fn: drawBlock,
      args: (plan, lowered) => {
        let next = 0;
        const parameters = what.parameters.map((p) =>
          isScalar(p) ? constant(p) : plan.operand(lowered[next++] as Operand),
        );
        const child = plan.literal(countUp(plan.count, range.first));
        const seed = constant({ entropy: range.entropy, spawnKey: range.spawnKey });
        return [
          constant({ method, dtype, options }),
          seed,
          child,
          plan.shapeArg(cut),
          ...parameters,
        ];
      },
    },
  );
}

/** Elements (or slices along the first axis) of a population, made whole, at lazy positions. */
export function elementsAt(population: Expr, positions: Expr): Expr {
  const whole = rechunk(population, -1);
  const rest = whole.chunks.slice(1);
  const chunks = [...positions.chunks, ...rest];
  return blockCall(
    {
      word: "choice-of",
      dtype: population.dtype,
      chunks,
      operands: [whole, positions],
      identity: [],
    },
    {
      fn: takeElements,
      args: (plan, [from, at]) => [
        plan.operand(
          from as Operand,
          whole.chunks.map(() => 0),
        ),
        plan.operand(
          at as Operand,
          positions.chunks.map((_, axis) => axis),
        ),
      ],
    },
  );
}
