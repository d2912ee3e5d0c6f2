/**
 * @file How much plans are thought to give, from what the footers of Parquet files, the lengths of
 * other files and tables in memory say; and whether that is more than one query should take.
 */
import { currentLimits, type EngineLimits } from "../../cluster/limits.ts";
import { tableBytesOf } from "../../cluster/table-share.ts";
import { config } from "../../config/config.ts";
import type { TaskRef } from "../../core/graph.ts";
import type { Field } from "../../table/types.ts";
import { inputsOf, type Plan, type PlanSize, type ScanPlan } from "../plan.ts";
import { schemaOf } from "../schema.ts";
import { bytesOfType } from "./exchange.ts";
import { bytesOfTask } from "./held-sizes.ts";

const MIB = 2 ** 20;
/** A partition should take this part of what the table engine has, within the limits below. */
const PARTITION_SHARE = 1 / 8;
const PARTITION_BYTES_MIN = 4 * MIB;
const PARTITION_BYTES_MAX = 256 * MIB;
/** Where nothing is known of the workers' memory. */
const MEMORY_BYTES = 2048 * MIB;
/** What compressed text grows to, about. */
const UNZIPPED = 5;
/** Partitions for each worker, at least. */
const PARTITIONS_PER_WORKER = 4;
/** A join's smaller side is sent to all when it takes at most this part of a partition. */
const BROADCAST_SHARE = 0.5;

/** How a plan is cut. */
export interface Sizing {
  readonly workers: number;
  /** Bytes of rows that a partition should have. */
  readonly partitionBytes: number;
  readonly broadcastBytes: number;
}

/** Whether and how a plan is cut into partitions; undefined: it runs as one query. */
export function sizingOf(plan: Plan): Sizing | undefined {
  const mode = config.get("dataframe.fragment");
  if (mode === "single") return undefined;
  const now = currentLimits();
  const limits = now?.planned ?? now;
  const known = limits?.workerCount ?? 1;
  if (mode === "auto" && known === 1) return undefined;
  // Where nothing is known of the workers, one is planned for: there are enough partitions.
  const workers = Math.max(1, known);
  const tableBytes = tableBytesOfWorker(limits, workers);
  if (mode === "auto" && sumOfSources(plan).bytes <= tableBytes) return undefined;
  const wanted = Math.min(PARTITION_BYTES_MAX, tableBytes * PARTITION_SHARE);
  const partitionBytes = Math.max(PARTITION_BYTES_MIN, wanted);
  const broadcastBytes = partitionBytes * BROADCAST_SHARE;
  return { workers, partitionBytes, broadcastBytes };
}

/** What the table engine of each worker may take. */
function tableBytesOfWorker(limits: EngineLimits | undefined, workers: number): number {
  const memoryBytes = (limits?.memoryLimitBytes || MEMORY_BYTES * workers) / workers;
  // The embedded engine's limit is for values alone.
  if (limits?.workerCount === undefined) return tableBytesOf(memoryBytes);
  const ofValues = memoryBytes * (config.get("worker.memory.target") || 1);
  return tableBytesOf(ofValues, memoryBytes);
}

/** Into how many partitions rows of this size go. */
export function partitionCount({ bytes }: PlanSize, sizing: Sizing): number {
  const least = sizing.workers * PARTITIONS_PER_WORKER;
  return Math.min(4096, Math.max(least, Math.ceil(bytes / sizing.partitionBytes)));
}

/** What all files and tables give that a plan reads. */
function sumOfSources(plan: Plan): PlanSize {
  if (plan.kind === "scan" || plan.kind === "input") return sizeOf(plan);
  return added(inputsOf(plan).map(sumOfSources));
}

/** At most what the plan gives, as far as that is known. */
export function sizeOf(plan: Plan): PlanSize {
  switch (plan.kind) {
    case "scan":
      return sizeOfScan(plan);
    case "input":
      if (plan.table !== undefined) return { rows: plan.table.length, bytes: plan.table.nbytes };
      return plan.size ?? sizeOfRefs(plan.refs ?? [], schemaOf(plan));
    case "join": {
      const [left, right] = [sizeOf(plan.left), sizeOf(plan.right)];
      if (plan.how === "semi" || plan.how === "anti") return left;
      if (plan.how !== "cross") return added([left, right]);
      return { rows: left.rows * right.rows, bytes: left.bytes * right.rows };
    }
    case "aggregate":
      return plan.keys.length === 0 ? { rows: 1, bytes: 100 } : sizeOf(plan.input);
    case "limit": {
      const { rows, bytes } = sizeOf(plan.input);
      const kept = Math.min(rows, plan.count);
      return { rows: kept, bytes: rows === 0 ? 0 : (bytes * kept) / rows };
    }
    default:
      return added(inputsOf(plan).map(sizeOf));
  }
}

function added(sizes: readonly PlanSize[]): PlanSize {
  return {
    rows: sizes.reduce((sum, { rows }) => sum + rows, 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Bytes of a row, about. */
function widthOf(fields: readonly Field[]): number {
  return Math.max(
    1,
    fields.reduce((sum, { type }) => sum + bytesOfType(type), 0),
  );
}

/** Partitions that users have made: futures' sizes may be known. */
function sizeOfRefs(refs: readonly TaskRef[], fields: readonly Field[]): PlanSize {
  const bytes = refs.reduce((sum, { layer }) => sum + bytesOfTask(layer), 0);
  return { rows: Math.ceil(bytes / widthOf(fields)), bytes };
}

function sizeOfScan(plan: ScanPlan): PlanSize {
  const width = widthOf(schemaOf(plan));
  const { source } = plan;
  if (source.options.format === "parquet") {
    const rows = source.partitions().reduce((sum, range) => sum + rowsOf(range), 0);
    return { rows, bytes: rows * width };
  }
  const bytes = source.files.reduce((sum, file) => {
    return sum + file.bytes * (/\.(gz|zst)$/.test(file.path) ? UNZIPPED : 1);
  }, 0);
  return { rows: Math.ceil(bytes / width), bytes };
}

/** Rows of a range; 0 where it does not say. */
export function rowsOf(range: { readonly firstRow?: number; readonly lastRow?: number }): number {
  if (range.firstRow === undefined || range.lastRow === undefined) return 0;
  return range.lastRow - range.firstRow + 1;
}
