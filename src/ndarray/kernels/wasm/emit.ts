/**
 * @file From a machine graph to a module with one function `run` that walks a nest of two loops.
 * Elementwise kernels store their values; kernels that reduce the inner loop keep sums in registers
 * (floats by NumPy's pairwise algorithm). Operands are contiguous, broadcast (loaded once before
 * the inner loop) or strided, as the caller found them.
 */
import { FunctionBuilder, ModuleBuilder, type WasmType } from "./assembler.ts";
import { Folding, foldingProgram } from "./fold.ts";
import { isFloat, type Lane, laneBytes, type Machine, type MachineNode } from "./machine.ts";
import { ScalarCode, scalarType } from "./scalar.ts";
import { splatCode, VectorCode, type VectorSource } from "./vector.ts";

/** How an operand moves along the inner loop. */
export type Access = "contiguous" | "broadcast" | "strided";

/** What the inner loop does with the values: stores them, or reduces them to one. */
export type Mode = "store" | "sum" | "prod" | "min" | "max" | "any" | "all" | "count";

/** What to emit. */
export interface Program {
  readonly machine: Machine;
  readonly output: number;
  readonly mode: Mode;
  /** By input. */
  readonly inputs: readonly { readonly lane: Lane; readonly access: Access }[];
  /**
   * Of the result: its lane as stored, and how it moves along the inner loop (unused when that is
   * reduced).
   */
  readonly result: { readonly lane: Lane; readonly access: Access };
}

/** Elements that float sums add in eight interleaved rows, as NumPy. */
const PAIRWISE_LANES = 8;
const PAIRWISE_BLOCK = 128;

/** Parameters of `run` before those of the operands: rows, elements a row. */
const FIXED = 2;

/** Parameters of each operand: address, bytes from row to row, bytes from element to element. */
const PER_OPERAND = 3;

/**
 * The module for a program; its `run` takes rows, count, three numbers per operand (result first),
 * parameters.
 */
export function emitModule(program: Program): Uint8Array {
  return new Emitter(program).module();
}

/** Whether the order of the sum or product matters. */
function isPairwise({ mode, result }: Program): boolean {
  return (mode === "sum" || mode === "prod") && isFloat(result.lane);
}

class Emitter {
  readonly #program: Program;
  readonly #builder = new ModuleBuilder();
  readonly #uses: number[];
  readonly #params: readonly MachineNode[];

  constructor(given: Program) {
    const program = isPairwise(given) || given.mode === "store" ? given : foldingProgram(given);
    this.#program = program;
    this.#uses = countUses(program);
    this.#params = program.machine.nodes.filter((node) => node.op === "param");
    // All imports are declared first: they come before functions in the numbering.
    for (const node of reachable(program)) {
      if (node.op === "call") this.#import(node.name as string, node.args.length);
      if (node.op === "patch") this.#import(node.name as string, node.args.length - 2);
    }
  }

  module(): Uint8Array {
    if (this.#program.mode === "store") this.#emitStore();
    else if (isPairwise(this.#program)) this.#emitPairwise();
    else this.#emitReduce();
    return this.#builder.encode();
  }

  #import(name: string, arity: number): number {
    return this.#builder.import({ name, type: "f64", arity });
  }

  /** Types of a function's parameters: those of `run`, or of a line without rows. */
  #signature(rows: boolean): WasmType[] {
    const { inputs } = this.#program;
    const operands = rows ? (inputs.length + 1) * PER_OPERAND : inputs.length * 2;
    const head: WasmType[] = new Array(rows ? FIXED : 1).fill("i32");
    return [...head, ...new Array<WasmType>(operands).fill("i32"), ...this.#paramTypes()];
  }

  #paramTypes(): WasmType[] {
    const byIndex = [...this.#params].sort((a, b) => (a.index as number) - (b.index as number));
    return byIndex.map((node) => scalarType(node.lane));
  }

  /** `run`: for every row, points cursors at its start and lets `row` write what happens there. */
  #rows(row: (line: Line) => void): void {
    const { inputs } = this.#program;
    const fb = new FunctionBuilder(this.#signature(true));
    const operand = (k: number): number => FIXED + k * PER_OPERAND;
    const firstParam = operand(inputs.length + 1);
    const line = new Line(this.#program, fb, this.#lineOptions(fb), {
      count: 1,
      result: fb.local("i32"),
      resultStep: operand(0) + 2,
      cursors: inputs.map(() => fb.local("i32")),
      steps: inputs.map((_, k) => operand(k + 1) + 2),
      firstParam,
    });
    fb.loopWhile(() => {
      fb.get(operand(0)).set(line.locals.result);
      inputs.forEach((_, k) => {
        fb.get(operand(k + 1)).set(line.locals.cursors[k] as number);
      });
      row(line);
      for (let k = 0; k <= inputs.length; k++) {
        fb.get(operand(k))
          .get(operand(k) + 1)
          .op(0x6a)
          .set(operand(k));
      }
      fb.get(0).i32(1).op(0x6b).tee(0);
    });
    this.#builder.add(fb, "run");
  }

  #lineOptions(fb: FunctionBuilder): LineOptions {
    const scalar = new ScalarCode(fb, (name, arity) => this.#import(name, arity));
    return { scalar, uses: this.#uses };
  }

  #emitStore(): void {
    const lanes = lanesFor(this.#program);
    this.#rows((line) => {
      line.prepare();
      line.groups(lanes, (vector) => line.storeGroup(vector));
      line.singles(() => line.storeSingle());
    });
  }

