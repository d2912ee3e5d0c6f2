/**
 * @file The partitions in which frames are read: neighbouring row groups of a Parquet file, or
 * whole files, until there is about as much as a partition should have; slices of local tables.
 */
import type { InputPlan, Plan, ScanPlan } from "../plan.ts";
import type { PartitionRange } from "../source.ts";
import { partitionCount, rowsOf, type Sizing, sizeOf } from "./sizes.ts";

/** The files' row groups, a group of them for each partition. */
export function scanGroups(plan: ScanPlan, sizing: Sizing): PartitionRange[][] {
  const ranges = plan.source.partitions();
  const count = Math.min(ranges.length, partitionCount(sizeOf(plan), sizing));
  const { files } = plan.source;
  // Other formats do not say how many rows they have, but how long they are.
  const weight = (range: PartitionRange): number =>
    rowsOf(range) || (files[range.file]?.bytes ?? 0);
  const total = ranges.reduce((sum, range) => sum + weight(range), 0);
  const groups: PartitionRange[][] = [];
  let done = 0;
  for (const range of ranges) {
    const group = groups.at(-1);
    const due = groups.length * (total / count);
    if (group !== undefined && done < due && together(group, range)) group.push(range);
    else groups.push([range]);
    done += weight(range);
  }
  return groups;
}

/** Whether one condition can say which rows are read: those of one file, or all of several. */
function together(group: readonly PartitionRange[], range: PartitionRange): boolean {
  const [first] = group;
  return range.firstRow === undefined
    ? first?.firstRow === undefined
    : first?.file === range.file && first.firstRow !== undefined;
}

/** A local table in slices. */
export function tableSlices(plan: InputPlan, sizing: Sizing): Plan[] {
  const { table } = plan;
  if (table === undefined) return [plan];
  const count = Math.max(1, Math.min(table.length, partitionCount(sizeOf(plan), sizing)));
  const at = (i: number): number => Math.floor((table.length * i) / count);
  return Array.from({ length: count }, (_, i): Plan => {
    return { ...plan, table: table.slice(at(i), at(i + 1)) };
  });
}
