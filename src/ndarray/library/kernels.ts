/**
 * @file The compiled kernels of `assembly/`, instantiated once per thread and memory. Kernels work
 * on byte addresses of one shared memory, allocate nothing and check nothing: callers pass valid
 * addresses, lengths and scratch. Addresses are unsigned; numbers above 2 GiB pass through
 * WebAssembly's 32-bit conversion unharmed.
 */
import { inflateRawSync } from "node:zlib";
import type { DType } from "../../core/dtype.ts";
import { type WasmMemory, type WasmModule, wasm } from "../../core/wasm.ts";
import { DEFLATED_BASE64 as ARRAYS } from "./arrays.generated.ts";
import { DEFLATED_BASE64 as LINALG } from "./linalg.generated.ts";
import { DEFLATED_BASE64 as RANDOM } from "./random.generated.ts";

/**
 * Element type numbers of `assembly/dtype.ts`. Complex dtypes have none: kernels see their parts.
 */
export const DTYPE_CODE: Readonly<Partial<Record<DType, number>>> = {
  bool: 0,
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  int64: 7,
  uint64: 8,
  float32: 9,
  float64: 10,
  datetime64: 11,
  timedelta64: 11,
};

/** A kernel over addresses, counts and number codes; booleans are 0 or 1. */
type Kernel = (...args: number[]) => number;

/** Sorting, moving, searching, scanning, hashing: `assembly/arrays.ts` documents each. */
export type ArrayKernels = Readonly<
  Record<
    | "argExtreme"
    | "argsort"
    | "argsortBy"
    | "bincount"
    | "bincountWeighted"
    | "compress"
    | "countTrue"
    | "cumprod"
    | "cumsum"
    | "firstOutside"
    | "groupByHash"
    | "hashStrings"
    | "hashValues"
    | "histogram"
    | "histogram2d"
    | "histogramWeighted"
    | "nonzero"
    | "partition"
    | "put"
    | "rangeOf"
    | "searchsorted"
    | "sort"
    | "take"
    | "transpose"
    | "uniqueStarts",
    Kernel
  >
> & {
  unravel(flat: number, n: number, divisor: bigint, length: bigint, target: number): void;
  firstOutside(indices: number, wide: number, count: number, length: bigint): number;
};

/** Random streams: `assembly/random.ts` documents each. */
export type RandomKernels = Readonly<
  Record<
    | "drawContinuous"
    | "fillBooleans"
    | "fillContinuous"
    | "fillContinuousEach"
    | "fillDirichlet"
    | "fillDiscrete"
    | "fillDiscreteEach"
    | "fillExponential"
    | "fillExponential32"
    | "fillIntegersEach"
    | "fillNormal"
    | "fillNormal32"
    | "fillRange"
    | "fillRaw"
    | "fillUniform"
    | "fillUniform32"
    | "halfKept"
    | "halfValue"
    | "shuffle"
    | "shuffleIndices",
    Kernel
  >
> & {
  setState(
    high: bigint,
    low: bigint,
    incrementHigh: bigint,
    incrementLow: bigint,
    halfKept: number,
    halfValue: number,
  ): void;
  stateHigh(): bigint;
  stateLow(): bigint;
  interval(max: bigint): bigint;
  drawDiscrete(which: number, a: number, b: number, c: number): bigint;
  fillIntegers(out: number, n: number, size: number, offset: bigint, range: bigint): void;
  fillMultinomial(out: number, rows: number, count: bigint, pvals: number, d: number): void;
  sampleDistinct(out: number, count: bigint, population: bigint, table: number, mask: bigint): void;
};

/** Matrix kernels: `assembly/linalg.ts` documents each. */
export type LinalgKernels = Readonly<
  Record<
    | "applyPivots"
    | "cholesky"
    | "formQ"
    | "gemm32"
    | "gemm64"
    | "gemmIntegers"
    | "jacobiEigen"
    | "jacobiSvd"
    | "lu"
    | "qr"
    | "solveTriangular",
    Kernel
  >
>;

interface Instances {
  arrays?: ArrayKernels;
  random?: RandomKernels;
  linalg?: LinalgKernels;
}

const TEXTS = { arrays: ARRAYS, random: RANDOM, linalg: LINALG } as const;

const modules = new Map<keyof Instances, WasmModule>();
const instances = new WeakMap<WasmMemory, Instances>();

/** Bytes of a module, as compiled. */
export function moduleBytes(name: keyof Instances): Uint8Array {
  return inflateRawSync(Buffer.from(TEXTS[name], "base64"));
}

function instantiate<T>(name: keyof Instances, memory: WasmMemory): T {
  let module = modules.get(name);
  if (module === undefined) {
    module = new wasm.Module(moduleBytes(name));
    modules.set(name, module);
  }
  return new wasm.Instance(module, { env: { memory } }).exports as unknown as T;
}

function instancesOf(memory: WasmMemory): Instances {
  let found = instances.get(memory);
  if (found === undefined) {
    found = {};
    instances.set(memory, found);
  }
  return found;
}

/** The array kernels bound to `memory`. */
export function arrayKernels(memory: WasmMemory): ArrayKernels {
  const bound = instancesOf(memory);
  bound.arrays ??= instantiate<ArrayKernels>("arrays", memory);
  return bound.arrays;
}

/** The random kernels bound to `memory`; their generator state is loaded before every call. */
export function randomKernels(memory: WasmMemory): RandomKernels {
  const bound = instancesOf(memory);
  bound.random ??= instantiate<RandomKernels>("random", memory);
  return bound.random;
}

/** The matrix kernels bound to `memory`. */
export function linalgKernels(memory: WasmMemory): LinalgKernels {
  const bound = instancesOf(memory);
  bound.linalg ??= instantiate<LinalgKernels>("linalg", memory);
  return bound.linalg;
}