  #emitReduce(): void {
    const program = this.#program;
    const lanes = lanesFor(program);
    this.#rows((line) => {
      const fold = new Folding(line, program, lanes);
      line.prepare();
      fold.begin();
      line.groups(
        lanes,
        (vector) => fold.group(vector),
        () => fold.join(lanes),
      );
      line.singles(() => fold.single());
      line.fb.get(line.locals.result);
      fold.result();
      line.scalar.store(program.result.lane);
    });
  }

  /**
   * `line(n, …)` by NumPy's recursion: blocks of at most 128 elements, halves that are multiples of
   * 8.
   */
  #emitPairwise(): void {
    const { inputs, result } = this.#program;
    const lane = result.lane as "f32" | "f64";
    const fb = new FunctionBuilder(this.#signature(false), lane);
    const operands = inputs.length * 2;
    const line = new Line(this.#program, fb, this.#lineOptions(fb), {
      count: 0,
      result: -1,
      resultStep: -1,
      cursors: inputs.map((_, k) => 1 + 2 * k),
      steps: inputs.map((_, k) => 2 + 2 * k),
      firstParam: 1 + operands,
    });
    const self = this.#builder.index(fb);
    const half = fb.local("i32");
    // More than one block: the sum of two halves.
    fb.get(0).i32(PAIRWISE_BLOCK).op(0x4a);
    fb.when(() => {
      fb.get(0).i32(1).op(0x76).i32(-PAIRWISE_LANES).op(0x71).set(half);
      this.#callLine(line, self, () => fb.get(half), undefined);
      this.#callLine(line, self, () => fb.get(0).get(half).op(0x6b), half);
      this.#combine(line, lane);
      fb.return();
    });
    this.#emitBlock(line, lane);
    this.#builder.add(fb);
    this.#rows((rows) => {
      rows.fb.get(rows.locals.result);
      this.#callLine(rows, self, () => rows.fb.get(1), undefined);
      rows.scalar.store(lane);
    });
  }

  /** Calls `line` for `count` elements, beginning `from` (a local) elements after the cursors. */
  #callLine(line: Line, self: number, count: () => void, from: number | undefined): void {
    const { fb, locals } = line;
    count();
    this.#program.inputs.forEach(({ lane, access }, k) => {
      fb.get(locals.cursors[k] as number);
      if (from !== undefined && access !== "broadcast") {
        fb.get(from);
        if (access === "contiguous") fb.i32(laneBytes(lane));
        else fb.get(locals.steps[k] as number);
        fb.op(0x6c, 0x6a);
      }
      fb.get(locals.steps[k] as number);
    });
    this.#paramTypes().forEach((_, i) => {
      fb.get(locals.firstParam + i);
    });
    fb.call(self);
  }

  #combine(line: Line, lane: "f32" | "f64"): void {
    const base = lane === "f32" ? 0x92 : 0xa0;
    line.fb.op(this.#program.mode === "sum" ? base : base + 2);
  }

  /** At most 128 elements: eight rows of partial sums, then the rest one by one. */
  #emitBlock(line: Line, lane: "f32" | "f64"): void {
    const { output, mode } = this.#program;
    const { fb } = line;
    const neutral = mode === "sum" ? -0 : 1;
    const total = fb.local(lane);
    const registers = (PAIRWISE_LANES * laneBytes(lane)) / 16;
    const rows = Array.from({ length: registers }, () => fb.local("v128"));
    const vectorCode = (lane === "f32" ? 0xe4 : 0xf0) + (mode === "sum" ? 0 : 2);
    const constant = (): void => line.scalar.const(lane, Object.is(neutral, -0) ? "-0" : 1);
    line.prepare();
    constant();
    fb.set(total);
    for (const row of rows) {
      constant();
      fb.simd(splatCode(lane)).set(row);
    }
    const join = (): void => {
      const term = (k: number): void => {
        const perRegister = 16 / laneBytes(lane);
        fb.get(rows[Math.floor(k / perRegister)] as number);
        fb.simd(lane === "f32" ? 0x1f : 0x21, k % perRegister);
      };
      for (const first of [0, 4]) {
        for (const pair of [first, first + 2]) {
          term(pair);
          term(pair + 1);
          this.#combine(line, lane);
        }
        this.#combine(line, lane);
      }
      this.#combine(line, lane);
      fb.set(total);
    };
    const group = (vector: VectorCode): void => {
      rows.forEach((row, r) => {
        fb.get(row);
        vector.value(output, r);
        fb.simd(vectorCode).set(row);
      });
    };
    line.groups(PAIRWISE_LANES, group, join);
    line.singles(() => {
      fb.get(total);
      line.value(output);
      this.#combine(line, lane);
      fb.set(total);
    });
    fb.get(total);
  }
}

