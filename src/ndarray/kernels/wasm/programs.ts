/**
 * @file Finds the compiled program for a kernel: lowered once per expression shape (scalars are
 * parameters), compiled once per shape and way of access, instantiated once per memory.
 */
import { type WasmMemory, type WasmModule, wasm } from "../../../core/wasm.ts";
import type { Kernel } from "../ir.ts";
import * as helpers from "../js-helpers.ts";
import { type Access, emitModule, type Mode, type Program } from "./emit.ts";
import { type Lowered, lowerKernel } from "./lower.ts";
import { type Lane, Machine, type MachineOp } from "./machine.ts";

/** A lowered expression with a short text that tells it from others. */
export interface Shape extends Lowered {
  readonly key: string;
}

/** How many expressions were lowered: the next one's key. */
let loweredCount = 0;

/** Walks a nest of two loops; see `emitModule`. */
export type Run = (...args: (number | bigint)[]) => void;

/** Called for single elements: where a formula does not hold, and functions without one. */
const HOST: Readonly<Record<string, (...args: number[]) => number>> = {
  exp: Math.exp,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  arcsinh: Math.asinh,
  arccosh: Math.acosh,
  cbrt: Math.cbrt,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  atan2: Math.atan2,
  power: helpers.power,
  logaddexp: helpers.logaddexp,
  fmod: (x, y) => x % y,
  remainder: helpers.remainder,
  floorDivide: helpers.floorDivide,
};

const shapes = new Map<string, Shape | undefined>();
const shapeOfKernel = new WeakMap<Kernel, Shape | { none: true }>();
const modules = new Map<string, WasmModule>();
const instances = new WeakMap<WasmMemory, Map<string, Run>>();

/**
 * Entries kept in each cache; beyond it the cache begins anew, which costs some compiling and
 * nothing else.
 */
const CACHED = 2000;

/** The lowered expression of a kernel; undefined when it cannot run in WebAssembly. */
export function shapeOf(kernel: Kernel): Shape | undefined {
  const known = shapeOfKernel.get(kernel);
  if (known !== undefined) return "none" in known ? undefined : known;
  const nodes = kernel.nodes.map((node) => (node.kind === "scalar" ? { ...node, value: 0 } : node));
  const key = JSON.stringify([nodes, kernel.output]);
  let shape = shapes.get(key);
  if (!shapes.has(key)) {
    const lowered = lowerKernel(kernel);
    shape = lowered === undefined ? undefined : { ...lowered, key: String(loweredCount++) };
    if (shapes.size >= CACHED) shapes.clear();
    shapes.set(key, shape);
  }
  shapeOfKernel.set(kernel, shape ?? { none: true });
  return shape;
}

const accumulatingShapes = new WeakMap<Shape, Map<string, Shape>>();

/**
 * The same expression combined with what the result holds, for rows that are added to a row: `rows`
 * of them at once, one after the other, each with inputs of its own.
 */
export function accumulating(shape: Shape, op: MachineOp, inputs: number, rows: number): Shape {
  const key = `${op}${rows}=${shape.key}`;
  let known = accumulatingShapes.get(shape);
  if (known === undefined) {
    known = new Map();
    accumulatingShapes.set(shape, known);
  }
  let result = known.get(key);
  if (result === undefined) {
    result = { ...shape, ...accumulate(shape, op, inputs, rows), key };
    known.set(key, result);
  }
  return result;
}

function accumulate(
  shape: Shape,
  op: MachineOp,
  inputs: number,
  rows: number,
): Pick<Shape, "machine" | "output"> {
  const machine = new Machine();
  let output = machine.result(shape.machine.laneOf(shape.output));
  for (let row = 0; row < rows; row++) {
    const at: number[] = [];
    for (const node of shape.machine.nodes) {
      const args = node.args.map((arg) => at[arg] as number);
      const index = node.op === "load" ? (node.index as number) + row * inputs : node.index;
      at.push(machine.add({ ...node, args, ...(index === undefined ? {} : { index }) }));
    }
    output = machine.same(op, output, at[shape.output] as number);
  }
  return { machine, output };
}

const rowShapes = new Map<string, Shape>();

/** A copy, or with `op` an addition, of one contiguous row to another. */
export function rowShape(lane: Lane, op?: MachineOp): Shape {
  const key = `row ${lane} ${op ?? ""}`;
  let shape = rowShapes.get(key);
  if (shape === undefined) {
    const machine = new Machine();
    const load = machine.load(lane, 0);
    const output = op === undefined ? load : machine.same(op, machine.result(lane), load);
    shape = { machine, output, params: [], key };
    rowShapes.set(key, shape);
  }
  return shape;
}

/** The program of a shape, bound to a memory. */
export function programFor(
  shape: Shape,
  memory: WasmMemory,
  mode: Mode,
  inputs: Program["inputs"],
  result: { readonly lane: Lane; readonly access: Access },
): Run {
  const key = `${mode} ${inputs.map((x) => x.access[0]).join("")} ${result.lane}${result.access[0]} ${shape.key}`;
  let bound = instances.get(memory);
  if (bound === undefined) {
    bound = new Map();
    instances.set(memory, bound);
  }
  let run = bound.get(key);
  if (run === undefined) {
    if (bound.size >= CACHED) bound.clear();
    const { machine, output } = shape;
    const module = moduleFor(key, { machine, output, mode, inputs, result });
    const { exports } = new wasm.Instance(module, { e: { m: memory, ...HOST } });
    run = exports["run"] as unknown as Run;
    bound.set(key, run);
  }
  return run;
}

function moduleFor(key: string, program: Program): WasmModule {
  let module = modules.get(key);
  if (module === undefined) {
    if (modules.size >= CACHED) modules.clear();
    module = new wasm.Module(emitModule(program));
    modules.set(key, module);
  }
  return module;
}
