/**
 * @file Runs V8's collector on request: memory outside of its heap puts no pressure on it, so what
 * holds such memory would be found dead much too late.
 */
import v8 from "node:v8";
import vm from "node:vm";

let collect: ((options?: { readonly type: "minor" }) => void) | undefined;
let forget: (() => void) | undefined;

function open(): NonNullable<typeof collect> {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as NonNullable<typeof collect>;
}

/** Makes V8 forget which weak references the current job has looked at. */
function forgetting(): () => void {
  const context = vm.createContext({}, { microtaskMode: "afterEvaluate" });
  const emptyJob = new vm.Script("0");
  return () => {
    emptyJob.runInContext(context);
  };
}

/**
 * Runs a full collection now, after which weak references to dead objects are empty even within
 * this job.
 */
export function collectGarbage(): void {
  collect ??= open();
  forget ??= forgetting();
  forget();
  collect();
}

/** Collects what has died young, which takes much less time. */
export function collectYoung(): void {
  collect ??= open();
  collect({ type: "minor" });
}
