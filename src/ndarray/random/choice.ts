/**
 * @file Sampling from a population and shuffling, in NumPy's order of draws: `choice` with and
 * without replacement and with probabilities, `shuffle`, `permutation`.
 */
import { HeddleError } from "../../core/errors.ts";
import { resolveAxis, sizeOfShape } from "../../core/indexing.ts";
import { take } from "../library/moving.ts";
import { contiguous, elementsOf, emptyArray, runKernel } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { drawSmall, filled, type Size, shapeOf } from "./draws.ts";
import { drawIntegers } from "./integers.ts";
import type { PCG64 } from "./pcg64.ts";

/** How to sample. */
export interface ChoiceOptions {
  /** Default: one element. */
  readonly size?: Size;
  /** Whether an element may be drawn more than once; default true. */
  readonly replace?: boolean;
  /** Probability of each element; default all the same. */
  readonly p?: NDArray | readonly number[];
  /** Axis of the population that is sampled; default 0. */
  readonly axis?: number;
  /** Whether a sample without replacement comes in random order; default true. False is faster. */
  readonly shuffle?: boolean;
}

function invalid(message: string): HeddleError {
  return new HeddleError("InvalidArgument", `choice: ${message}`);
}

/** Positions (int64) of a sample from a population of `population` elements. */
export function choosePositions(
  stream: PCG64,
  population: number,
  options: ChoiceOptions,
): NDArray<"int64"> {
  const shape = shapeOf(options.size) ?? [];
  const count = sizeOfShape(shape);
  if (!(Number.isSafeInteger(population) && population >= 0)) {
    throw invalid(`the population must be a non-negative integer, not ${population}.`);
  }
  if (count === 0) return emptyArray("int64", shape);
  if (population === 0) throw invalid("there is nothing to choose from.");
  const p = options.p === undefined ? undefined : probabilities(options.p, population);
  if (options.replace !== false) {
    if (p !== undefined) return byProbability(stream, p, shape);
    const size = shape;
    return drawIntegers(stream, 0, population, { size }) as NDArray<"int64">;
  }
  if (count > population) {
    throw invalid(
      `${count} of ${population} elements cannot be taken without replacement; use replace: true.`,
    );
  }
  const chosen =
    p === undefined
      ? distinct(stream, population, count, options.shuffle !== false)
      : distinctByProbability(stream, p, count);
  return chosen.reshape(shape);
}

/** Probabilities as float64, checked to be a distribution over the population. */
function probabilities(p: NDArray | readonly number[], population: number): Float64Array {
  const array = p instanceof NDArray ? p : new NDArray([...p]);
  const values = Float64Array.from(elementsOf(contiguous(array.astype("float64"))) as Float64Array);
  if (array.ndim !== 1 || values.length !== population) {
    throw invalid(`p has ${values.length} probabilities for ${population} elements.`);
  }
  if (values.some((x) => !(x >= 0))) throw invalid("probabilities must be 0 or greater, not NaN.");
  const sum = kahanSum(values);
  const tolerance = array.dtype === "float32" ? Math.sqrt(2 ** -23) : Math.sqrt(2 ** -52);
  if (Math.abs(sum - 1) > tolerance) throw invalid(`probabilities must sum to 1, not ${sum}.`);
  return values;
}

function kahanSum(values: Float64Array): number {
  let sum = values[0] as number;
  let compensation = 0;
  for (let i = 1; i < values.length; i++) {
    const term = (values[i] as number) - compensation;
    const next = sum + term;
    compensation = next - sum - term;
    sum = next;
  }
  return sum;
}

function cumulative(p: Float64Array): Float64Array {
  let sum = 0;
  const steps = p.map((x) => {
    sum += x;
    return sum;
  });
  return steps.map((x) => x / sum);
}