/** Numbers of locals that a line works with. */
interface LineLocals {
  readonly count: number;
  readonly result: number;
  readonly resultStep: number;
  readonly cursors: readonly number[];
  readonly steps: readonly number[];
  readonly firstParam: number;
}

interface LineOptions {
  readonly scalar: ScalarCode;
  readonly uses: readonly number[];
}

/** The inner loop over one row: groups of elements in vectors, then single ones. */
export class Line {
  readonly fb: FunctionBuilder;
  readonly scalar: ScalarCode;
  readonly locals: LineLocals;
  readonly #program: Program;
  readonly #uses: readonly number[];
  readonly #rest: number;
  /** Broadcast inputs, as scalar and as vector. */
  readonly #broadcast = new Map<number, number>();
  readonly #splats = new Map<string, number>();
  #known = new Map<number, number>();
  /** Locals that `result` nodes read, where a row is folded: the single value and the registers. */
  #accumulators: { readonly total: number; readonly rows: readonly number[] } | undefined;

  constructor(program: Program, fb: FunctionBuilder, options: LineOptions, locals: LineLocals) {
    this.#program = program;
    this.fb = fb;
    this.scalar = options.scalar;
    this.#uses = options.uses;
    this.locals = locals;
    this.#rest = fb.local("i32");
  }

  /** Makes `result` nodes read accumulators instead of memory. */
  accumulate(total: number, rows: readonly number[]): void {
    this.#accumulators = { total, rows };
  }

