/**
 * @file A small WebAssembly assembler: functions as byte lists, and a module of one imported shared
 * memory, imported numeric functions and exported functions. It knows encodings only; what to
 * compute is decided in `emit.ts`.
 */

/** Value types of WebAssembly. */
export type WasmType = "i32" | "i64" | "f32" | "f64" | "v128";

const TYPE_CODES: Readonly<Record<WasmType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const scratch = new DataView(new ArrayBuffer(8));

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** One function under construction: parameters are the first locals. */
export class FunctionBuilder {
  readonly params: readonly WasmType[];
  readonly result: WasmType | undefined;
  readonly #locals: WasmType[] = [];
  readonly #code: number[] = [];

  constructor(params: readonly WasmType[], result?: WasmType) {
    this.params = params;
    this.result = result;
  }

  /** A new local variable. */
  local(type: WasmType): number {
    return this.params.length + this.#locals.push(type) - 1;
  }

  /** Plain opcodes, one byte each. */
  op(...codes: readonly number[]): this {
    this.#code.push(...codes);
    return this;
  }

  /** A SIMD instruction with its immediate bytes. */
  simd(code: number, ...immediates: readonly number[]): this {
    this.#code.push(0xfd, ...unsigned(code), ...immediates);
    return this;
  }

  /** A saturating truncation (prefix 0xfc). */
  saturating(code: number): this {
    this.#code.push(0xfc, ...unsigned(code));
    return this;
  }

  get(local: number): this {
    this.#code.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: number): this {
    this.#code.push(0x21, ...unsigned(local));
    return this;
  }

  tee(local: number): this {
    this.#code.push(0x22, ...unsigned(local));
    return this;
  }

  i32(value: number): this {
    this.#code.push(0x41, ...signed(BigInt(value | 0)));
    return this;
  }

  i64(value: bigint): this {
    this.#code.push(0x42, ...signed(BigInt.asIntN(64, value)));
    return this;
  }

  f32(value: number): this {
    scratch.setFloat32(0, value, true);
    this.#code.push(0x43, ...this.#scratchBytes(4));
    return this;
  }

  f64(value: number): this {
    scratch.setFloat64(0, value, true);
    this.#code.push(0x44, ...this.#scratchBytes(8));
    return this;
  }

  /** A scalar load or store; the address is on the stack. */
  memory(code: number, offset = 0): this {
    this.#code.push(code, 0, ...unsigned(offset));
    return this;
  }

  /** A SIMD load or store, of a lane where one is given. */
  simdMemory(code: number, offset = 0, lane?: number): this {
    this.simd(code, 0, ...unsigned(offset));
    if (lane !== undefined) this.#code.push(lane);
    return this;
  }

  call(index: number): this {
    this.#code.push(0x10, ...unsigned(index));
    return this;
  }

  /** `loop … end` whose body runs again while the condition that it leaves on the stack holds. */
  loopWhile(body: () => void): this {
    this.#code.push(0x03, 0x40);
    body();
    this.#code.push(0x0d, 0, 0x0b);
    return this;
  }

  /** Runs `body` when the condition on the stack holds. */
  when(body: () => void, otherwise?: () => void): this {
    this.#code.push(0x04, 0x40);
    body();
    if (otherwise !== undefined) {
      this.#code.push(0x05);
      otherwise();
    }
    this.#code.push(0x0b);
    return this;
  }

  return(): this {
    this.#code.push(0x0f);
    return this;
  }

  /** The function's body as the code section has it. */
  encode(): number[] {
    const locals = this.#locals.flatMap((type) => [1, TYPE_CODES[type]]);
    const body = [...unsigned(this.#locals.length), ...locals, ...this.#code, 0x0b];
    return [...unsigned(body.length), ...body];
  }

  #scratchBytes(count: number): number[] {
    return Array.from({ length: count }, (_, i) => scratch.getUint8(i));
  }
}

/** A function that the host provides: all parameters and the result are of one type. */
export interface ImportedFunction {
  readonly name: string;
  readonly type: WasmType;
  readonly arity: number;
}

/** A module with one memory; imports come first in the numbering of functions. */
export class ModuleBuilder {
  readonly #imports: ImportedFunction[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: { name: string; fn: FunctionBuilder }[] = [];

  /**
   * Index of an imported function; all imports must be known before `index` is asked of other
   * functions.
   */
  import(fn: ImportedFunction): number {
    const known = this.#imports.findIndex((own) => own.name === fn.name && own.arity === fn.arity);
    return known >= 0 ? known : this.#imports.push(fn) - 1;
  }

  add(fn: FunctionBuilder, exported?: string): void {
    this.#functions.push(fn);
    if (exported !== undefined) this.#exports.push({ name: exported, fn });
  }

  /** Number by which other functions call `fn`, added already or the next to be added. */
  index(fn: FunctionBuilder): number {
    const own = this.#functions.indexOf(fn);
    return this.#imports.length + (own >= 0 ? own : this.#functions.length);
  }

  encode(): Uint8Array {
    const signatures = [
      ...this.#imports.map(({ type, arity }) => signature(new Array(arity).fill(type), type)),
      ...this.#functions.map((fn) => signature(fn.params, fn.result)),
    ];
    // An imported memory of any size, shared, at most 4 GiB.
    const memory = [...text("e"), ...text("m"), 0x02, 0x03, 0x00, ...unsigned(65536)];
    const imports = this.#imports.map((fn, i) => [
      ...text("e"),
      ...text(fn.name),
      0x00,
      ...unsigned(i),
    ]);
    const first = this.#imports.length;
    const exports = this.#exports.map(({ name, fn }) => [
      ...text(name),
      0x00,
      ...unsigned(this.index(fn)),
    ]);
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, signatures),
      ...section(2, [memory, ...imports]),
      ...section(
        3,
        this.#functions.map((_, i) => unsigned(first + i)),
      ),
      ...section(7, exports),
      ...section(
        10,
        this.#functions.map((fn) => fn.encode()),
      ),
    ]);
  }
}

function signature(params: readonly WasmType[], result: WasmType | undefined): number[] {
  const results = result === undefined ? [0] : [1, TYPE_CODES[result]];
  return [0x60, ...unsigned(params.length), ...params.map((type) => TYPE_CODES[type]), ...results];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const body = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(body.length), ...body];
}

function text(value: string): number[] {
  const bytes = [...value].map((c) => c.charCodeAt(0));
  return [...unsigned(bytes.length), ...bytes];
}
