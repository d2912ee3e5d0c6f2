/**
 * @file Which calls wait for the code that is running: a method of an actor that awaits a call of
 * another actor may be called back by it, and that call must not wait for the method to end.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const storage = new AsyncLocalStorage<readonly string[]>();

/** The calls that the running code is part of, the outermost first. */
export function currentChain(): readonly string[] {
  return storage.getStore() ?? [];
}

/** Runs code as part of one more call. */
export function runInCall<R>(chain: readonly string[], call: string, run: () => R): R {
  return storage.run([...chain, call], run);
}