  /** Loads what stays the same along the row. */
  prepare(): void {
    const { fb } = this;
    fb.get(this.locals.count).set(this.#rest);
    this.#program.inputs.forEach(({ lane, access }, k) => {
      if (access !== "broadcast") return;
      const scalar = this.#broadcast.get(k) ?? fb.local(scalarType(lane));
      this.#broadcast.set(k, scalar);
      fb.get(this.locals.cursors[k] as number);
      this.scalar.load(lane);
      fb.set(scalar);
      this.#setSplat(`input${k}`, lane, scalar);
    });
    for (const node of reachable(this.#program)) {
      if (node.op !== "param") continue;
      this.#setSplat(
        `param${node.index}`,
        node.lane,
        this.locals.firstParam + (node.index as number),
      );
    }
  }

  #setSplat(key: string, lane: Lane, scalar: number): void {
    const { fb } = this;
    const splat = this.#splats.get(key) ?? fb.local("v128");
    this.#splats.set(key, splat);
    // Booleans become masks.
    if (lane === "b") fb.i32(0).get(scalar).op(0x6b);
    else fb.get(scalar);
    fb.simd(splatCode(lane)).set(splat);
  }

  /**
   * Runs `body` for groups of `lanes` elements while there are enough; `after` when there was at
   * least one.
   */
  groups(lanes: number, body: (vector: VectorCode) => void, after?: () => void): void {
    const { fb } = this;
    const enough = (): FunctionBuilder => fb.get(this.#rest).i32(lanes).op(0x4f);
    enough();
    fb.when(() => {
      fb.loopWhile(() => {
        const vector = new VectorCode(
          this.scalar,
          this.#program.machine,
          this.#vectorSource(lanes),
          lanes,
          this.#uses,
        );
        body(vector);
        this.#advance(lanes);
        enough();
      });
      after?.();
    });
  }

  /** Runs `body` for the elements that are left. */
  singles(body: () => void): void {
    const { fb } = this;
    fb.get(this.#rest).when(() => {
      fb.loopWhile(() => {
        this.#known = new Map();
        body();
        this.#advance(1);
        fb.get(this.#rest);
      });
    });
  }

  storeGroup(vector: VectorCode): void {
    const { output, result } = this.#program;
    const { fb } = this;
    const width = laneBytes(result.lane);
    for (let r = 0; r < vector.registers(width); r++) {
      if (result.access === "strided") this.#storeLanes(vector, r);
      else {
        fb.get(this.locals.result);
        this.#storedValue(vector, output, r);
        storeRegister(fb, r * 16, Math.min(16, vector.lanes * width));
      }
    }
  }

  #storedValue(vector: VectorCode, output: number, r: number): void {
    const { lane } = this.#program.result;
    vector.value(output, r, laneBytes(lane));
    if (lane !== "b") return;
    vector.splat("i8", 1);
    this.fb.simd(0x4e);
  }

  #storeLanes(vector: VectorCode, r: number): void {
    const { output, result } = this.#program;
    const { fb } = this;
    const width = laneBytes(result.lane);
    const perRegister = Math.min(vector.lanes, 16 / width);
    const value = fb.local("v128");
    this.#storedValue(vector, output, r);
    fb.set(value);
    for (let lane = 0; lane < perRegister; lane++) {
      fb.get(this.locals.result);
      fb.get(this.locals.resultStep)
        .i32(r * perRegister + lane)
        .op(0x6c, 0x6a);
      fb.get(value).simdMemory(0x58 + Math.log2(width), 0, lane);
    }
  }

  storeSingle(): void {
    this.fb.get(this.locals.result);
    this.value(this.#program.output);
    this.scalar.store(this.#program.result.lane);
  }

  /** Leaves the value of a node for the current element on the stack. */
  value(index: number): void {
    const known = this.#known.get(index);
    if (known !== undefined) {
      this.fb.get(known);
      return;
    }
    const node = this.#program.machine.nodes[index] as MachineNode;
    this.#compute(node);
    if ((this.#uses[index] as number) < 2) return;
    const local = this.fb.local(scalarType(node.lane));
    this.fb.tee(local);
    this.#known.set(index, local);
  }

  #compute(node: MachineNode): void {
    const { fb, locals } = this;
    if (node.op === "load") {
      const scalar = this.#broadcast.get(node.index as number);
      if (scalar !== undefined) fb.get(scalar);
      else {
        fb.get(locals.cursors[node.index as number] as number);
        this.scalar.load(node.lane);
      }
    } else if (node.op === "result") {
      fb.get(this.#accumulators?.total ?? locals.result);
      if (this.#accumulators === undefined) this.scalar.load(node.lane);
    } else if (node.op === "param") fb.get(locals.firstParam + (node.index as number));
    else if (node.op === "const") this.scalar.const(node.lane, node.value as number | string);
    else if (node.op === "patch") this.#patch(node);
    else {
      const order = node.op === "select" ? [1, 2, 0] : node.args.map((_, i) => i);
      for (const i of order) this.value(node.args[i] as number);
      const first = this.#program.machine.nodes[node.args[0] as number] as MachineNode;
      this.scalar.apply(node, first.lane);
    }
  }

  #patch(node: MachineNode): void {
    const { fb } = this;
    const type = scalarType(node.lane);
    const args = node.args.slice(0, -2).map((arg) => {
      const local = fb.local(type);
      this.value(arg);
      fb.set(local);
      return local;
    });
    const [fast, mask] = node.args.slice(-2) as [number, number];
    const result = fb.local(type);
    this.value(fast);
    fb.set(result);
    this.value(mask);
    fb.when(() => {
      this.scalar.callHost(node, (i) => fb.get(args[i] as number));
      fb.set(result);
    });
    fb.get(result);
  }

  #advance(elements: number): void {
    const { fb, locals } = this;
    const move = (cursor: number, lane: Lane, access: Access, step: number): void => {
      if (access === "broadcast") return;
      fb.get(cursor);
      if (access === "contiguous") fb.i32(laneBytes(lane) * elements);
      else fb.get(step).i32(elements).op(0x6c);
      fb.op(0x6a).set(cursor);
    };
    this.#program.inputs.forEach(({ lane, access }, k) => {
      move(locals.cursors[k] as number, lane, access, locals.steps[k] as number);
    });
    if (this.#program.mode === "store") {
      move(
        locals.result,
        this.#program.result.lane,
        this.#program.result.access,
        locals.resultStep,
      );
    }
    fb.get(this.#rest).i32(elements).op(0x6b).set(this.#rest);
  }

  #vectorSource(lanes: number): VectorSource {
    const { fb, locals } = this;
    const load = (cursor: number, step: number, access: Access, lane: Lane, r: number): void => {
      const width = laneBytes(lane);
      const perRegister = Math.min(lanes, 16 / width);
      if (access === "strided") this.#gather(cursor, step, lane, r * perRegister, perRegister);
      else {
        fb.get(cursor);
        loadRegister(fb, r * 16, perRegister * width);
      }
      // Stored booleans are 0 or 1: made masks.
      if (lane === "b") fb.simd(0x61);
    };
    return {
      load: (index, lane, r) => {
        const { access } = this.#program.inputs[index] as { access: Access };
        if (access === "broadcast") fb.get(this.#splats.get(`input${index}`) as number);
        else load(locals.cursors[index] as number, locals.steps[index] as number, access, lane, r);
      },
      loadResult: (lane, r) => {
        const row = this.#accumulators?.rows[r];
        if (row !== undefined) fb.get(row);
        else load(locals.result, locals.resultStep, this.#program.result.access, lane, r);
      },
      param: (index) => this.#splats.get(`param${index}`) as number,
    };
  }

  /** Loads `count` elements `step` bytes apart, from element `first` on. */
  #gather(cursor: number, step: number, lane: Lane, first: number, count: number): void {
    const { fb } = this;
    const kind = Math.log2(laneBytes(lane));
    const address = this.scalar.temporary("i32", 2);
    const value = this.scalar.temporary("v128", 2);
    fb.get(cursor).get(step).i32(first).op(0x6c, 0x6a).tee(address);
    fb.simdMemory(0x07 + kind).set(value);
    for (let k = 1; k < count; k++) {
      fb.get(address).get(step).op(0x6a).tee(address);
      fb.get(value)
        .simdMemory(0x54 + kind, 0, k)
        .set(value);
    }
    fb.get(value);
  }
}

/** Loads 16 bytes, or the first 8, 4, 2 or 1 with zeros above. */
function loadRegister(fb: FunctionBuilder, offset: number, bytes: number): void {
  if (bytes === 16) fb.simdMemory(0x00, offset);
  else if (bytes === 8) fb.simdMemory(0x5d, offset);
  else if (bytes === 4) fb.simdMemory(0x5c, offset);
  else fb.simdMemory(bytes === 2 ? 0x08 : 0x07, offset);
}

/** Stores 16 bytes, or the first 8, 4, 2 or 1. */
function storeRegister(fb: FunctionBuilder, offset: number, bytes: number): void {
  if (bytes === 16) fb.simdMemory(0x0b, offset);
  else fb.simdMemory(0x58 + Math.log2(bytes), offset, 0);
}

function reachable(program: Program): MachineNode[] {
  const seen = new Set<number>();
  const visit = (index: number): void => {
    if (seen.has(index)) return;
    seen.add(index);
    (program.machine.nodes[index] as MachineNode).args.forEach(visit);
  };
  visit(program.output);
  return [...seen].map((index) => program.machine.nodes[index] as MachineNode);
}

/** How often each node is an argument. */
function countUses(program: Program): number[] {
  const uses = new Array<number>(program.machine.nodes.length).fill(0);
  for (const node of reachable(program)) {
    for (const arg of node.args) uses[arg] = (uses[arg] as number) + 1;
  }
  return uses;
}

/** Kernels with more operations are unrolled less. */
const LIGHT = 16;
const HEAVY = 48;

/**
 * Elements in a group: whole registers of the narrowest type for light kernels, few registers for
 * heavy ones.
 */
function lanesFor(program: Program): number {
  const nodes = reachable(program);
  const widths = [...nodes.map((node) => node.lane), program.result.lane]
    .filter((lane) => lane !== "b" || nodes.length > HEAVY)
    .map(laneBytes);
  const widest = Math.max(1, ...widths);
  const stored = [program.result.lane, ...program.inputs.map((input) => input.lane)].map(laneBytes);
  const few = 16 / widest;
  if (nodes.length > HEAVY) return few * 2;
  const unroll = nodes.length > LIGHT ? 2 : 4;
  return Math.max(few * unroll, Math.min(few * 8, 16 / Math.min(...stored)));
}
