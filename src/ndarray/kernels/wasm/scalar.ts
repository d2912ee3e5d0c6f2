/**
 * @file Machine operations on single elements. Booleans and integers of up to 32 bits are i32
 * values, the shorter ones kept sign- or zero-extended, so that comparing and converting need no
 * care.
 */
import type { FunctionBuilder, WasmType } from "./assembler.ts";
import {
  isFloat,
  isSigned,
  type Lane,
  laneBytes,
  type MachineNode,
  type MachineOp,
} from "./machine.ts";

/** The WebAssembly type that holds one element. */
export function scalarType(lane: Lane): WasmType {
  if (isFloat(lane)) return lane;
  return laneBytes(lane) === 8 ? "i64" : "i32";
}

/** Opcodes of i32, i64, f32, f64; where integers have two, the signed one comes first. */
type Codes = Partial<Record<WasmType, number | readonly [number, number]>>;

const OPCODES: Partial<Record<MachineOp, Codes>> = {
  add: { i32: 0x6a, i64: 0x7c, f32: 0x92, f64: 0xa0 },
  sub: { i32: 0x6b, i64: 0x7d, f32: 0x93, f64: 0xa1 },
  mul: { i32: 0x6c, i64: 0x7e, f32: 0x94, f64: 0xa2 },
  div: { i32: [0x6d, 0x6e], i64: [0x7f, 0x80], f32: 0x95, f64: 0xa3 },
  rem: { i32: [0x6f, 0x70], i64: [0x81, 0x82] },
  and: { i32: 0x71, i64: 0x83 },
  or: { i32: 0x72, i64: 0x84 },
  xor: { i32: 0x73, i64: 0x85 },
  shl: { i32: 0x74, i64: 0x86 },
  shr: { i32: [0x75, 0x76], i64: [0x87, 0x88] },
  eq: { i32: 0x46, i64: 0x51, f32: 0x5b, f64: 0x61 },
  ne: { i32: 0x47, i64: 0x52, f32: 0x5c, f64: 0x62 },
  lt: { i32: [0x48, 0x49], i64: [0x53, 0x54], f32: 0x5d, f64: 0x63 },
  gt: { i32: [0x4a, 0x4b], i64: [0x55, 0x56], f32: 0x5e, f64: 0x64 },
  le: { i32: [0x4c, 0x4d], i64: [0x57, 0x58], f32: 0x5f, f64: 0x65 },
  ge: { i32: [0x4e, 0x4f], i64: [0x59, 0x5a], f32: 0x60, f64: 0x66 },
  abs: { f32: 0x8b, f64: 0x99 },
  neg: { f32: 0x8c, f64: 0x9a },
  ceil: { f32: 0x8d, f64: 0x9b },
  floor: { f32: 0x8e, f64: 0x9c },
  trunc: { f32: 0x8f, f64: 0x9d },
  nearest: { f32: 0x90, f64: 0x9e },
  sqrt: { f32: 0x91, f64: 0x9f },
  min: { f32: 0x96, f64: 0xa4 },
  max: { f32: 0x97, f64: 0xa5 },
};

function opcode(op: MachineOp, lane: Lane): number | undefined {
  const code = OPCODES[op]?.[scalarType(lane)];
  return typeof code === "object" ? code[isSigned(lane) ? 0 : 1] : code;
}

/** Operations after which short integers must be extended again. */
const GROWING: readonly MachineOp[] = ["add", "sub", "mul", "neg", "abs", "shl", "not", "div"];

/** Writes single-element code into one function. */
export class ScalarCode {
  readonly fb: FunctionBuilder;
  readonly #importIndex: (name: string, arity: number) => number;
  readonly #temporaries = new Map<string, number>();

  constructor(fb: FunctionBuilder, importIndex: (name: string, arity: number) => number) {
    this.fb = fb;
    this.#importIndex = importIndex;
  }

  /** A local for use within one operation. */
  temporary(type: WasmType, which = 0): number {
    const key = `${type}${which}`;
    let local = this.#temporaries.get(key);
    if (local === undefined) {
      local = this.fb.local(type);
      this.#temporaries.set(key, local);
    }
    return local;
  }

  const(lane: Lane, value: number | string): void {
    const type = scalarType(lane);
    if (type === "f64") this.fb.f64(Number(value));
    else if (type === "f32") this.fb.f32(Number(value));
    else if (type === "i64") this.fb.i64(BigInt(value));
    else this.fb.i32(Number(value));
  }

  /** Loads an element from the address on the stack. */
  load(lane: Lane, offset = 0): void {
    const signed = isSigned(lane);
    const bytes = laneBytes(lane);
    if (lane === "f32") this.fb.memory(0x2a, offset);
    else if (lane === "f64") this.fb.memory(0x2b, offset);
    else if (bytes === 8) this.fb.memory(0x29, offset);
    else if (bytes === 4) this.fb.memory(0x28, offset);
    else if (bytes === 2) this.fb.memory(signed ? 0x2e : 0x2f, offset);
    else this.fb.memory(signed ? 0x2c : 0x2d, offset);
  }

