/**
 * @file The task options in force where a collection is built. `annotate` (which needs Node's
 * AsyncLocalStorage, and so lives higher up) installs the source; collections read it here when
 * they make templates.
 */
import type { TaskOptions } from "./graph.ts";

let source: (() => TaskOptions | undefined) | undefined;

/** Installs where `currentAnnotations` looks. */
export function setAnnotationSource(read: () => TaskOptions | undefined): void {
  source = read;
}

/** The options that `annotate` set around the running code; undefined outside of it. */
export function currentAnnotations(): TaskOptions | undefined {
  return source?.();
}
