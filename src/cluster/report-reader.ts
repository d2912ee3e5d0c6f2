/**
 * @file Turns the words that task threads report into events of the machines, columns at a time.
 */
import { FloatList } from "../machine/float-list.ts";
import { IdList } from "../machine/id-list.ts";
import type { WorkerEvent } from "../machine/worker/events.ts";
import { UNIT_BYTES } from "../threads/control-block.ts";
import { ERROR_PLACE, REPORT, wordMs } from "../threads/reports.ts";
import { SLAB_BYTES } from "../threads/thread-heap.ts";
import type { WireError } from "./messages.ts";
import type { ValueStore } from "./value-store.ts";
import type { WorkerReport } from "./worker-report.ts";

export class ReportReader {
  readonly #store: ValueStore;
  readonly #isRunning: (id: number) => boolean;
  readonly #ids = new IdList();
  readonly #bytes = new FloatList();
  readonly #timeIds = new IdList();
  readonly #timeCounts = new IdList();
  readonly #timeThreads = new IdList();
  readonly #timesMs = new FloatList();
  #failures: WorkerEvent[] = [];
  readonly #again = new IdList();
  readonly #givenUp = new IdList();
  /** Tasks that have begun to wait for others (1), or have gone on (0), since the last time. */
  readonly #waits = new Map<number, number>();
  /** Asynchronous tasks by thread, with the time of their beginning. */
  readonly #underWay = new Map<number, Map<number, number>>();

  constructor(store: ValueStore, isRunning: (id: number) => boolean) {
    this.#store = store;
    this.#isRunning = isRunning;
  }

  report(thread: number, kind: number, a: number, b: number, c: number): void {
    const store = this.#store;
    if (this.#underWay.size > 0 && endsTask(kind)) this.#ended(thread, a);
    switch (kind) {
      case REPORT.done:
        this.#ids.push(a);
        this.#bytes.push(0);
        return;
      case REPORT.doneExtent:
        store.keepExtent(a);
        this.#ids.push(a);
        this.#bytes.push((b >>> 0) + c * 2 ** 32);
        return;
      case REPORT.doneSlab:
        store.addToSlab(thread, a);
        this.#ids.push(a);
        this.#bytes.push(b);
        return;
      case REPORT.failed:
        this.#failed(thread, a, b);
        return;
      case REPORT.freeExtent:
        store.heap.free({ arena: a, offset: (b >>> 0) * UNIT_BYTES, bytes: 0 });
        return;
      case REPORT.openSlab:
        store.openSlab(thread, {
          arena: a,
          offset: (b >>> 0) * UNIT_BYTES,
          bytes: SLAB_BYTES,
        });
        return;
      case REPORT.closeSlab:
        store.closeSlab(thread);
        return;
      case REPORT.time:
        this.#timeIds.push(a);
        this.#timeCounts.push(b);
        this.#timeThreads.push(thread);
        this.#timesMs.push(wordMs(c));
        return;
      case REPORT.suspended:
        this.#waits.set(a, b);
        return;
      case REPORT.began: {
        const ids = this.#underWay.get(thread);
        if (ids === undefined) this.#underWay.set(thread, new Map([[a, performance.now()]]));
        else ids.set(a, performance.now());
        return;
      }
      case REPORT.again:
        this.#again.push(a);
        return;
      case REPORT.actor:
        store.keepsActor(a);
        return;
      case REPORT.givenUp:
        this.#givenUp.push(a);
        return;
    }
  }

  /** The thread's tasks that have returned a promise which is not settled. */
  underWay(thread: number): number[] {
    return [...(this.#underWay.get(thread)?.keys() ?? [])];
  }

  /** The asynchronous tasks of all threads. */
  get goingOn(): { id: number; thread: number; elapsedMs: number }[] {
    const nowMs = performance.now();
    return [...this.#underWay].flatMap(([thread, ids]) =>
      [...ids].map(([id, startMs]) => ({ id, thread, elapsedMs: nowMs - startMs })),
    );
  }

  #ended(thread: number, id: number): void {
    const ids = this.#underWay.get(thread);
    if (ids?.delete(id) === true && ids.size === 0) this.#underWay.delete(thread);
  }

  #failed(thread: number, id: number, place: number): void {
    if (place === ERROR_PLACE.none) {
      const message = noRoom(this.#store.heap.memories.length > 0);
      const error: WireError = { plain: true, code: "MemoryLimit", message };
      this.#failures.push({ kind: "failed", id, error, blame: "user" });
      return;
    }
    const encoded = this.#store.copyOf(id);
    if (place === ERROR_PLACE.extent) this.#store.keepExtent(id);
    else this.#store.addToSlab(thread, id);
    this.#store.discard(id);
    this.#failures.push({ kind: "failed", id, error: { encoded }, blame: "user" });
  }

  /** A thread died, and with it what it had begun. */
  forget(thread: number): void {
    this.#underWay.delete(thread);
  }

  /** Hands over the events collected so far. */
  take(workerEvents: WorkerEvent[], report: (report: WorkerReport) => void): void {
    if (this.#timeIds.length > 0) {
      report({
        kind: "durations",
        ids: this.#timeIds.take(),
        counts: this.#timeCounts.take(),
        meanMs: this.#timesMs.take(),
        threads: this.#timeThreads.take(),
      });
    }
    if (this.#waits.size > 0) {
      const ids = Int32Array.from(this.#waits.keys());
      workerEvents.push({ kind: "suspended", ids, waits: Uint8Array.from(this.#waits.values()) });
      this.#waits.clear();
    }
    if (this.#ids.length > 0) {
      workerEvents.push({
        kind: "ran",
        count: this.#ids.length,
        ids: this.#ids.take(),
        bytes: this.#bytes.take(),
      });
    }
    if (this.#givenUp.length > 0) {
      workerEvents.push({ kind: "taken-back", ids: this.#givenUp.take() });
    }
    if (this.#again.length > 0) {
      const ids = this.#again.take().filter((id) => this.#isRunning(id));
      workerEvents.push({ kind: "unstarted", ids });
    }
    for (const failure of this.#failures.splice(0)) {
      if (failure.kind === "failed" && this.#isRunning(failure.id)) workerEvents.push(failure);
    }
  }
}

function endsTask(kind: number): boolean {
  return (
    kind === REPORT.done ||
    kind === REPORT.doneExtent ||
    kind === REPORT.doneSlab ||
    kind === REPORT.failed ||
    kind === REPORT.again ||
    kind === REPORT.givenUp
  );
}

/** Why there was no room for a task's result, nor for its error. */
function noRoom(hasMemory: boolean): string {
  if (hasMemory) {
    return "neither the task's result nor its error found room in the engine's memory";
  }
  if (!("WebAssembly" in globalThis)) {
    return (
      "the engine has no memory for results: this process has no WebAssembly, whose shared memory " +
      "they lie in. Start node without --jitless."
    );
  }
  return (
    "the engine has no memory for results: the system refused its reservation of address space, " +
    "which takes no memory by itself. Raise the limit of this process (ulimit -v), or start node " +
    "with --disable-wasm-trap-handler, which needs 10 GiB less."
  );
}
