/**
 * @file Reductions of a row whose order does not matter: integers, extremes, tests and counts. Sums
 * and extremes keep one accumulator per register and join them at the end; what combines them is an
 * operation of the machine graph, whose `result` is the accumulator. Masks are tested or counted by
 * their bits.
 */
import type { Line, Mode, Program } from "./emit.ts";
import { isSigned, type Lane, laneBytes, type MachineNode, type MachineOp } from "./machine.ts";
import { scalarType } from "./scalar.ts";
import { extractCode, splatCode, type VectorCode } from "./vector.ts";

/** How values are combined, as machine operations. */
const COMBINE: Partial<Record<Mode, MachineOp>> = {
  sum: "add",
  prod: "mul",
  min: "min",
  max: "max",
};

/** Bitmask instructions by width of the mask. */
const BITMASK: Readonly<Record<number, number>> = { 1: 0x64, 2: 0x84, 4: 0xa4, 8: 0xc4 };

/**
 * The program whose output combines the accumulator with the value, where that is how the mode
 * works.
 */
export function foldingProgram(program: Program): Program {
  const { machine, output, mode, result } = program;
  const op = COMBINE[mode];
  if (op === undefined) return program;
  return { ...program, output: machine.same(op, machine.result(result.lane), output) };
}

/** The accumulators of one row. */
export class Folding {
  readonly #line: Line;
  readonly #program: Program;
  readonly #total: number;
  readonly #rows: readonly number[];

  /** `program` is the folding program; `lanes` the elements of a group. */
  constructor(line: Line, program: Program, lanes: number) {
    const { mode, result } = program;
    this.#line = line;
    this.#program = program;
    this.#total = line.fb.local(mode === "count" ? "i64" : scalarType(result.lane));
    const folds = COMBINE[mode] !== undefined;
    const registers = folds ? Math.max(1, (lanes * laneBytes(result.lane)) / 16) : 0;
    this.#rows = Array.from({ length: registers }, () => line.fb.local("v128"));
    line.accumulate(this.#total, this.#rows);
  }

  /** Sets the accumulators to what changes nothing. */
  begin(): void {
    const { fb, scalar } = this.#line;
    const { mode, result } = this.#program;
    if (mode === "count") fb.i64(0n);
    else scalar.const(result.lane, neutral(mode, result.lane));
    fb.set(this.#total);
    for (const row of this.#rows) fb.get(this.#total).simd(splatCode(result.lane)).set(row);
  }

  group(vector: VectorCode): void {
    const { fb } = this.#line;
    const { output, mode } = this.#program;
    if (this.#rows.length > 0) {
      this.#rows.forEach((row, r) => {
        vector.value(output, r);
        fb.set(row);
      });
      return;
    }
    const width = Math.max(1, vector.width(output));
    const lanes = Math.min(vector.lanes, 16 / width);
    const full = 2 ** lanes - 1;
    for (let r = 0; r < vector.registers(width); r++) {
      fb.get(this.#total);
      vector.value(output, r, width);
      fb.simd(BITMASK[width] as number);
      if (lanes * width < 16) fb.i32(full).op(0x71);
      if (mode === "count") fb.op(0x69, 0xad, 0x7c);
      else if (mode === "any") fb.i32(0).op(0x47, 0x72);
      else fb.i32(full).op(0x46, 0x71);
      fb.set(this.#total);
    }
  }

  /** After the groups: joins the registers' lanes into one value. */
  join(lanes: number): void {
    const { fb, scalar } = this.#line;
    const { machine, output, result } = this.#program;
    const perRegister = Math.min(lanes, 16 / laneBytes(result.lane));
    for (const row of this.#rows) {
      for (let lane = 0; lane < perRegister; lane++) {
        fb.get(this.#total).get(row).simd(extractCode(result.lane), lane);
        scalar.apply(machine.nodes[output] as MachineNode, result.lane);
        fb.set(this.#total);
      }
    }
  }

  single(): void {
    const { fb } = this.#line;
    const { output, mode } = this.#program;
    if (this.#rows.length > 0) this.#line.value(output);
    else {
      fb.get(this.#total);
      this.#line.value(output);
      if (mode === "count") fb.op(0xad, 0x7c);
      else fb.op(mode === "any" ? 0x72 : 0x71);
    }
    fb.set(this.#total);
  }

  /** Leaves the row's result on the stack. */
  result(): void {
    const { fb } = this.#line;
    fb.get(this.#total);
    if (this.#program.mode === "count" && this.#program.result.lane === "f64") fb.op(0xb9);
  }
}

function neutral(mode: Mode, lane: Lane): number | string {
  if (mode === "prod" || mode === "all") return 1;
  if (mode === "min") return lane.startsWith("f") ? "Infinity" : largest(lane);
  if (mode === "max") return lane.startsWith("f") ? "-Infinity" : smallest(lane);
  return 0;
}

function largest(lane: Lane): string {
  const bits = BigInt(laneBytes(lane) * 8);
  if (lane === "u32") return "-1";
  return String(isSigned(lane) ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n);
}

function smallest(lane: Lane): string {
  return isSigned(lane) ? String(-(1n << BigInt(laneBytes(lane) * 8 - 1))) : "0";
}
