/**
 * @file Machine operations on groups of elements. A group is `lanes` elements; a value of w bytes
 * an element takes `lanes * w / 16` vector registers (at least one, partly used when they are fewer
 * than 16 bytes). Booleans are masks as wide as what was compared, widened or narrowed when they
 * meet values of another width. What vectors cannot do is done lane by lane with the scalar
 * operation.
 */
import type { FunctionBuilder } from "./assembler.ts";
import {
  isFloat,
  isSigned,
  type Lane,
  laneBytes,
  type Machine,
  type MachineNode,
  type MachineOp,
} from "./machine.ts";
import type { ScalarCode } from "./scalar.ts";

/** Opcodes by lane; integers that differ by sign have signed and unsigned entries. */
type VectorCodes = Partial<Record<Lane | "i8" | "any", number>>;

/** Same code for signed and unsigned integers of a size. */
function ints(i8?: number, i16?: number, i32?: number, i64?: number): VectorCodes {
  const codes: VectorCodes = {};
  const put = (size: "8" | "16" | "32" | "64", code: number | undefined): void => {
    if (code === undefined) return;
    codes[`i${size}`] = code;
    codes[`u${size}`] = code;
  };
  put("8", i8);
  put("16", i16);
  put("32", i32);
  put("64", i64);
  return codes;
}

/** Signed codes are given; the unsigned ones follow them. */
function signs(i8: number, i16: number, i32: number): VectorCodes {
  return { i8, u8: i8 + 1, i16, u16: i16 + 1, i32, u32: i32 + 1 };
}

const CODES: Partial<Record<MachineOp, VectorCodes>> = {
  add: { ...ints(0x6e, 0x8e, 0xae, 0xce), f32: 0xe4, f64: 0xf0 },
  sub: { ...ints(0x71, 0x91, 0xb1, 0xd1), f32: 0xe5, f64: 0xf1 },
  mul: { ...ints(undefined, 0x95, 0xb5, 0xd5), f32: 0xe6, f64: 0xf2 },
  div: { f32: 0xe7, f64: 0xf3 },
  neg: { ...ints(0x61, 0x81, 0xa1, 0xc1), f32: 0xe1, f64: 0xed },
  abs: { i8: 0x60, i16: 0x80, i32: 0xa0, i64: 0xc0, f32: 0xe0, f64: 0xec },
  sqrt: { f32: 0xe3, f64: 0xef },
  ceil: { f32: 0x67, f64: 0x74 },
  floor: { f32: 0x68, f64: 0x75 },
  trunc: { f32: 0x69, f64: 0x7a },
  nearest: { f32: 0x6a, f64: 0x94 },
  min: { ...signs(0x76, 0x96, 0xb6), f32: 0xe8, f64: 0xf4 },
  max: { ...signs(0x78, 0x98, 0xb8), f32: 0xe9, f64: 0xf5 },
  pmin: { f32: 0xea, f64: 0xf6 },
  pmax: { f32: 0xeb, f64: 0xf7 },
  eq: { ...ints(0x23, 0x2d, 0x37, 0xd6), f32: 0x41, f64: 0x47 },
  ne: { ...ints(0x24, 0x2e, 0x38, 0xd7), f32: 0x42, f64: 0x48 },
  lt: { ...signs(0x25, 0x2f, 0x39), i64: 0xd8, f32: 0x43, f64: 0x49 },
  gt: { ...signs(0x27, 0x31, 0x3b), i64: 0xd9, f32: 0x44, f64: 0x4a },
  le: { ...signs(0x29, 0x33, 0x3d), i64: 0xda, f32: 0x45, f64: 0x4b },
  ge: { ...signs(0x2b, 0x35, 0x3f), i64: 0xdb, f32: 0x46, f64: 0x4c },
  shl: ints(0x6b, 0x8b, 0xab, 0xcb),
  shr: {
    ...signs(0x6c, 0x8c, 0xac),
    i64: 0xcc,
    u64: 0xcd,
  },
};

const BITWISE: Partial<Record<MachineOp, number>> = { and: 0x4e, or: 0x50, xor: 0x51, not: 0x4d };

/** The instruction that fills a vector with one element. */
export function splatCode(lane: Lane): number {
  if (lane === "f32") return 0x13;
  if (lane === "f64") return 0x14;
  return { 1: 0x0f, 2: 0x10, 4: 0x11, 8: 0x12 }[laneBytes(lane)];
}

