/**
 * @file One BLAS/LAPACK library called through `koffi`: the Fortran symbols, whose names and
 * integer width differ from build to build (`dgemm_`, `scipy_dgemm_64_`). Arguments are pointers;
 * matrices are column-major. The library runs on one thread unless told otherwise, because the
 * engine's task threads are the parallelism.
 */
import { createRequire } from "node:module";
import { deniedAdvice, isDenied } from "../../core/permissions.ts";

/** How a build names its symbols, and the width of its integers. */
interface Naming {
  readonly integerBits: 32 | 64;
  readonly prefix: string;
  readonly suffix: string;
}

const NAMINGS: readonly Naming[] = [
  { integerBits: 32, prefix: "", suffix: "_" },
  { integerBits: 64, prefix: "scipy_", suffix: "_64_" },
  { integerBits: 32, prefix: "scipy_", suffix: "_" },
  { integerBits: 64, prefix: "", suffix: "_64_" },
];

/** One argument: text for a character, a number for an integer, a typed array for anything else. */
export type FortranArgument = string | number | ArrayBufferView;

type Native = (...args: unknown[]) => unknown;

interface KoffiLibrary {
  func(name: string, result: string, parameters: readonly string[]): Native;
}

interface Koffi {
  load(path: string): KoffiLibrary;
  config(options: Readonly<Record<string, number>>): unknown;
}

/**
 * Stack of a foreign call: with the default of 2 MiB LAPACK crashed in 10 of 24 runs on two
 * threads.
 */
const STACK_BYTES = 16 * 2 ** 20;

let koffi: Koffi | null | undefined;
let whyNoKoffi = "the npm package koffi is not installed";

/** koffi, loaded at the first use on this thread; null where it cannot be loaded. */
function loadKoffi(): Koffi | null {
  if (koffi !== undefined) return koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    koffi = null;
    if (isDenied(error)) whyNoKoffi = deniedAdvice("koffi", "--allow-addons");
  }
  try {
    koffi?.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  } catch {
    // Another library was loaded on this thread before; on one BLAS thread the default stack holds
    // too.
  }
  return koffi;
}

/** A loaded library. */
export class BlasLibrary {
  readonly path: string;
  readonly integerBits: 32 | 64;
  readonly #library: KoffiLibrary;
  readonly #naming: Naming;
  readonly #routines = new Map<string, Native>();

  private constructor(path: string, library: KoffiLibrary, naming: Naming) {
    this.path = path;
    this.#library = library;
    this.#naming = naming;
    this.integerBits = naming.integerBits;
  }

  /**
   * The library at `path` (a file, or a name for the system to find), told to run on as many
   * threads; or why it cannot be used.
   */
  static open(path: string, threads = 1): BlasLibrary | string {
    const ffi = loadKoffi();
    if (ffi === null) return whyNoKoffi;
    let library: KoffiLibrary;
    try {
      library = ffi.load(path);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const naming = NAMINGS.find((candidate) => {
      const symbol = `${candidate.prefix}dgesdd${candidate.suffix}`;
      return find(library, symbol, "void", ["void *"]) !== undefined;
    });
    if (naming === undefined) return "it has no LAPACK symbols under a known naming";
    const opened = new BlasLibrary(path, library, naming);
    opened.#useThreads(threads);
    return opened;
  }

  /** What the library says of itself: version, kernel, build options. */
  get description(): string {
    const { prefix, suffix } = this.#naming;
    const end = suffix === "_64_" ? "64_" : "";
    const text = find(this.#library, `${prefix}openblas_get_config${end}`, "const char *", []);
    return text === undefined ? "BLAS" : String(text()).trim();
  }

  /** Arrays for integers that the library reads or writes. */
  integers(count: number): Int32Array | BigInt64Array {
    return this.integerBits === 64 ? new BigInt64Array(count) : new Int32Array(count);
  }

  /** Calls a Fortran routine, e.g. `call("dgemm", "N", "N", m, n, k, alpha, a, lda, …)`. */
  call(routine: string, ...args: readonly FortranArgument[]): void {
    const native = this.#routine(routine, args);
    const pointers = args.map((arg) => (ArrayBuffer.isView(arg) ? arg : this.#pointer(arg)));
    // Fortran passes the length of every character argument behind all others.
    const lengths = args.filter((arg) => typeof arg === "string").map(() => 1);
    native(...pointers, ...lengths);
  }

  #pointer(arg: string | number): ArrayBufferView {
    if (typeof arg === "string") return Uint8Array.of(arg.charCodeAt(0));
    return this.integerBits === 64 ? BigInt64Array.of(BigInt(arg)) : Int32Array.of(arg);
  }

  #routine(name: string, args: readonly FortranArgument[]): Native {
    let native = this.#routines.get(name);
    if (native === undefined) {
      const lengths = args.filter((arg) => typeof arg === "string");
      const types = [...args.map(() => "void *"), ...lengths.map(() => "size_t")];
      const symbol = `${this.#naming.prefix}${name}${this.#naming.suffix}`;
      native = this.#library.func(symbol, "void", types);
      this.#routines.set(name, native);
    }
    return native;
  }

  #useThreads(threads: number): void {
    const { prefix, suffix } = this.#naming;
    const end = suffix === "_64_" ? "64_" : "";
    const openblas = `${prefix}openblas_set_num_threads${end}`;
    for (const name of [openblas, "MKL_Set_Num_Threads"]) {
      find(this.#library, name, "void", ["int"])?.(threads);
    }
  }
}

function find(
  library: KoffiLibrary,
  name: string,
  result: string,
  parameters: readonly string[],
): Native | undefined {
  try {
    return library.func(name, result, parameters);
  } catch {
    return undefined;
  }
}
