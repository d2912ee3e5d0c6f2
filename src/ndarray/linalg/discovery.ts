/**
 * @file Where a BLAS/LAPACK library may be: the names that systems give it, then the libraries
 * inside installed NumPy and SciPy wheels, which most scientific machines have.
 */
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const SYSTEM_NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libopenblas.so.0", "libopenblas.so", "libmkl_rt.so.2", "libmkl_rt.so"],
  darwin: [
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
  ],
  win32: ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll", "mkl_rt.dll"],
};

/**
 * Libraries of wheels: `numpy.libs` on Linux and Windows, `.dylibs` inside the package on macOS.
 */
const WHEEL_FOLDERS = ["numpy.libs", "scipy.libs", "scipy_openblas64/lib", "numpy/.dylibs"];

const LIBRARY_FILE = /^(lib)?(scipy_)?openblas[^/]*\.(so|dylib|dll)(\.|$)|^lib(scipy_)?openblas/;

/** Paths and names to try, the likeliest first. */
export function* candidates(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Generator<string> {
  const conda = environment["CONDA_PREFIX"];
  if (conda !== undefined) yield* librariesIn(join(conda, "lib"));
  yield* SYSTEM_NAMES[process.platform] ?? [];
  for (const packages of sitePackages(environment)) {
    for (const folder of WHEEL_FOLDERS) yield* librariesIn(join(packages, folder));
  }
}

function librariesIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((name) => LIBRARY_FILE.test(name))
    .map((name) => join(folder, name));
}

/** Folders in which Python installations keep packages. */
function sitePackages(environment: Readonly<Record<string, string | undefined>>): string[] {
  const homes = [environment["VIRTUAL_ENV"], environment["CONDA_PREFIX"], ".venv"];
  const prefixes = [...homes.filter((home) => home !== undefined), join(homedir(), ".local")];
  const system = process.platform === "win32" ? [] : ["/usr/local", "/usr", "/opt/homebrew"];
  return [...prefixes, ...system].flatMap((prefix) => [
    ...entriesOf(join(prefix, "lib"))
      .filter((name) => /^python3/.test(name))
      .flatMap((name) =>
        ["site-packages", "dist-packages"].map((p) => join(prefix, "lib", name, p)),
      ),
    join(prefix, "Lib", "site-packages"),
  ]);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
