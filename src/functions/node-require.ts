/**
 * @file Node's own `require`, for what has to be synchronous: built-in modules that are loaded
 * already, modules of CommonJS, and the parser, which most programs never need.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { HeddleError } from "../core/errors.ts";

// A bundler that writes CommonJS leaves no URL.
const here: string | undefined = import.meta.url;

/** Resolves from Heddle's folder, or from the working directory when Heddle is part of a bundle. */
export const nodeRequire: NodeJS.Require = createRequire(
  here ?? path.join(process.cwd(), "heddle.js"),
);

/** The parser. Throws `NotSupported` where a bundler has separated Heddle from its packages. */
export function loadParser(): typeof import("acorn") {
  try {
    return nodeRequire("acorn") as typeof import("acorn");
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      "Heddle cannot read the source of functions from within a bundle. Keep it outside: " +
        "esbuild --external:heddle, or the like of your bundler.",
      { cause },
    );
  }
}
