/**
 * @file Routing rows by content: one 64-bit hash per row over its key columns, and the rows grouped
 * by destination. Equal values give equal hashes in every process and in every width of their
 * dtype; version 1 of the exchange hash.
 */
import { kindOf } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { NDArray } from "../ndarray.ts";
import { arrayKernels, DTYPE_CODE } from "./kernels.ts";
import { contiguous, emptyArray, runKernel } from "./operands.ts";

/** A column of byte strings: `offsets[i]` to `offsets[i + 1]` of `bytes` is row i. */
export interface StringColumn {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** Rows grouped by destination. */
export interface Groups {
  /** Rows for each destination (uint32). */
  readonly counts: NDArray<"uint32">;
  /** Row numbers (uint32), destination by destination, each group in the original order. */
  readonly order: NDArray<"uint32">;
}

/** The hash (uint64) of each of `rows` rows over its key columns. */
export function hashRows(
  columns: readonly (NDArray | StringColumn)[],
  rows: number,
): NDArray<"uint64"> {
  const hashes = emptyArray("uint64", [rows]);
  hashes.storage.values.fill(0n as never);
  for (const column of columns) {
    if (column instanceof NDArray) hashArray(column, hashes);
    else hashStrings(column, hashes);
  }
  return hashes;
}

function hashArray(column: NDArray, hashes: NDArray<"uint64">): void {
  const rows = hashes.size;
  const complex = kindOf(column.dtype) === "c";
  if (column.size !== rows) {
    throw new HeddleError(
      "InvalidShape",
      `A key column of ${column.size} rows was given for a table of ${rows} rows.`,
    );
  }
  const parts = complex ? [column.real, column.imag] : [column];
  for (const part of parts) {
    const source = contiguous(part as NDArray);
    runKernel([source], [hashes], 0, ({ memory, inputs, outputs }) => {
      const [at, out] = [inputs[0] as number, outputs[0] as number];
      arrayKernels(memory).hashValues(DTYPE_CODE[source.dtype] as number, at, rows, out);
    });
  }
}

function hashStrings(column: StringColumn, hashes: NDArray<"uint64">): void {
  const offsets = new NDArray(column.offsets);
  const bytes = new NDArray(column.bytes);
  runKernel([offsets, bytes], [hashes], 0, ({ memory, inputs, outputs }) => {
    const [at, from] = inputs as [number, number];
    arrayKernels(memory).hashStrings(at, from, hashes.size, outputs[0] as number);
  });
}

/** Groups rows by the destination (of `parts`) that their hash chooses. */
export function groupByHash(hashes: NDArray<"uint64">, parts: number): Groups {
  const source = contiguous(hashes);
  const { size } = source;
  const specs = [
    { dtype: "uint32" as const, shape: [parts] },
    { dtype: "uint32" as const, shape: [size] },
  ];
  const [counts, order] = runKernel([source], specs, size * 4, (placed) => {
    const [at] = placed.inputs as [number];
    const [countsAt, orderAt] = placed.outputs as [number, number];
    arrayKernels(placed.memory).groupByHash(at, size, parts, placed.scratch, countsAt, orderAt);
  });
  return { counts, order } as Groups;
}
