/**
 * @file The settings that arrays read, in one place, so that the rest of the folder is pure.
 */
import { parseBytes } from "../core/units.ts";

/** What arrays take from the configuration (`array.*`). */
export interface ArraySettings {
  /** `array.chunk-size`: bytes of a block chosen by "auto". */
  readonly chunkSizeBytes: number;
  /** `array.chunk-size-tolerance`: how much larger existing blocks may be and still be kept by "auto". */
  readonly chunkSizeTolerance: number;
  /** `array.rechunk.method`: how blocks are cut anew. */
  readonly rechunkMethod: "auto" | "tasks" | "exchange";
}

const DEFAULTS: ArraySettings = {
  chunkSizeBytes: parseBytes("128 MiB"),
  chunkSizeTolerance: 1.25,
  rechunkMethod: "auto",
};

/** Present settings. */
export function arraySettings(): ArraySettings {
  return DEFAULTS;
}
