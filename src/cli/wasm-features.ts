/**
 * @file Which WebAssembly features this Node has, asked by validating the smallest module that uses
 * each.
 */
import { wasm } from "../core/wasm.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A type section with one function type: () -> (). */
const NO_TYPE = [1, 4, 1, 0x60, 0, 0];
const ONE_FUNCTION = [3, 2, 1, 0];

function codeSection(...body: number[]): number[] {
  const code = [0, ...body, 0x0b];
  return [10, code.length + 2, 1, code.length, ...code];
}

const DROP = 0x1a;
const I32_CONST_0 = [0x41, 0];
/** i8x16.splat of 0. */
const VECTOR_0 = [...I32_CONST_0, 0xfd, 0x0f];

const TRIALS: Readonly<Record<string, readonly number[]>> = {
  simd: [...NO_TYPE, ...ONE_FUNCTION, ...codeSection(...VECTOR_0, DROP)],
  // i8x16.relaxed_swizzle
  "relaxed-simd": [
    ...NO_TYPE,
    ...ONE_FUNCTION,
    ...codeSection(...VECTOR_0, ...VECTOR_0, 0xfd, 0x80, 0x02, DROP),
  ],
  // A shared memory of one page.
  threads: [5, 4, 1, 3, 1, 1],
  // Two memories.
  "multi-memory": [5, 5, 2, 0, 1, 0, 1],
};

/** Feature name to whether this Node has it. */
export function wasmFeatures(): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(TRIALS).map(([name, sections]) => [
      name,
      wasm.validate(new Uint8Array([...HEADER, ...sections])),
    ]),
  );
}