/** The instruction that takes one element out of a vector. */
export function extractCode(lane: Lane): number {
  if (lane === "f32") return 0x1f;
  if (lane === "f64") return 0x21;
  const unsigned = isSigned(lane) ? 0 : 1;
  return { 1: 0x15 + unsigned, 2: 0x18 + unsigned, 4: 0x1b, 8: 0x1d }[laneBytes(lane)];
}

function replaceCode(lane: Lane): number {
  if (lane === "f32") return 0x20;
  if (lane === "f64") return 0x22;
  return { 1: 0x17, 2: 0x1a, 4: 0x1c, 8: 0x1e }[laneBytes(lane)];
}

/** Where the vectors of an input come from. */
export interface VectorSource {
  /** Leaves register `r` of the input on the stack. */
  load(index: number, lane: Lane, r: number): void;
  /** Leaves register `r` of what the result holds on the stack. */
  loadResult(lane: Lane, r: number): void;
  /** The local of a parameter's splat. */
  param(index: number, lane: Lane): number;
}

/** Writes the code of one group into a function. */
export class VectorCode {
  readonly #fb: FunctionBuilder;
  readonly #scalar: ScalarCode;
  readonly #machine: Machine;
  readonly #source: VectorSource;
  /** Elements in a group. */
  readonly lanes: number;
  readonly #known = new Map<string, number>();
  readonly #uses: readonly number[];

  constructor(
    scalar: ScalarCode,
    machine: Machine,
    source: VectorSource,
    lanes: number,
    uses: readonly number[],
  ) {
    this.#fb = scalar.fb;
    this.#scalar = scalar;
    this.#machine = machine;
    this.#source = source;
    this.lanes = lanes;
    this.#uses = uses;
  }

  /** Registers of a value of `width` bytes an element. */
  registers(width: number): number {
    return Math.max(1, (this.lanes * width) / 16);
  }

  /**
   * Bytes an element of a node's value: of masks, those of what was compared; 0 when any width will
   * do.
   */
  width(index: number): number {
    const node = this.#node(index);
    if (node.lane !== "b") return laneBytes(node.lane);
    if (node.op === "const" || node.op === "param") return 0;
    if (node.op === "load" || node.op === "result") return 1;
    if (["eq", "ne", "lt", "le", "gt", "ge"].includes(node.op)) {
      return Math.max(1, this.width(node.args[0] as number));
    }
    const parts = node.op === "select" ? node.args.slice(1) : node.args;
    return Math.max(...parts.map((arg) => this.width(arg)));
  }