/** Number of steps that are at most `x`: where a uniform draw falls. */
function positionOf(steps: Float64Array, x: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function uniforms(stream: PCG64, shape: readonly number[]): NDArray<"float64"> {
  return filled(stream, "float64", shape, (kernels, at, n) => void kernels.fillUniform(at, n));
}

function byProbability(stream: PCG64, p: Float64Array, shape: readonly number[]): NDArray<"int64"> {
  const steps = cumulative(p);
  const draws = elementsOf(uniforms(stream, shape));
  const chosen = emptyArray("int64", shape);
  const positions = elementsOf(chosen);
  for (let i = 0; i < draws.length; i++) {
    positions[i] = BigInt(positionOf(steps, draws[i] as number));
  }
  return chosen;
}

/**
 * Draws until enough distinct elements are found, each round without the probability of those found
 * before.
 */
function distinctByProbability(stream: PCG64, p: Float64Array, count: number): NDArray<"int64"> {
  const positive = p.filter((x) => x > 0).length;
  if (positive < count) {
    throw invalid(`only ${positive} elements have a probability above 0, but ${count} are wanted.`);
  }
  const left = p.slice();
  const found: number[] = [];
  while (found.length < count) {
    for (const position of found) left[position] = 0;
    const draws = elementsOf(uniforms(stream, [count - found.length]));
    const steps = cumulative(left);
    const round = Array.from(draws, (draw) => positionOf(steps, draw));
    found.push(...new Set(round));
  }
  return new NDArray<"int64">(BigInt64Array.from(found, BigInt));
}

/** Above this population a large share is taken by shuffling the tail of all positions. */
const TAIL_SHUFFLE_ABOVE = 10000;

function distinct(
  stream: PCG64,
  population: number,
  count: number,
  shuffled: boolean,
): NDArray<"int64"> {
  const cutoff = shuffled ? 50 : 20;
  if (population > TAIL_SHUFFLE_ABOVE && count > Math.floor(population / cutoff)) {
    const first = Math.max(population - count, 1);
    const all = filled(stream, "int64", [population], (kernels, at, n) => {
      kernels.fillRange(at, n);
      kernels.shuffleIndices(at, n, first);
    });
    return all.at(`${population - count}:`).copy();
  }
  // Slots of the hash set: the power of two above 1.2 times the sample, as in NumPy.
  const mask = 2 ** Math.ceil(Math.log2(Math.floor(1.2 * count) + 1)) - 1;
  const spec = { dtype: "int64" as const, shape: [count] };
  const [chosen] = runKernel([], [spec], (mask + 1) * 8, ({ memory, outputs, scratch }) => {
    const [out] = outputs as [number];
    new Uint8Array(memory.buffer, scratch, (mask + 1) * 8).fill(0xff);
    stream.use(memory, (kernels) => {
      kernels.sampleDistinct(out, BigInt(count), BigInt(population), scratch, BigInt(mask));
      if (shuffled) kernels.shuffleIndices(out, count, 1);
    });
  });
  return chosen as NDArray<"int64">;
}

/** Shuffles an array along an axis, in place. */
export function shuffleArray(stream: PCG64, array: NDArray, axis: number): void {
  const along = resolveAxis(axis, array.ndim);
  if (array.size === 0) return;
  if (along === 0 && array.isContiguous) {
    const rows = array.shape[0] as number;
    const bytes = array.nbytes / rows;
    runKernel([], [array], bytes, ({ memory, outputs, scratch }) => {
      stream.use(memory, (kernels) => kernels.shuffle(outputs[0] as number, rows, bytes, scratch));
    });
    return;
  }
  array.set(
    take(array, shuffledRange(stream, array.shape[along] as number), { axis: along }),
    "...",
  );
}

/** 0 to count - 1 in random order. */
export function shuffledRange(stream: PCG64, count: number): NDArray<"int64"> {
  return filled(stream, "int64", [count], (kernels, at, n) => {
    kernels.fillRange(at, n);
    kernels.shuffle(at, n, 8, 0);
  });
}

/** Shuffles a plain JavaScript array in place, with the draws that NumPy makes for a list. */
export function shuffleList(stream: PCG64, list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = drawSmall(stream, (kernels) => kernels.interval(BigInt(i)));
    [list[i], list[Number(j)]] = [list[Number(j)], list[i]];
  }
}
