/**
 * @file Which library does linear algebra on this thread: the one that the user names (`useBlas`,
 * else the setting `blas.library`), else the first that is found, else the built-in kernels.
 */
import { config } from "../../config/config.ts";
import { HeddleError } from "../../core/errors.ts";
import { BlasLibrary } from "./blas-library.ts";
import { candidates } from "./discovery.ts";

/** What does linear algebra, for `heddle info` and kernel profiles. */
export interface BlasInfo {
  readonly provider: "library" | "builtin";
  /** File or system name of the library; empty for the built-in kernels. */
  readonly path: string;
  /** What the library says of itself. */
  readonly description: string;
  /** Width of the library's integers. */
  readonly integerBits: 32 | 64;
}

let choice: string | undefined;
let library: BlasLibrary | null | undefined;
/** What `library` was chosen for: the setting may change later. */
let chosenFor: string | undefined;

/**
 * Chooses the library for this thread: a path or system name, `"none"` for the built-in kernels, or
 * `"auto"` to look for one. Takes effect at once. Throws `NotSupported` when a named library cannot
 * be used.
 */
export function useBlas(which: "auto" | "none" | (string & {})): BlasInfo {
  const previous = choice;
  choice = which;
  library = undefined;
  try {
    return blasInfo();
  } catch (error) {
    choice = previous;
    library = undefined;
    throw error;
  }
}

/** The library of this thread; null when the built-in kernels are used. */
export function blasLibrary(): BlasLibrary | null {
  const wanted = choice ?? config.get("blas.library");
  if (library === undefined || wanted !== chosenFor) {
    library = chosenLibrary(wanted);
    chosenFor = wanted;
  }
  return library;
}

function chosenLibrary(which: string): BlasLibrary | null {
  if (which === "none") return null;
  const threads = config.get("blas.threads");
  if (which !== "auto") {
    const opened = BlasLibrary.open(which, threads);
    if (opened instanceof BlasLibrary) return opened;
    throw new HeddleError(
      "NotSupported",
      `The BLAS library "${which}" cannot be used: ${opened}. ` +
        'Give the path of an OpenBLAS or MKL library, "auto", or "none" for the built-in kernels.',
      { fields: { path: which } },
    );
  }
  for (const candidate of candidates()) {
    const opened = BlasLibrary.open(candidate, threads);
    if (opened instanceof BlasLibrary) return opened;
  }
  return null;
}

/**
 * Says what does linear algebra on this thread; looks for a library if that has not happened yet.
 */
export function blasInfo(): BlasInfo {
  const found = blasLibrary();
  if (found === null) {
    return { provider: "builtin", path: "", description: "built-in kernels", integerBits: 32 };
  }
  const { path, description, integerBits } = found;
  return { provider: "library", path, description, integerBits };
}
