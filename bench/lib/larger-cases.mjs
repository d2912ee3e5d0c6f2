/**
 * @file What the benchmarks of data larger than memory compute: each case gives true when its
 * result is right.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const MIB = 2 ** 20;
/** Bytes of a row of the frames, of which there are two. */
const ROW_BYTES = 32;
/** What an item of the bag takes as JSON, about; as an object it takes more. */
const ITEM_BYTES = 320;
const FILES = 8;

/** Imports modules of the build in a folder. */
export const loader = (lib) => (path) => import(pathToFileURL(join(resolve(lib), path)).href);

/**
 * The cases by name, of data of so many bytes. Those of frames read files of
 * {@link writeFrames} in `folder`. With `keep`, the array is persisted first, so that what does not
 * fit goes to disk and comes back.
 */
export function largerCases({ load, dataBytes, folder, keep = false }) {
  /** Side of a square float64 array of this many bytes, a multiple of 64. */
  const side = Math.ceil(Math.sqrt(dataBytes / 8) / 64) * 64;
  const rows = rowsOf(dataBytes);
  return {
    "x + x.T": () => addTransposed(load, side, keep),
    "rechunk rows to columns": () => rowsToColumns(load, side),
    "bag groupby": () => groupBag(load, dataBytes),
    "frame join": () => joinFrames(load, join(folder, "join"), rows),
    "frame groupby": () => groupFrame(load, join(folder, "rows"), rows),
    "frame sorted groups": () => sortGroups(load, join(folder, "rows"), rows),
    "frame quantiles": () => quantiles(load, join(folder, "rows"), rows),
  };
}

async function addTransposed(load, side, keep) {
  const da = await load("array/index.js");
  const drawn = da.random.defaultRng(1).random([side, side], { chunks: side / 16 });
  const x = keep ? await drawn.persist() : drawn;
  const [total, single] = [await x.add(x.T).sum().compute(), await x.sum().compute()];
  return Math.abs(total - 2 * single) < 1e-6 * total;
}

async function rowsToColumns(load, side) {
  const da = await load("array/index.js");
  const strip = side / 64;
  const rows = da.random.defaultRng(1).random([side, side], { chunks: [strip, side] });
  const columns = rows.rechunk([side, strip]);
  const [sums, total] = [await columns.sum({ axis: 0 }).compute(), await rows.sum().compute()];
  const again = sums.toArray().reduce((a, b) => a + b, 0);
  return Math.abs(again - total) < 1e-9 * total;
}

async function groupBag(load, dataBytes) {
  const { range } = await load("bag/index.js");
  const count = Math.round(dataBytes / ITEM_BYTES);
  const text = "The quick brown fox jumps over the lazy dog. ".repeat(8);
  const npartitions = Math.max(100, Math.ceil(dataBytes / (8 * MIB)));
  const items = range(count, { npartitions }).map((i) => ({
    id: i,
    key: (i * 7919) % 1000,
    words: ["some", "words", `of item ${i}`],
    note: text.slice(i % 100, (i % 100) + 220),
    place: { x: i % 360, y: i % 180 },
  }));
  const groups = items.groupby("key", { npartitions }).map(([key, list]) => [key, list.length]);
  const sizes = await groups.compute();
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  return sizes.length === 1000 && total === count;
}

/** Rows of each of the two frames. */
const rowsOf = (dataBytes) => Math.round(dataBytes / (2 * ROW_BYTES));

async function joinFrames(load, folder, rows) {
  const { readParquet } = await load("dataframe/index.js");
  const left = readParquet(join(folder, "left-*.parquet"));
  const right = readParquet(join(folder, "right-*.parquet"));
  const joined = left.merge(right, { on: "id" });
  const [row] = await joined
    .agg((r) => ({
      n: r.id.count(),
      away: r.a.sub(r.b).abs().max(),
      // Columns that only travel.
      x: r.xleft.add(r.xright).max(),
      y: r.yleft.add(r.yright).min(),
    }))
    .toRecords();
  return row.n === rows && row.away === 0 && row.x > 0 && row.y > 0;
}

