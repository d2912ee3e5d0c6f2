/**
 * @file Seeds for the chunks of a distributed array, as Dask makes them: child i of the generator's
 * seed sequence seeds chunk i, so `da.random.default_rng(seed)` with the same chunks gives the same
 * numbers there and here, on any number of workers. A seed is plain data and travels in a task's
 * columns.
 */
import { Generator } from "./generator.ts";
import { PCG64 } from "./pcg64.ts";
import { type Entropy, SeedSequence } from "./seed-sequence.ts";

/** A seed sequence as plain data. */
export interface ChunkSeed {
  readonly entropy: Entropy;
  readonly spawnKey: readonly number[];
}

/**
 * The seeds of `count` chunks. A generator gives further children at every call, as in Dask; a
 * plain seed always the same first ones.
 *
 * @example
 * import { chunkSeeds, generatorOf } from "heddle/ndarray";
 * const [first] = chunkSeeds(42, 4);
 * if (first !== undefined) console.log(generatorOf(first).random()); // 0.9167441575549085
 */
export function chunkSeeds(
  seed: Entropy | SeedSequence | Generator | undefined,
  count: number,
): ChunkSeed[] {
  const sequence =
    seed instanceof Generator
      ? seed.bitGenerator.seedSequence
      : seed instanceof SeedSequence
        ? seed
        : new SeedSequence(seed);
  return sequence.spawn(count).map(({ entropy, spawnKey }) => ({ entropy, spawnKey }));
}

/** The generator of one chunk. */
export function generatorOf(seed: ChunkSeed): Generator {
  const sequence = new SeedSequence(seed.entropy, { spawnKey: seed.spawnKey });
  return new Generator(new PCG64(sequence));
}
