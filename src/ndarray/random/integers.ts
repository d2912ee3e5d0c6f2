/**
 * @file Integers within bounds, as `numpy.random.Generator.integers` draws them: Lemire's method on
 * 64, 32, 16 or 8 bit draws by dtype, with bounds that are numbers, bigints or arrays to broadcast.
 */
import { type DType, type DTypeLike, integerRange, itemsizeOf, toDType } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { broadcastShapes, sizeOfShape } from "../../core/indexing.ts";
import { contiguous, elementsOf, runKernel } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { drawSmall, filled, type Size, SMALL_AT, shapeOf } from "./draws.ts";
import type { PCG64 } from "./pcg64.ts";

/** A bound of an integer range. */
export type Bound = number | bigint | NDArray;

/** How to draw integers. */
export interface IntegersOptions {
  /** Default: one value, or the broadcast shape of array bounds. */
  readonly size?: Size;
  /** Any integer dtype or bool; default int64. */
  readonly dtype?: DTypeLike;
  /** Whether `high` may be drawn too; default false. */
  readonly endpoint?: boolean;
}

interface Range {
  readonly low: bigint;
  /** Greatest value minus least. */
  readonly span: bigint;
}

function toBigInt(bound: number | bigint, name: string): bigint {
  if (typeof bound === "bigint") return bound;
  if (Number.isInteger(bound)) return BigInt(bound);
  throw new HeddleError("InvalidArgument", `integers: ${name} must be an integer, not ${bound}.`);
}

function rangeOf(low: bigint, high: bigint, dtype: DType, endpoint: boolean): Range {
  const last = endpoint ? high : high - 1n;
  const [least, greatest] = dtype === "bool" ? [0n, 1n] : integerRange(dtype);
  const fail = (message: string): HeddleError =>
    new HeddleError("InvalidArgument", `integers: ${message}`, {
      fields: { low: String(low), high: String(high), dtype },
    });
  if (low < least) throw fail(`low ${low} is below ${least}, the least ${dtype}.`);
  if (last > greatest) throw fail(`high ${high} is above what ${dtype} holds (${greatest}).`);
  if (low > last) throw fail(`low ${low} must be ${endpoint ? "at most" : "below"} high ${high}.`);
  return { low, span: last - low };
}

function checkDtype(dtype: DType): void {
  if (/^(u?int(8|16|32|64)|bool)$/.test(dtype)) return;
  throw new HeddleError(
    "DTypeMismatch",
    `integers draws integer dtypes or bool, not ${dtype}; see random or uniform for floats.`,
  );
}

/** Draws integers; see `Generator.integers`. */
export function drawIntegers(
  stream: PCG64,
  low: Bound,
  high: Bound,
  options: IntegersOptions,
): number | boolean | NDArray {
  const dtype: DType = toDType(options.dtype ?? "int64");
  checkDtype(dtype);
  const endpoint = options.endpoint ?? false;
  const shape = shapeOf(options.size);
  if (low instanceof NDArray || high instanceof NDArray) {
    return drawEach(stream, low, high, dtype, endpoint, shape);
  }
  const range = rangeOf(toBigInt(low, "low"), toBigInt(high, "high"), dtype, endpoint);
  if (shape === undefined) return drawOne(stream, range, dtype);
  return filled(stream, dtype, shape, (kernels, at, count) => {
    const { low: offset, span } = range;
    if (dtype === "bool") kernels.fillBooleans(at, count, Number(offset), Number(span));
    else kernels.fillIntegers(at, count, itemsizeOf(dtype), offset, span);
  });
}

function drawOne(stream: PCG64, { low, span }: Range, dtype: DType): number | boolean {
  return drawSmall(stream, (kernels, memory) => {
    const bytes = new DataView(memory.buffer);
    if (dtype === "bool") {
      kernels.fillBooleans(SMALL_AT, 1, Number(low), Number(span));
      return bytes.getUint8(SMALL_AT) !== 0;
    }
    kernels.fillIntegers(SMALL_AT, 1, itemsizeOf(dtype), low, span);
    const bits = BigInt.asUintN(itemsizeOf(dtype) * 8, bytes.getBigUint64(SMALL_AT, true));
    const value = dtype.startsWith("u") ? bits : BigInt.asIntN(itemsizeOf(dtype) * 8, bits);
    if (Number.isSafeInteger(Number(value))) return Number(value);
    throw new HeddleError(
      "UnsafeInteger",
      `The integer ${value} was drawn, which a number cannot hold. Draw { size: 1 } and read it ` +
        'with toArray({ int64: "bigint" }).',
    );
  });
}

/** Bounds as bigints, broadcast to a shape. */
function boundsOf(bound: Bound, shape: readonly number[], name: string): bigint[] {
  if (!(bound instanceof NDArray)) {
    return new Array<bigint>(sizeOfShape(shape)).fill(toBigInt(bound, name));
  }
  const elements = elementsOf(contiguous(bound.broadcastTo(shape)));
  return Array.from(elements as ArrayLike<number | bigint>, (element) => toBigInt(element, name));
}

function drawEach(
  stream: PCG64,
  low: Bound,
  high: Bound,
  dtype: DType,
  endpoint: boolean,
  size: readonly number[] | undefined,
): NDArray {
  const shapes = [low, high].map((bound) => (bound instanceof NDArray ? bound.shape : []));
  const shape = size ?? broadcastShapes(...shapes);
  const lows = boundsOf(low, shape, "low");
  const highs = boundsOf(high, shape, "high");
  const ranges = lows.map((from, i) => rangeOf(from, highs[i] as bigint, dtype, endpoint));
  const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
  const offsets = new NDArray(BigUint64Array.from(ranges, (range) => mask(range.low)));
  const spans = new NDArray(BigUint64Array.from(ranges, (range) => range.span));
  if (dtype === "bool") {
    throw new HeddleError("NotSupported", "integers of bool take numbers as bounds, not arrays.");
  }
  const [result] = runKernel([offsets, spans], [{ dtype, shape }], 0, (placed) => {
    const [offsetsAt, spansAt] = placed.inputs as [number, number];
    const out = placed.outputs[0] as number;
    stream.use(placed.memory, (kernels) => {
      kernels.fillIntegersEach(out, ranges.length, itemsizeOf(dtype), offsetsAt, spansAt);
    });
  });
  return result as NDArray;
}
