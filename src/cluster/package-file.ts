/** @file Files of the package that threads start from. */
import { existsSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";

/** The file, if it is there: a bundle that has taken Heddle in has lost it. */
export function packageFile(file: URL): URL {
  if (existsSync(file)) return file;
  throw new HeddleError(
    "NotSupported",
    `Heddle's threads start from files of the package, and there is no ${file.href}: Heddle has ` +
      "been bundled into the program. Leave it out and install it beside the program: " +
      "esbuild --packages=external, or `external: [/^heddle/]` elsewhere.",
  );
}
