/**
 * @file What a source of an exchange gives: a run, all its pieces in one file of the worker that
 * made it. The value is the description only; the bytes stay where they were written, for as long
 * as the worker has the value.
 */
import { join } from "node:path";
import { registerCodec } from "../../codec/index.ts";

/** Name of the kind in descriptions of values. */
const RUN_KIND = "run";
/** Digits of an attempt's number in hex. */
const ATTEMPT_DIGITS = 12;

/** Where runs lie: the same for all that a worker makes for an exchange. */
export interface RunPlace {
  /** Where its worker serves parts of it; equal to the reader's own address: the same process. */
  readonly worker: string;
  /** Host of the worker: readers there need not ask it, they can read the file themselves. */
  readonly host: string;
  readonly folder: string;
}

export interface RunFacts extends RunPlace {
  /** Number of the source among those of the exchange. */
  readonly source: number;
  /** Task that made it, by which its worker knows it; -1 outside of engines. */
  readonly task: number;
  /** A number of 48 bits that tells this attempt, and its file, from all others. */
  readonly attempt: number;
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
  readonly folder: string;
  readonly attempt: number;
  readonly bytes: number;
  readonly index: number;
  readonly needsModules: boolean;

  constructor(facts: RunFacts) {
    this.source = facts.source;
    this.task = facts.task;
    this.worker = facts.worker;
    this.host = facts.host;
    this.folder = facts.folder;
    this.attempt = facts.attempt;
    this.bytes = facts.bytes;
    this.index = facts.index;
    this.needsModules = facts.needsModules;
  }

  /** The file. */
  get path(): string {
    return runPath(this);
  }
}

/** Where the file of a run is, which may still have to be written. */
export function runPath(of: Pick<RunFacts, "folder" | "source" | "attempt">): string {
  const attempt = of.attempt.toString(16).padStart(ATTEMPT_DIGITS, "0");
  return join(of.folder, `run-${of.source}-${attempt}`);
}

registerCodec<Run>({
  kind: RUN_KIND,
  test: (value) => value instanceof Run,
  encode: (run) => ({ meta: { ...run } satisfies RunFacts, buffers: [] }),
  decode: (meta) => new Run(meta as RunFacts),
});
