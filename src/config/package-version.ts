/** @file The version of this package. */
import { createRequire } from "node:module";

/** Read when it is needed: a bundle that has taken Heddle in has no such file. */
export function packageVersion(): string {
  const manifest = createRequire(import.meta.url)("../../package.json") as { version: string };
  return manifest.version;
}