  /**
   * Leaves register `r` of a node's value on the stack, as elements (or masks) of `width` bytes.
   */
  value(index: number, r: number, width: number = this.width(index)): void {
    const own = this.width(index);
    const node = this.#node(index);
    const uniform = node.op === "const" || node.op === "param";
    if (own === 0 || own === width) {
      const at = uniform ? 0 : r;
      this.#remember(`${index}:${own}:${at}`, (this.#uses[index] as number) > 1, () =>
        this.#compute(node, at),
      );
      return;
    }
    this.#resized(index, node.lane === "b" || isSigned(node.lane), r, width, own);
  }

  /** Integers or masks of another width, by halving or doubling. */
  #resized(index: number, signed: boolean, r: number, width: number, own: number): void {
    const part = (at: number, w: number): void =>
      w === own ? this.value(index, at) : this.#resized(index, signed, at, w, own);
    this.#remember(`${index}:${width}:${r}:${signed ? "s" : "u"}`, true, () => {
      if (width > own) {
        part(r >> 1, width / 2);
        const first = { 2: 0x87, 4: 0xa7, 8: 0xc7 }[width] as number;
        this.#fb.simd(first + (r & 1) + (signed ? 0 : 2));
      } else {
        part(2 * r, width * 2);
        const second = 2 * r + 1 < this.registers(width * 2) ? 2 * r + 1 : 2 * r;
        part(second, width * 2);
        this.#fb.simd(0x0d, ...evenElements(width));
      }
    });
  }

  #node(index: number): MachineNode {
    return this.#machine.nodes[index] as MachineNode;
  }

  /** Computes once what is used more than once. */
  #remember(key: string, shared: boolean, compute: () => void): void {
    const local = this.#known.get(key);
    if (local !== undefined) {
      this.#fb.get(local);
      return;
    }
    compute();
    if (!shared) return;
    const fresh = this.#fb.local("v128");
    this.#fb.tee(fresh);
    this.#known.set(key, fresh);
  }

  #compute(node: MachineNode, r: number): void {
    const { op, lane } = node;
    const fb = this.#fb;
    if (op === "load") this.#source.load(node.index as number, lane, r);
    else if (op === "result") this.#source.loadResult(lane, r);
    else if (op === "param") fb.get(this.#source.param(node.index as number, lane));
    else if (op === "const") this.splat(lane, node.value as number | string);
    else if (op === "select") this.#select(node, r);
    else if (op === "convert") this.#convert(node, r);
    else if (op === "bits") this.value(node.args[0] as number, r);
    else if (op === "patch") this.#patch(node, r);
    else this.#arithmetic(node, r);
  }

  #arithmetic(node: MachineNode, r: number): void {
    const { op } = node;
    const fb = this.#fb;
    const args = node.args;
    const width = this.width(args[0] as number);
    const bitwise = BITWISE[op];
    if (bitwise !== undefined) {
      const wide = Math.max(1, ...args.map((arg) => this.width(arg)));
      for (const arg of args) this.value(arg, r, wide);
      if (args.length > 0) fb.simd(bitwise);
      return;
    }
    const argLane = this.#node(args[0] as number).lane;
    const code = CODES[op]?.[argLane];
    if (code !== undefined && (op === "shl" || op === "shr")) {
      if (node.count === undefined) return this.#byLane(node, r);
      this.value(args[0] as number, r);
      fb.i32(node.count).simd(code);
    } else if (code !== undefined) {
      for (const arg of args) this.value(arg, r, width);
      fb.simd(code);
    } else if (argLane === "u64" && ["lt", "le", "gt", "ge"].includes(op)) {
      this.#compareU64(node, r);
    } else if ((argLane === "i64" || argLane === "u64") && (op === "min" || op === "max")) {
      const [a, b] = args as [number, number];
      this.value(a, r);
      this.value(b, r);
      this.#compareLanes(op === "min" ? "lt" : "gt", argLane, a, b, r);
      fb.simd(0x52);
    } else this.#byLane(node, r);
  }

  #compareU64(node: MachineNode, r: number): void {
    const [a, b] = node.args as [number, number];
    this.#compareLanes(node.op, "u64", a, b, r);
  }

  /** Compares 64-bit integers; unsigned ones with their top bits flipped. */
  #compareLanes(op: MachineOp, lane: Lane, a: number, b: number, r: number): void {
    for (const arg of [a, b]) {
      this.value(arg, r);
      if (lane === "u64") {
        this.splat("u64", "9223372036854775808");
        this.#fb.simd(0x51);
      }
    }
    this.#fb.simd(CODES[op]?.["i64"] as number);
  }

  #select(node: MachineNode, r: number): void {
    const [condition, a, b] = node.args as [number, number, number];
    const own = this.width(a);
    const width = node.lane === "b" ? Math.max(own, this.width(b), 1) : own;
    this.value(a, r, width);
    this.value(b, r, width);
    this.value(condition, r, width);
    this.#fb.simd(0x52);
  }

  #convert(node: MachineNode, r: number): void {
    const x = node.args[0] as number;
    const from = this.#node(x).lane;
    const to = node.lane;
    const fb = this.#fb;
    if (from === "b") {
      this.value(x, r, laneBytes(to));
      this.splat(to, 1);
      fb.simd(0x4e);
    } else if (!isFloat(from) && !isFloat(to)) {
      if (laneBytes(from) === laneBytes(to)) this.value(x, r);
      else this.#resized(x, isSigned(from), r, laneBytes(to), laneBytes(from));
    } else if (to === "f64" && laneBytes(from) === 4) {
      this.value(x, r >> 1);
      if (r & 1) this.#highToLow();
      fb.simd(from === "f32" ? 0x5f : from === "i32" ? 0xfe : 0xff);
    } else if (to === "f32" && !isFloat(from) && laneBytes(from) === 4) {
      this.value(x, r);
      fb.simd(from === "i32" ? 0xfa : 0xfb);
    } else if (from === "f64" && (to === "f32" || to === "i32")) {
      this.#fromDoubles(x, r, to === "f32" ? 0x5e : 0xfc);
    } else this.#byLane(node, r);
  }

  /** Two registers of float64 become one of four lanes. */
  #fromDoubles(x: number, r: number, code: number): void {
    this.value(x, 2 * r);
    this.#fb.simd(code);
    if (2 * r + 1 >= this.registers(8)) return;
    this.value(x, 2 * r + 1);
    this.#fb.simd(code).simd(0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  }

  #highToLow(): void {
    const local = this.#scalar.temporary("v128");
    this.#fb.tee(local).get(local);
    this.#fb.simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  }

  /** A vector whose elements are all `value`. */
  splat(lane: Lane, value: number | string): void {
    const bytes = new DataView(new ArrayBuffer(16));
    const width = laneBytes(lane);
    for (let at = 0; at < 16; at += width) {
      if (lane === "f64") bytes.setFloat64(at, Number(value), true);
      else if (lane === "f32") bytes.setFloat32(at, Number(value), true);
      else if (width === 8) bytes.setBigInt64(at, BigInt(value), true);
      else if (width === 4) bytes.setInt32(at, Number(value), true);
      else if (width === 2) bytes.setInt16(at, Number(value), true);
      else bytes.setInt8(at, lane === "b" ? -Number(value) : Number(value));
    }
    this.#fb.simd(0x0c, ...new Uint8Array(bytes.buffer));
  }

  /** Applies the scalar operation to one element after the other. */
  #byLane(node: MachineNode, r: number): void {
    const fb = this.#fb;
    const result = fb.local("v128");
    const perRegister = Math.min(this.lanes, 16 / laneBytes(node.lane));
    for (let lane = 0; lane < perRegister; lane++) {
      if (lane > 0) fb.get(result);
      for (const arg of node.args) this.element(arg, r * perRegister + lane);
      this.#scalar.apply(node, this.#node(node.args[0] as number).lane);
      if (lane === 0) fb.simd(splatCode(node.lane));
      else fb.simd(replaceCode(node.lane), lane);
      fb.set(result);
    }
    fb.get(result);
  }

  /** Leaves element `at` of the group on the stack as a scalar. */
  element(index: number, at: number): void {
    const { lane } = this.#node(index);
    const width = laneBytes(lane);
    const perRegister = 16 / width;
    this.#local(index, Math.floor(at / perRegister));
    this.#fb.simd(extractCode(lane), at % perRegister);
  }

  /**
   * Register `r` of a node, kept in a local even if it is used once: its lanes are taken one by
   * one.
   */
  #local(index: number, r: number): void {
    const key = `${index}:${this.width(index)}:${r}`;
    this.#remember(key, true, () => this.#compute(this.#node(index), r));
  }

  #patch(node: MachineNode, r: number): void {
    const fb = this.#fb;
    const width = laneBytes(node.lane);
    const keep = (index: number, w = this.width(index)): number => {
      const local = fb.local("v128");
      this.value(index, r, w);
      fb.set(local);
      return local;
    };
    const [fast, mask] = node.args.slice(-2) as [number, number];
    const result = keep(fast);
    const args = node.args.slice(0, -2).map((arg) => keep(arg));
    const rare = keep(mask, width);
    fb.get(rare).simd(0x53);
    fb.when(() => {
      for (let lane = 0; lane < Math.min(this.lanes, 16 / width); lane++) {
        // The lower half of a 64-bit mask says as much as the whole.
        fb.get(rare).simd(extractCode("i32"), lane * (width / 4));
        fb.when(() => {
          fb.get(result);
          this.#scalar.callHost(node, (i) => {
            fb.get(args[i] as number).simd(extractCode(node.lane), lane);
          });
          fb.simd(replaceCode(node.lane), lane).set(result);
        });
      }
    });
    fb.get(result);
  }
}

/** Shuffle that takes the low halves of the elements of two vectors: narrowing to `width` bytes. */
function evenElements(width: number): number[] {
  return Array.from({ length: 16 }, (_, byte) => {
    const element = Math.floor(byte / width);
    return element * width * 2 + (byte % width);
  });
}
