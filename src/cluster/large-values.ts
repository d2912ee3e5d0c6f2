/**
 * @file A warning for calls that take large values along: each call encodes and keeps a copy of its
 * own, where one scattered value could serve them all.
 */
import { formatBytes } from "../core/units.ts";
import type { ColumnImage, GraphImage } from "../threads/graph-image.ts";

/** From here on a value is spoken of. */
export const LARGE_BYTES: number = 10 * 2 ** 20;

/** Functions of which it has been said: once is enough. */
const warned = new Set<string>();

/** What to say of the calls, if anything. */
export function largeValueWarning({ templates, segments }: GraphImage): string | undefined {
  for (const { name, call } of templates) {
    const warning = warnOnce(name, call.length, `what ${name} captures`);
    if (warning !== undefined) return warning;
  }
  for (const { name, columns } of segments) {
    // The key of a call begins with the name of its function.
    const fn = name.replace(/-[0-9a-z-]*$/, "");
    for (const column of columns) {
      const warning = warnOnce(fn, largestIn(column), `an argument of ${fn}`);
      if (warning !== undefined) return warning;
    }
  }
  return undefined;
}

function warnOnce(fn: string, bytes: number, what: string): string | undefined {
  if (bytes < LARGE_BYTES || warned.has(fn)) return undefined;
  warned.add(fn);
  return (
    `${what} takes ${formatBytes(bytes)}, and is copied for every such call. Put it into the ` +
    "engine once and pass the future: const data = client.scatter(value); " +
    "client.submit(fn, data). Or let the task read or make it."
  );
}

/** The largest entry: numbers beside each other are small, however many there are. */
function largestIn(column: ColumnImage): number {
  if (column.kind === "number") return 0;
  const { offsets, bytes } = column;
  if (bytes.length < LARGE_BYTES) return 0;
  let largest = 0;
  for (let i = 1; i < offsets.length; i++) {
    largest = Math.max(largest, (offsets[i] as number) - (offsets[i - 1] as number));
  }
  return largest;
}
