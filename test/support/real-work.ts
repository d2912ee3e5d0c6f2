/**
 * @file What the tasks of a real graph do on simulated workers: inputs are decoded from bytes and
 * values encoded to bytes, as in every engine; each worker has a folder of its own.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { GraphCalls } from "../../src/cluster/graph-calls.ts";
import type { TaskObserver } from "../../src/cluster/watch.ts";
import { decodeValue, encodeValue, prepareValue } from "../../src/codec/index.ts";
import { isHeddleError } from "../../src/core/errors.ts";
import type { TaskGraph } from "../../src/core/task-graph.ts";
import type { SimOutcome, SimWork } from "../../src/testing/sim-work.ts";
import { setScratch } from "../../src/threads/scratch.ts";

/** The tasks of `graph`; what they write goes to folders in `folder`, one for each worker. */
export class RealWork implements SimWork {
  readonly #calls: GraphCalls;
  readonly #folder: string;
  readonly #observer: TaskObserver | undefined;
  readonly #told = new Set<number>();

  constructor(graph: TaskGraph, folder: string, observer: TaskObserver | undefined) {
    this.#calls = new GraphCalls(graph);
    this.#folder = folder;
    this.#observer = observer;
  }

  async run(worker: number, local: number, inputs: readonly Uint8Array[]): Promise<SimOutcome> {
    const isFirst = !this.#told.has(local);
    this.#told.add(local);
    if (isFirst) this.#observer?.began(local);
    const startMs = performance.now();
    setScratch(() => this.#folderOf(worker));
    try {
      const values: unknown[] = [];
      for (const bytes of inputs) values.push(await decoded(bytes));
      const value = await this.#calls.call(local, (index) => values[index]);
      const encoded = encode(value);
      if (isFirst) this.#observer?.ended(local, { value, elapsedMs: performance.now() - startMs });
      return { encoded };
    } catch (error) {
      if (isHeddleError(error, "Reschedule")) return { isPutOff: true };
      if (isFirst) this.#observer?.ended(local, { error, elapsedMs: performance.now() - startMs });
      return { error };
    }
  }

  /** The worker has died, with all that it had written. */
  forget(worker: number): void {
    rmSync(this.#folderOf(worker), { recursive: true, force: true });
  }

  #folderOf(worker: number): string {
    return join(this.#folder, `worker-${worker}`);
  }
}

/** The value of bytes at rest. */
export async function decoded(bytes: Uint8Array): Promise<unknown> {
  await prepareValue(bytes);
  return decodeValue(bytes);
}

function encode(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}
