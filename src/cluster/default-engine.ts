/**
 * @file The engine that clients connect to when they are told of none, in programs that were
 * started as part of a cluster.
 */
import type { EngineHandle } from "./embedded.ts";

let engine: EngineHandle | undefined;

/** The engine of `new Client()`; undefined where that begins a local cluster. */
export function defaultEngine(): EngineHandle | undefined {
  return engine;
}

/** Says which one it is; undefined: none any more. */
export function setDefaultEngine(handle: EngineHandle | undefined): void {
  engine = handle;
}
