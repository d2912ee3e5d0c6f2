/**
 * @file Runs V8's collector on request: memory outside of its heap puts no pressure on it, so what
 * holds such memory would be found dead much too late.
 */
import v8 from "node:v8";
import vm from "node:vm";

let runGarbageCollector: (() => void) | undefined;

/**
 * Runs a full collection now, after which weak references to dead objects are empty even within
 * this job.
 */
export function collectGarbage(): void {
  if (runGarbageCollector === undefined) {
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc") as () => void;
    const context = vm.createContext({}, { microtaskMode: "afterEvaluate" });
    const emptyJob = new vm.Script("0");
    runGarbageCollector = () => {
      emptyJob.runInContext(context);
      collect();
    };
  }
  runGarbageCollector();
}
