/**
 * @file `node:crypto` when it is first used: loading it takes longer than a third of this package.
 */

/** The module, at once. */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
