/**
 * @file The settings that arrays read, in one place, so that the rest of the folder is pure.
 */
import { availableParallelism, totalmem } from "node:os";
import { currentLimits, type EngineLimits } from "../cluster/limits.ts";
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
  /** `array.rechunk.method`: how blocks are cut anew. */
  readonly rechunkMethod: "auto" | "tasks" | "exchange";
  /**
   * `array.rechunk.threshold`: how many times more edges than blocks a rechunk may have, once there
   * are many.
   */
  readonly rechunkThreshold: number;
  /** Bytes of results that the engine in use may hold; without a client, by the configuration. */
  readonly memoryBytes: number;
  /** Tasks that run at a time. */
  readonly threads: number;
  /** `array.svg.size`: longest side of a drawing, in pixels. */
  readonly svgSize: number;
}

/** Share of the machine's memory that an engine takes when nothing is configured. */
const DEFAULT_MEMORY_SHARE = 0.6;

/** Present settings. */
export function arraySettings(): ArraySettings {
  const { memoryLimitBytes, threads } = currentLimits() ?? configuredLimits();
  return {
    rechunkMethod: config.get("array.rechunk.method"),
    rechunkThreshold: config.get("array.rechunk.threshold"),
    memoryBytes: memoryLimitBytes,
    threads,
    chunkSizeBytes: config.get("array.chunk-size"),
    chunkSizeTolerance: config.get("array.chunk-size-tolerance"),
    svgSize: config.get("array.svg.size"),
  };
}

function configuredLimits(): EngineLimits {
  const memory = config.get("worker.memory.limit");
  const threads = config.get("worker.threads");
  return {
    memoryLimitBytes: memory === "auto" ? totalmem() * DEFAULT_MEMORY_SHARE : memory,
    threads: threads === "auto" ? availableParallelism() : threads,
  };
}
