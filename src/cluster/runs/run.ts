/**
 * @file What a source of an exchange gives: a run, all its pieces in one file of the worker that
 * made it. The value is the description only; the bytes stay where they were written, for as long
 * as the worker has the value.
 */
import { HEADER_BYTES, registerCodec } from "../../codec/index.ts";

/** Name of the kind in descriptions of values. */
const RUN_KIND = "run";
/** How such a description begins. */
const BEGINNING = new TextEncoder().encode(JSON.stringify({ k: RUN_KIND }).slice(0, -1));

export interface RunFacts {
  /** Number of the source among those of the exchange. */
  readonly source: number;
  /** Task that made it, by which its worker knows it; -1 outside of engines. */
  readonly task: number;
  /** Where its worker serves parts of it; equal to the reader's own address: the same process. */
  readonly worker: string;
  /** Host of the worker: readers there need not ask it, they can read the file themselves. */
  readonly host: string;
  /** The file. Its name tells this attempt from all others. */
  readonly path: string;
  readonly bytes: number;
  /**
   * Where in the file its index begins: the place in the table of each destination's entries, and
   * the table's end.
   */
  readonly index: number;
  /** Whether some piece may need modules to be loaded before it can be read. */
  readonly needsModules: boolean;
}

/** A run, complete and closed. Its class is known by name without reading it (`value-kinds.ts`). */
export class Run implements RunFacts {
  readonly source: number;
  readonly task: number;
  readonly worker: string;
  readonly host: string;
  readonly path: string;
  readonly bytes: number;
  readonly index: number;
  readonly needsModules: boolean;

  constructor(facts: RunFacts) {
    this.source = facts.source;
    this.task = facts.task;
    this.worker = facts.worker;
    this.host = facts.host;
    this.path = facts.path;
    this.bytes = facts.bytes;
    this.index = facts.index;
    this.needsModules = facts.needsModules;
  }
}

registerCodec<Run>({
  kind: RUN_KIND,
  test: (value) => value instanceof Run,
  encode: (run) => ({
    meta: [
      run.source,
      run.task,
      run.worker,
      run.host,
      run.path,
      run.bytes,
      run.index,
      run.needsModules,
    ],
    buffers: [],
  }),
  decode: (meta) => {
    const [source, task, worker, host, path, bytes, index, needsModules] = meta as [
      number,
      number,
      string,
      string,
      string,
      number,
      number,
      boolean,
    ];
    return new Run({ source, task, worker, host, path, bytes, index, needsModules });
  },
});

/** Whether a value is a run, without reading its description. */
export function isRunAtRest(bytes: Uint8Array): boolean {
  return BEGINNING.every((byte, i) => bytes[HEADER_BYTES + i] === byte);
}
