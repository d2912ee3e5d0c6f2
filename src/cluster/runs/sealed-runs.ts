/**
 * @file All runs of an exchange, as one value: what stands between its sources and its
 * destinations, so that it takes n + m edges. Columns of numbers, so that a thousand of them are
 * read at once: each destination does.
 */
import { registerCodec } from "../../codec/index.ts";
import { HeddleError } from "../../core/errors.ts";
import { Run, type RunPlace } from "./run.ts";

/** Place, task, attempt, bytes, index, and whether it needs modules. */
const COLUMNS = 6;

export class SealedRuns {
  readonly #places: readonly RunPlace[];
  readonly #numbers: Float64Array;

  constructor(places: readonly RunPlace[], numbers: Float64Array) {
    this.#places = places;
    this.#numbers = numbers;
  }

  get places(): readonly RunPlace[] {
    return this.#places;
  }

  get numbers(): Float64Array {
    return this.#numbers;
  }

  /** One for each source, in order. */
  *[Symbol.iterator](): Generator<Run> {
    const count = this.#numbers.length / COLUMNS;
    for (let source = 0; source < count; source++) {
      const start = source * COLUMNS;
      const [place = 0, task = -1, attempt = 0, bytes = 0, index = 0, modules = 0] =
        this.#numbers.subarray(start, start + COLUMNS);
      const { worker, host, folder } = this.#places[place] as RunPlace;
      const needsModules = modules === 1;
      yield new Run({ source, task, worker, host, folder, attempt, bytes, index, needsModules });
    }
  }
}

/** Puts the runs of an exchange together; throws when one stands in the place of another. */
export function sealedRuns(runs: readonly Run[], exchange: string): SealedRuns {
  const places: RunPlace[] = [];
  const numbers = new Float64Array(runs.length * COLUMNS);
  runs.forEach((run, source) => {
    if (run.source !== source) {
      throw new HeddleError(
        "InvariantViolated",
        `exchange ${exchange} has the run of source ${run.source} in place of that of ${source}`,
      );
    }
    const { task, attempt, bytes, index, needsModules } = run;
    const place = placeOf(places, run);
    numbers.set([place, task, attempt, bytes, index, needsModules ? 1 : 0], source * COLUMNS);
  });
  return new SealedRuns(places, numbers);
}

function placeOf(places: RunPlace[], { worker, host, folder }: RunPlace): number {
  const at = places.findIndex((place) => place.worker === worker && place.folder === folder);
  return at >= 0 ? at : places.push({ worker, host, folder }) - 1;
}

registerCodec<SealedRuns>({
  kind: "runs",
  test: (value) => value instanceof SealedRuns,
  encode: ({ places, numbers }) => ({
    meta: places,
    buffers: [new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)],
  }),
  decode: (meta, [bytes]) => {
    // A copy: the value may be let go of while a generator still reads it.
    const numbers = new Float64Array((bytes as Uint8Array).slice().buffer);
    return new SealedRuns(meta as RunPlace[], numbers);
  },
});
