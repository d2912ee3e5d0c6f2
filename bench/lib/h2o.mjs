/**
 * @file Rows like those of the h2o.ai data base benchmark, made by DuckDB from the row's number, so
 * that they are the same everywhere. Kept as Parquet in the system's temporary folder and shared
 * with the peers.
 */
import { existsSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "heddle/dataframe";

/** Groups of the columns id1, id2, id4 and id5; the others have rows / K of them. */
const K = 100;

/** A number from 0 to `count` - 1 that follows from the row and the column. */
const draw = (column, count) => `(hash(i, ${column}) % ${count})::bigint`;
const text = (column, count) => `printf('id%010d', ${draw(column, count)} + 1)`;

async function write(path, query) {
  if (existsSync(path)) return;
  // Written beside it first: an interrupted run must not leave half a file.
  const part = path.replace(".parquet", "-part.parquet");
  await sql(query).toParquet(part);
  renameSync(part, path);
}

/** Paths of the big table and of the two that it is joined with. */
export async function h2oFiles(rows) {
  const at = (name) => join(tmpdir(), `heddle-bench-${name}-${rows}.parquet`);
  const files = { rows: at("rows"), small: at("small"), medium: at("medium") };
  const many = Math.floor(rows / K);
  await write(
    files.rows,
    `select ${text(1, K)} as id1, ${text(2, K)} as id2, ${text(3, many)} as id3,
      ${draw(4, K)} + 1 as id4, ${draw(5, K)} + 1 as id5, ${draw(6, many)} + 1 as id6,
      ${draw(7, 5)} + 1 as v1, ${draw(8, 15)} + 1 as v2, ${draw(9, 1e8)} / 1e6 as v3
    from range(${rows}) as t(i)`,
  );
  await write(
    files.small,
    `select i + 1 as id4, ${draw(10, 1e8)} / 1e6 as w from range(${K}) as t(i)`,
  );
  await write(
    files.medium,
    `select i + 1 as id6, ${draw(11, 1e8)} / 1e6 as w from range(${many}) as t(i)`,
  );
  return files;
}
