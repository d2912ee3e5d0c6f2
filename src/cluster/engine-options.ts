/**
 * @file How an engine is set up: what the caller asks for, else what the configuration says, else
 * what the machine has.
 */
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { parseBytes } from "../core/units.ts";
import { nodeCrypto } from "../functions/crypto.ts";
import { INTERRUPT_CELL_BYTES } from "../table/interrupt.ts";
import type { EngineInit } from "./messages.ts";

/** How an engine is set up; undefined means the default. */
export interface EngineOptions {
  /** Task threads; default: the cores this process may use. */
  readonly threads?: number | undefined;
  /** Memory for values and running tasks; default 60 % of the machine's. */
  readonly memoryLimit?: number | string | undefined;
  readonly resources?: Readonly<Record<string, number>> | undefined;
  /** Where spilled values go; default a folder of its own in the system's temporary folder. */
  readonly localDirectory?: string | undefined;
  /** Checks invariants and poisons freed memory; default false. */
  readonly validate?: boolean | undefined;
  /**
   * V8 heap of each task thread in MiB; default a quarter of the machine's memory divided by the
   * threads, but no more than the memory limit, and at least 256.
   */
  readonly threadHeapMb?: number | undefined;
}

const DEFAULT_MEMORY_SHARE = 0.6;
/** Share of the machine's memory for the V8 heaps of all task threads together. */
const THREAD_HEAPS_SHARE = 0.25;
const THREAD_HEAP_MIN_MB = 256;
/** Share of the memory limit for the young objects of all task threads together. */
const THREAD_YOUNG_SHARE = 1 / 8;
/** Less makes collections frequent; more is what V8 takes anyway. */
const THREAD_YOUNG_MIN_MB = 12;
const THREAD_YOUNG_MAX_MB = 48;
const MIB = 2 ** 20;

/** How the control thread is started, without what ties it to who starts it. */
export type EngineSettings = Omit<EngineInit, "output">;

/** What an engine with these options starts with; configuration and the machine give the rest. */
export function initFrom(options: EngineOptions): EngineSettings {
  const wanted = options.threads ?? config.get("worker.threads");
  const threads = wanted === "auto" ? availableParallelism() : wanted;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new HeddleError(
      "InvalidArgument",
      `threads is ${threads}; an engine needs at least 1. Use scheduler: "sync" to run without threads.`,
    );
  }
  const limit = options.memoryLimit ?? config.get("worker.memory.limit");
  const directory = options.localDirectory ?? config.get("temporary-directory") ?? tmpdir();
  const memoryLimitBytes =
    limit === "auto" ? Math.floor(totalmem() * DEFAULT_MEMORY_SHARE) : parseBytes(limit);
  return {
    threads,
    configuration: config.serialize(),
    memoryLimitBytes,
    spillDirectory: join(
      directory,
      `heddle-${process.pid}-${nodeCrypto().randomBytes(4).toString("hex")}`,
    ),
    interruptCell: new SharedArrayBuffer(INTERRUPT_CELL_BYTES),
    allowedFailures: config.get("scheduler.allowed-failures"),
    validate: options.validate ?? config.get("worker.validate"),
    resources: options.resources ?? config.get("worker.resources"),
    ...threadHeaps(options, memoryLimitBytes, threads),
  };
}

/**
 * V8's heaps lie outside the memory limit, but follow it: old objects up to the limit itself, young
 * ones, which V8 collects only when their space is full, up to an eighth of it in all.
 */
function threadHeaps(
  { threadHeapMb }: EngineOptions,
  memoryLimitBytes: number,
  threads: number,
): Pick<EngineInit, "threadHeapMb" | "threadYoungMb"> {
  const limitMb = memoryLimitBytes / MIB;
  const shareMb = Math.min((THREAD_HEAPS_SHARE * totalmem()) / threads / MIB, limitMb);
  const youngMb = Math.max(THREAD_YOUNG_MIN_MB, (THREAD_YOUNG_SHARE * limitMb) / threads);
  return {
    threadHeapMb: threadHeapMb ?? Math.max(THREAD_HEAP_MIN_MB, Math.floor(shareMb)),
    threadYoungMb: Math.min(THREAD_YOUNG_MAX_MB, Math.floor(youngMb)),
  };
}
