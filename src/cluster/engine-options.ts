/**
 * @file How an engine is set up: what the caller asks for, else what the configuration says, else
 * what the machine has.
 */
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { config } from "../config/config.ts";
import { processFolder } from "../config/process-folder.ts";
import { HeddleError } from "../core/errors.ts";
import { formatBytes, parseBytes } from "../core/units.ts";
import { INTERRUPT_CELL_BYTES } from "../table/interrupt.ts";
import { checkPath, checkResources, checkWhole, refuseGiven } from "./check-given.ts";
import type { EngineSettings } from "./engine-settings.ts";
import { textOf } from "./given.ts";
import { THREADS_MAX } from "./worker-shape.ts";

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
/** Virtual memory allows more than the machine has, but not much more. */
const MEMORY_SHARE_MAX = 4;
const MEMORY_LIMIT_MIN = 2 ** 20;
/** Share of the machine's memory for the V8 heaps of all task threads together. */
const THREAD_HEAPS_SHARE = 0.25;
const THREAD_HEAP_MIN_MB = 256;
/** Share of the memory limit for the young objects of all task threads together. */
const THREAD_YOUNG_SHARE = 1 / 8;
/** Less makes collections frequent; more is what V8 takes anyway. */
const THREAD_YOUNG_MIN_MB = 12;
const THREAD_YOUNG_MAX_MB = 48;
const MIB = 2 ** 20;

/** What an engine with these options starts with; configuration and the machine give the rest. */
export function initFrom(options: EngineOptions): EngineSettings {
  const wanted = options.threads ?? config.get("worker.threads");
  const threads = wanted === "auto" ? availableParallelism() : wanted;
  checkThreads(threads);
  checkResources("resources", options.resources);
  checkWhole("threadHeapMb", options.threadHeapMb, 1);
  if (options.localDirectory !== undefined) checkPath("localDirectory", options.localDirectory);
  const limit = options.memoryLimit ?? config.get("worker.memory.limit");
  const directory = options.localDirectory ?? config.get("temporary-directory") ?? tmpdir();
  const memoryLimitBytes =
    limit === "auto" ? Math.floor(totalmem() * DEFAULT_MEMORY_SHARE) : bytesOf(limit);
  checkMemoryLimit(memoryLimitBytes, limit);
  return {
    threads,
    configuration: config.serialize(),
    memoryLimitBytes,
    spillDirectory: join(directory, processFolder()),
    interruptCell: new SharedArrayBuffer(INTERRUPT_CELL_BYTES),
    allowedFailures: config.get("scheduler.allowed-failures"),
    validate: options.validate ?? config.get("worker.validate"),
    resources: options.resources ?? config.get("worker.resources"),
    ...threadHeaps(options, memoryLimitBytes, threads),
  };
}

/** NaN and negative numbers reach the check of the limit, which says what is allowed. */
function bytesOf(limit: unknown): number {
  if (typeof limit === "number") return limit;
  if (typeof limit === "string") return parseBytes(limit);
  return refuseGiven("memoryLimit", limit, 'a number of bytes, or a text such as "8GB"');
}

function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= THREADS_MAX) return;
  throw new HeddleError(
    "InvalidArgument",
    `threads is ${textOf(threads)}; an engine needs at least 1 and takes at most ${THREADS_MAX}. ` +
      'Use scheduler: "sync" to run without threads.',
    { fields: { threads } },
  );
}

/** Less cannot hold one task's values; more than the machine has would never stop anything. */
function checkMemoryLimit(bytes: number, given: number | string): void {
  const most = MEMORY_SHARE_MAX * totalmem();
  if (bytes >= MEMORY_LIMIT_MIN && bytes <= most) return;
  throw new HeddleError(
    "InvalidArgument",
    `memoryLimit is ${typeof given === "number" ? given : `"${given}"`}; it must lie between ` +
      `${formatBytes(MEMORY_LIMIT_MIN)} and ${formatBytes(most)}, ${MEMORY_SHARE_MAX} times what ` +
      `this machine has. Leave it out for ${DEFAULT_MEMORY_SHARE * 100} % of the machine.`,
    { fields: { memoryLimit: bytes } },
  );
}

/**
 * V8's heaps lie outside the memory limit, but follow it: old objects up to the limit itself, young
 * ones, which V8 collects only when their space is full, up to an eighth of it in all.
 */
function threadHeaps(
  { threadHeapMb }: EngineOptions,
  memoryLimitBytes: number,
  threads: number,
): Pick<EngineSettings, "threadHeapMb" | "threadYoungMb"> {
  const limitMb = memoryLimitBytes / MIB;
  const shareMb = Math.min((THREAD_HEAPS_SHARE * totalmem()) / threads / MIB, limitMb);
  const youngMb = Math.max(THREAD_YOUNG_MIN_MB, (THREAD_YOUNG_SHARE * limitMb) / threads);
  return {
    threadHeapMb: threadHeapMb ?? Math.max(THREAD_HEAP_MIN_MB, Math.floor(shareMb)),
    threadYoungMb: Math.min(THREAD_YOUNG_MAX_MB, Math.floor(youngMb)),
  };
}
