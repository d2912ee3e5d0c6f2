/** @file Random numbers: NumPy's generator and seed sequences. */
export type { ChoiceOptions } from "./choice.ts";
export { type ChunkSeed, chunkSeeds, generatorOf } from "./chunk-seeds.ts";
export type { Drawn, Parameter, Size, SizeArg, SizeOptions } from "./draws.ts";
export {
  defaultRng,
  Generator,
  type IntegersDrawn,
  type StandardDrawn,
  type StandardOptions,
} from "./generator.ts";
export type { Bound, IntegersOptions } from "./integers.ts";
export { PCG64, type Pcg64State } from "./pcg64.ts";
export { type Entropy, SeedSequence, type SeedSequenceOptions } from "./seed-sequence.ts";
