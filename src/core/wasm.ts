/**
 * @file The part of the WebAssembly interface that Heddle uses, typed here because the language's
 * own libraries declare it only for browsers.
 */

/**
 * A shared WebAssembly memory. Views made before a `grow` stay valid; `buffer` is a new object
 * after it.
 */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 64 KiB; throws RangeError when that is impossible. */
  grow(pages: number): number;
}

/** A compiled module; opaque, may be posted to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]?: string;
}

/** What a module exports. */
export type WasmExports = Readonly<Record<string, (...args: number[]) => number>>;

interface WasmGlobal {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: boolean;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: WasmExports };
  validate(bytes: Uint8Array): boolean;
}

/** The `WebAssembly` global. */
export const wasm: WasmGlobal = (globalThis as unknown as { WebAssembly: WasmGlobal }).WebAssembly;

/** Bytes of one WebAssembly page. */
export const PAGE_BYTES = 65536;

/**
 * A shared memory that may grow to `maxBytes`; undefined when the system refuses the reservation.
 */
export function createSharedMemory(bytes: number, maxBytes: number): WasmMemory | undefined {
  const initial = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new wasm.Memory({ initial, maximum: maxBytes / PAGE_BYTES, shared: true });
  } catch {
    return undefined;
  }
}