/** As many groups as a frame has rows, and all values of a group are needed at once. */
function groupsOf(frame) {
  return frame.groupby("id").agg((r) => ({
    n: r.id.size(),
    distinct: r.x.nunique(),
    most: r.y.max(),
  }));
}

async function groupFrame(load, folder, rows) {
  const { readParquet } = await load("dataframe/index.js");
  const [row] = await groupsOf(readParquet(join(folder, "*.parquet")))
    .agg((r) => ({
      n: r.n.sum(),
      groups: r.id.count(),
      distinct: r.distinct.sum(),
      y: r.most.max(),
    }))
    .toRecords();
  return row.n === 2 * rows && row.groups === rows && row.distinct === row.n && row.y > 0;
}

/** The order of the groups is asked for: they are sorted. */
async function sortGroups(load, folder, rows) {
  const { readParquet } = await load("dataframe/index.js");
  const [row] = await groupsOf(readParquet(join(folder, "*.parquet")))
    .agg((r) => ({
      first: r.id.first(),
      last: r.id.last(),
      groups: r.id.count(),
      distinct: r.distinct.sum(),
      y: r.most.max(),
    }))
    .toRecords();
  const isWhole = row.groups === rows && row.distinct === 2 * rows && row.y > 0;
  return isWhole && row.first === 0 && row.last === rows - 1;
}

/** Quantiles, correlation and the number of distinct values of all rows. */
async function quantiles(load, folder, rows) {
  const { readParquet } = await load("dataframe/index.js");
  const [row] = await readParquet(join(folder, "*.parquet"))
    .agg((r) => ({
      middle: r.id.median(),
      low: r.x.quantile(0.25),
      related: r.x.corr(r.i),
      distinct: r.id.nunique(),
    }))
    .toRecords();
  const middle = (rows - 1) / 2;
  // x is half of i, which counts through each frame's rows.
  return (
    row.middle === middle &&
    Math.abs(row.low - middle / 4) < 1 &&
    Math.abs(row.related - 1) < 1e-12 &&
    row.distinct === rows
  );
}

/** Two frames of 32 bytes a row, each row of one meeting one row of the other. */
export async function writeFrames({ load, folder, dataBytes, name }) {
  const isJoin = name === "frame join";
  const own = join(folder, isJoin ? "join" : "rows");
  mkdirSync(own);
  const { TableEngine } = await load("dataframe/index.js");
  const engine = TableEngine.open({ threads: 2 });
  const session = engine.session();
  const rows = rowsOf(dataBytes);
  for (let k = 0; k < FILES; k++) {
    const [from, to] = [k, k + 1].map((at) => Math.floor((rows * at) / FILES));
    for (const [side, id, other] of [
      ["left", "i", "a"],
      ["right", `${rows} - 1 - i`, "b"],
    ]) {
      const third = isJoin ? `((${id}) * 7919 % 1000003)::DOUBLE AS ${other}` : "i";
      // One frame of all files needs columns of the same names.
      const [x, y] = isJoin ? [`x${side}`, `y${side}`] : ["x", "y"];
      session.execute(
        `COPY (SELECT ${id} AS id, ${third}, i * 0.5::DOUBLE AS ${x}, hash(i)::DOUBLE AS ${y} ` +
          `FROM range(${from}, ${to}) t(i)) ` +
          `TO '${join(own, `${side}-${k}.parquet`)}' (FORMAT parquet)`,
      );
    }
  }
  engine.close();
}

/** Figures to one decimal. */
export function rounded(figures) {
  const round = (value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value);
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)]));
}

/** A figure of a process's status, in MiB; 0 when it is gone. `field` as `VmHWM`. */
export function statusMiB(readStatus, field) {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readStatus())?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
