/** @file Types of what tests use of build-kernels.mjs. */

/** Hash of everything that the output depends on. */
export function sourceHash(): string;

/** Whether every generated file carries `hash`. */
export function isUpToDate(hash: string): boolean;