  /** Stores the element on top of the stack at the address below it. */
  store(lane: Lane): void {
    const bytes = laneBytes(lane);
    if (lane === "f32") this.fb.memory(0x38);
    else if (lane === "f64") this.fb.memory(0x39);
    else this.fb.memory(bytes === 8 ? 0x37 : bytes === 4 ? 0x36 : bytes === 2 ? 0x3b : 0x3a);
  }

  /**
   * Applies an operation to its arguments, which are on the stack; `select` takes the condition
   * last.
   */
  apply(node: MachineNode, argLane: Lane): void {
    const { fb } = this;
    const { op } = node;
    // Comparing is by the type of the operands, everything else by that of the result.
    const lane = node.lane === "b" && argLane !== "b" ? argLane : node.lane;
    if (op === "select") fb.op(0x1b);
    else if (op === "convert") this.#convert(argLane, node.lane);
    else if (op === "bits") this.#bits(argLane, node.lane);
    else if (op === "call") fb.call(this.#importIndex(node.name as string, node.args.length));
    else if (op === "not") this.#not(lane);
    else if ((op === "shl" || op === "shr") && node.count !== undefined) {
      this.const(lane, node.count);
      fb.op(opcode(op, lane) as number);
    } else {
      const code = opcode(op, lane);
      if (code !== undefined) fb.op(code);
      else this.#compound(op, lane);
    }
    if (GROWING.includes(op)) this.extend(node.lane);
  }

  /** The imported function of a `patch`, whose arguments `push` leaves on the stack. */
  callHost(node: MachineNode, push: (argument: number) => void): void {
    const arity = node.args.length - 2;
    const narrow = node.lane === "f32";
    for (let i = 0; i < arity; i++) {
      push(i);
      if (narrow) this.#convert("f32", "f64");
    }
    this.fb.call(this.#importIndex(node.name as string, arity));
    if (narrow) this.#convert("f64", "f32");
  }

  /** Brings an i32 back into the range of a short integer. */
  extend(lane: Lane): void {
    if (lane === "i8") this.fb.op(0xc0);
    else if (lane === "i16") this.fb.op(0xc1);
    else if (lane === "u8") this.fb.i32(0xff).op(0x71);
    else if (lane === "u16") this.fb.i32(0xffff).op(0x71);
  }

  #not(lane: Lane): void {
    if (lane === "b") this.fb.op(0x45);
    else if (scalarType(lane) === "i64") this.fb.i64(-1n).op(0x85);
    else this.fb.i32(-1).op(0x73);
  }

  /** Operations that WebAssembly lacks for single values. */
  #compound(op: MachineOp, lane: Lane): void {
    const { fb } = this;
    const type = scalarType(lane);
    const [a, b] = [this.temporary(type, 0), this.temporary(type, 1)];
    if (op === "neg") {
      fb.set(a);
      this.const(lane, 0);
      fb.get(a).op(opcode("sub", lane) as number);
    } else if (op === "abs") {
      fb.set(a);
      this.const(lane, 0);
      fb.get(a)
        .op(opcode("sub", lane) as number)
        .get(a)
        .get(a);
      this.const(lane, 0);
      fb.op(opcode("lt", lane) as number, 0x1b);
    } else {
      // min and max of integers; pmin and pmax: the second where it is smaller (larger), else the
      // first.
      fb.set(b).set(a).get(b).get(a).get(b).get(a);
      fb.op(opcode(op === "min" || op === "pmin" ? "lt" : "gt", lane) as number, 0x1b);
    }
  }

  #bits(from: Lane, to: Lane): void {
    if (isFloat(from) === isFloat(to)) return;
    const wide = laneBytes(to) === 8;
    this.fb.op(isFloat(from) ? (wide ? 0xbd : 0xbc) : wide ? 0xbf : 0xbe);
  }

  #convert(from: Lane, to: Lane): void {
    const [source, target] = [scalarType(from), scalarType(to)];
    const signed = from !== "b" && isSigned(from) ? 0 : 1;
    if (isFloat(from)) this.#fromFloat(from, to);
    else if (target === "f64") this.fb.op((source === "i64" ? 0xb9 : 0xb7) + signed);
    else if (target === "f32") this.fb.op((source === "i64" ? 0xb4 : 0xb2) + signed);
    else if (source === "i32" && target === "i64") this.fb.op(0xac + signed);
    else if (source === "i64" && target === "i32") this.fb.op(0xa7);
    this.extend(to);
  }

  #fromFloat(from: "f32" | "f64", to: Lane): void {
    if (to === from) return;
    if (to === "f64") this.fb.op(0xbb);
    else if (to === "f32") this.fb.op(0xb6);
    else {
      const code =
        (laneBytes(to) === 8 ? 4 : 0) + (from === "f64" ? 2 : 0) + (isSigned(to) ? 0 : 1);
      this.fb.saturating(code);
    }
  }
}
