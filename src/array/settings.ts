/**
 * @file The settings that arrays read, in one place, so that the rest of the folder is pure.
 */
import { config } from "../config/config.ts";

/** What arrays take from the configuration (`array.*`). */
export interface ArraySettings {
  /** `array.chunk-size`: bytes of a block chosen by "auto". */
  readonly chunkSizeBytes: number;
  /**
   * `array.chunk-size-tolerance`: how much larger existing blocks may be and still be kept by
   * "auto".
   */
  readonly chunkSizeTolerance: number;
  /** `array.svg.size`: longest side of a drawing, in pixels. */
  readonly svgSize: number;
}

/** Present settings. */
export function arraySettings(): ArraySettings {
  return {
    chunkSizeBytes: config.get("array.chunk-size"),
    chunkSizeTolerance: config.get("array.chunk-size-tolerance"),
    svgSize: config.get("array.svg.size"),
  };
}
