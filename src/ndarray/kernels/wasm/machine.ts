/**
 * @file The machine graph: a kernel's expression in operations that WebAssembly has (or that are
 * called per element), typed by lane. The emitter writes every operation in a scalar and a vector
 * form with the same bits as result, so that it does not matter which elements fall into a vector
 * loop and which into its tail.
 */
import type { DType } from "../../../core/dtype.ts";

/** Types of values: `b` is a boolean (0 or 1 as scalar, a mask as vector). */
export type Lane =
  | "b"
  | "i8"
  | "u8"
  | "i16"
  | "u16"
  | "i32"
  | "u32"
  | "i64"
  | "u64"
  | "f32"
  | "f64";

/** Operations. Float and integer ones share names; the lane type says which. */
export type MachineOp =
  | "load"
  | "result"
  | "param"
  | "const"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "ceil"
  | "trunc"
  | "nearest"
  | "min"
  | "max"
  | "pmin"
  | "pmax"
  | "and"
  | "or"
  | "xor"
  | "not"
  | "shl"
  | "shr"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "select"
  | "convert"
  | "bits"
  | "call"
  | "patch";

/** One operation; `args` are earlier nodes. */
export interface MachineNode {
  readonly op: MachineOp;
  readonly lane: Lane;
  readonly args: readonly number[];
  /** Of `load`: the input; of `param`: its number. */
  readonly index?: number;
  /** Of `const`: number, or text of an integer beyond 2^53. */
  readonly value?: number | string;
  /** Of `shl` and `shr`, when the count is the same for all lanes. */
  readonly count?: number;
  /** Of `call` and `patch`: the imported function. */
  readonly name?: string;
}

const LANES: Readonly<Partial<Record<DType, Lane>>> = {
  bool: "b",
  int8: "i8",
  uint8: "u8",
  int16: "i16",
  uint16: "u16",
  int32: "i32",
  uint32: "u32",
  int64: "i64",
  uint64: "u64",
  float32: "f32",
  float64: "f64",
  datetime64: "i64",
  timedelta64: "i64",
};

/** The lane of a dtype; undefined for dtypes that machine graphs do not hold. */
export function laneOf(dtype: DType): Lane | undefined {
  return LANES[dtype];
}

/** Bytes of a lane; of booleans, as they are stored. */
export function laneBytes(lane: Lane): 1 | 2 | 4 | 8 {
  if (lane === "b" || lane === "i8" || lane === "u8") return 1;
  if (lane === "i16" || lane === "u16") return 2;
  return lane === "i64" || lane === "u64" || lane === "f64" ? 8 : 4;
}

export function isFloat(lane: Lane): lane is "f32" | "f64" {
  return lane === "f32" || lane === "f64";
}

export function isSigned(lane: Lane): boolean {
  return lane.startsWith("i");
}

/** Writes machine graphs; equal nodes are made once. Values are node numbers. */
export class Machine {
  readonly nodes: MachineNode[] = [];
  readonly #known = new Map<string, number>();
  #params = 0;

  laneOf(node: number): Lane {
    return (this.nodes[node] as MachineNode).lane;
  }

  /** Number of parameters so far. */
  get params(): number {
    return this.#params;
  }

  add(node: MachineNode): number {
    const key = JSON.stringify([
      node.op,
      node.lane,
      node.args,
      node.index,
      node.value,
      node.count,
      node.name,
    ]);
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.nodes.push(node) - 1;
      this.#known.set(key, index);
    }
    return index;
  }

  load(lane: Lane, index: number): number {
    return this.add({ op: "load", lane, args: [], index });
  }

  /** What the result holds already, for kernels that add to it. */
  result(lane: Lane): number {
    return this.add({ op: "result", lane, args: [] });
  }

  /** A scalar given at run time. */
  param(lane: Lane): number {
    return this.add({ op: "param", lane, args: [], index: this.#params++ });
  }

  const(lane: Lane, value: number | bigint): number {
    const number = Number(value);
    const exact = typeof value === "bigint" && !Number.isSafeInteger(number);
    const special = !Number.isFinite(number) || Object.is(number, -0);
    const text = Object.is(number, -0) ? "-0" : String(value);
    return this.add({ op: "const", lane, args: [], value: exact || special ? text : number });
  }

  /** An operation whose result has the lane of its first argument. */
  same(op: MachineOp, ...args: readonly number[]): number {
    return this.add({ op, lane: this.laneOf(args[0] as number), args });
  }

  compare(op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", a: number, b: number): number {
    return this.add({ op, lane: "b", args: [a, b] });
  }

  select(condition: number, a: number, b: number): number {
    return this.add({ op: "select", lane: this.laneOf(a), args: [condition, a, b] });
  }

  convert(x: number, lane: Lane): number {
    return this.laneOf(x) === lane ? x : this.add({ op: "convert", lane, args: [x] });
  }

  /** The same bits under another type of the same size. */
  bits(x: number, lane: Lane): number {
    return this.add({ op: "bits", lane, args: [x] });
  }

  shl(x: number, count: number): number {
    return this.add({ op: "shl", lane: this.laneOf(x), args: [x], count });
  }

  shr(x: number, count: number): number {
    return this.add({ op: "shr", lane: this.laneOf(x), args: [x], count });
  }

  /** An imported function called for every element; arguments and result are float64. */
  call(name: string, ...args: readonly number[]): number {
    return this.add({ op: "call", lane: "f64", args, name });
  }

  /** `fast`, but where the mask holds the imported function of `args`: for rare arguments. */
  patch(name: string, args: readonly number[], fast: number, mask: number): number {
    return this.add({ op: "patch", lane: this.laneOf(fast), args: [...args, fast, mask], name });
  }
}
