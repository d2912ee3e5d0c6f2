/** @file What the tasks of a simulated graph really do, where they do more than take time. */

/** How one try of a task has ended. */
export type SimOutcome =
  | { readonly encoded: Uint8Array }
  | { readonly error: unknown }
  /** It is to be tried again elsewhere or later. */
  | { readonly isPutOff: true };

/** What the tasks of a graph do. */
export interface SimWork {
  /** Runs one task on the worker of this number; inputs come in the order of its dependencies. */
  run(worker: number, local: number, inputs: readonly Uint8Array[]): Promise<SimOutcome>;
}
