import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import { TableEngine } from "../../../src/table/engine.ts";
import { Table } from "../../../src/table/table.ts";

const engine = TableEngine.open({ threads: 2 });
afterAll(() => engine.close());

/** What the query throws. */
function failure(sql: string): { code: string; message: string } {
  try {
    engine.query(sql);
  } catch (error) {
    if (isHeddleError(error)) return error;
    throw error;
  }
  throw new Error(`no error: ${sql}`);
}

describe("values out of the engine", () => {
  test.each([
    ["true", "bool", true],
    ["(-128)::TINYINT", "int8", -128],
    ["(-32768)::SMALLINT", "int16", -32768],
    ["42", "int32", 42],
    ["9007199254740991::BIGINT", "int64", Number.MAX_SAFE_INTEGER],
    ["255::UTINYINT", "uint8", 255],
    ["65535::USMALLINT", "uint16", 65535],
    ["4294967295::UINTEGER", "uint32", 4294967295],
    ["1::UBIGINT", "uint64", 1],
    ["(-12)::HUGEINT", "int128", -12],
    ["1.5::FLOAT", "float32", 1.5],
    ["0.1::DOUBLE", "float64", 0.1],
    ["(-1.5)::DECIMAL(4,1)", "decimal(4,1)", -1.5],
    ["123456.78::DECIMAL(9,2)", "decimal(9,2)", 123456.78],
    ["(-0.05)::DECIMAL(18,2)", "decimal(18,2)", -0.05],
    ["(2::DECIMAL(38,1) * 36893488147419103232)", "decimal(38,1)", 2 ** 66],
    ["'Dörte 🦊'", "string", "Dörte 🦊"],
    ["'\\x00\\xFF'::BLOB", "bytes", Uint8Array.of(0, 255)],
    ["DATE '1969-12-31'", "date", new Date("1969-12-31T00:00:00Z")],
    ["TIME '01:02:03.5'", "time", "01:02:03.5"],
    [
      "TIMESTAMP '1969-12-31 23:59:59.9995'",
      "datetime64[us]",
      new Date("1969-12-31T23:59:59.999Z"),
    ],
    ["TIMESTAMP_S '2001-02-03 04:05:06'", "datetime64[s]", new Date("2001-02-03T04:05:06Z")],
    ["TIMESTAMP_MS '2001-02-03 04:05:06.7'", "datetime64[ms]", new Date("2001-02-03T04:05:06.7Z")],
    ["TIMESTAMP_NS '2001-02-03 04:05:06.7'", "datetime64[ns]", new Date("2001-02-03T04:05:06.7Z")],
    [
      "TIMESTAMPTZ '2001-02-03 04:05:06+02'",
      "datetime64[us, UTC]",
      new Date("2001-02-03T02:05:06Z"),
    ],
    [
      "INTERVAL '14 months -3 days 5 seconds'",
      "interval",
      { months: 14, days: -3, micros: 5_000_000 },
    ],
    [
      "'123e4567-e89b-12d3-a456-426614174000'::UUID",
      "uuid",
      "123e4567-e89b-12d3-a456-426614174000",
    ],
    ["[1, NULL, 3]", "integer[]", [1, null, 3]],
    ["{'a': 1, 'b': ['x']}", "struct(a integer, b varchar[])", { a: 1, b: ["x"] }],
    ["'b'::ENUM('a', 'b')", "enum('a', 'b')", "b"],
  ] as const)("%s", (sql, dtype, value) => {
    const table = engine.query(`SELECT ${sql} AS v UNION ALL SELECT NULL`);
    expect(table.dtypes).toEqual({ v: dtype });
    expect(table.column("v").toArray()).toEqual([value, null]);
    // And back in, through a temporary table.
    using session = engine.session();
    session.load("t", [table]);
    const back = session.query("SELECT v FROM t ORDER BY v IS NULL");
    expect(back.fields).toEqual(table.fields);
    expect(back.column("v").toArray()).toEqual([value, null]);
  });

  test("an empty result keeps its columns", () => {
    const table = engine.query("SELECT 1 AS a, 'x' AS b WHERE false");
    expect([table.length, table.dtypes]).toEqual([0, { a: "int32", b: "string" }]);
  });
});

/** Nulls and text of 0 to 120 bytes, with partial chunks in the middle. */
const MIXED =
  "SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE repeat(chr((97 + i % 26)::INT), (i % 121)::INT) END AS s, " +
  "CASE WHEN i % 5 = 0 THEN NULL ELSE i END AS i, i % 7 = 0 AS b, " +
  "CASE WHEN i % 2 = 0 THEN NULL ELSE i / 3 END AS f " +
  "FROM range(100000) t(i) WHERE i % 11 <> 0";

test("nulls and long text survive the way out and in", () => {
  const table = engine.query<{ s: string; i: number; b: boolean; f: number }>(MIXED);
  expect(table.length).toBe(90909);
  expect(table.column("s").nullCount).toBe(30303);
  expect(table.at(1)).toEqual({ s: "cc", i: 2, b: false, f: null });
  using session = engine.session();
  // Parts that start at odd bits.
  session.load("t", [table.slice(0, 5001), table.slice(5001, 5002), table.slice(5002)]);
  const [row] = session
    .query<{ n: number; different: number }>(
      "SELECT count(*) AS n, count(*) FILTER (t.s IS DISTINCT FROM u.s OR t.i IS DISTINCT FROM u.i " +
        "OR t.b IS DISTINCT FROM u.b OR t.f IS DISTINCT FROM u.f) AS different " +
        `FROM (SELECT *, rowid AS r FROM t) t JOIN (SELECT *, row_number() OVER () - 1 AS r FROM (${MIXED})) u USING (r)`,
    )
    .toRecords();
  expect(row).toEqual({ n: 90909, different: 0 });
});

test("a stream hands over parts in order", () => {
  using session = engine.session();
  const sizes: number[] = [];
  let sum = 0;
  for (const part of session.stream<{ i: number }>("SELECT i FROM range(10000) t(i)", {
    rows: 4000,
  })) {
    sizes.push(part.length);
    sum += part.toRecords().reduce((total, { i }) => total + i, 0);
  }
  expect(sum).toBe(49_995_000);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((a, b) => a + b)).toBe(10_000);
});

test("a stream that is left early frees its session", () => {
  using session = engine.session();
  for (const part of session.stream("SELECT i FROM range(1000000) t(i)", { rows: 2048 })) {
    expect(part.length).toBe(2048);
    break;
  }
  expect(session.query("SELECT 1 AS a").toRecords()).toEqual([{ a: 1 }]);
});

describe("errors", () => {
  test("in the middle of a stream are errors, not its end", () => {
    const boom =
      "SELECT CASE WHEN i = 900000 THEN error('boom') ELSE i END FROM range(1000000) t(i)";
    expect(failure(boom).message).toContain("boom");
    const cast =
      "SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE '1' END AS INT) FROM range(1000000) t(i)";
    expect(failure(cast).code).toBe("DTypeMismatch");
  });

  test.each([
    ["SELECT delya FROM (SELECT 1 AS delay)", "UnknownColumn"],
    ["SELECT 'a' > 15 FROM (SELECT 'a' AS a)", "DTypeMismatch"],
    ["SELECT a > 15 FROM (SELECT 'a' AS a)", "DTypeMismatch"],
    ["SELECT avg(a) FROM (SELECT 'a' AS a)", "DTypeMismatch"],
    ["SELEC 1", "InvalidArgument"],
    ["SELECT * FROM 'no/such/*.parquet'", "FileNotFound"],
    ["SELECT * FROM read_parquet('package.json')", "FileInvalid"],
  ])("%s is %s", (sql, code) => {
    expect(failure(sql).code).toBe(code);
  });

  test("an integer that a number cannot hold names the option", () => {
    const table = engine.query("SELECT 9007199254740993::BIGINT AS n");
    expect(() => table.toRecords()).toThrow(/int64: "bigint"/);
    expect(table.toRecords({ int64: "bigint" })).toEqual([{ n: 9007199254740993n }]);
    expect(JSON.stringify(table)).toBe('[{"n":"9007199254740993"}]');
  });

  test("a setting that the engine refuses", () => {
    expect(() => TableEngine.open({ threads: 0 })).toThrow(/threads/);
  });

  test("a session runs one query at a time", () => {
    using session = engine.session();
    const stream = session.stream("SELECT i FROM range(100000) t(i)", { rows: 10 });
    stream.next();
    expect(() => session.query("SELECT 1")).toThrow(/one query at a time/);
    stream.return(undefined);
  });

  test("columns of different length", () => {
    expect(() => Table.fromColumns({ a: [1, 2], b: [1] })).toThrow(/same length/);
  });
});

test("times are UTC in every session, wherever the machine is", () => {
  expect(engine.query("SELECT current_setting('TimeZone') AS zone").toRecords()).toEqual([
    { zone: "UTC" },
  ]);
});

test("the kept footer of a Parquet file goes when the file changes", () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a.parquet");
  for (const rows of [3, 4]) {
    engine.query(`COPY (SELECT range AS n FROM range(${rows})) TO '${path}'`);
    const read = `SELECT count(*) AS n, max(n) AS last FROM '${path}'`;
    expect(engine.query(read).toRecords()).toEqual([{ n: rows, last: rows - 1 }]);
    expect(engine.query(read).toRecords()).toEqual([{ n: rows, last: rows - 1 }]);
  }
});

test("sorting more than the memory limit spills to disk", () => {
  using small = TableEngine.open({ threads: 1, memoryLimitBytes: 60e6 });
  const sorted =
    "SELECT count(*) AS n, min(s) AS first FROM (SELECT md5(i::VARCHAR) AS s FROM range(2000000) t(i) ORDER BY s)";
  expect(small.query(sorted).toRecords()).toEqual([
    { n: 2_000_000, first: expect.stringMatching(/^00000/) },
  ]);
  const lists = "SELECT list(md5(i::VARCHAR)) AS s FROM range(3000000) t(i)";
  expect(() => small.query(lists)).toThrow(expect.objectContaining({ code: "MemoryLimit" }));
  expect(small.query("SELECT 1 AS a").toRecords()).toEqual([{ a: 1 }]);
});

describe("memory", () => {
  test("columns take little more than their rows", () => {
    const spare = (table: Table): number => {
      const { values } = table.column("i");
      return values.buffer.byteLength / values.byteLength;
    };
    // As many vectors as nearly double the buffer that grows.
    expect(spare(engine.query("SELECT i FROM range(70000) t(i)"))).toBeLessThan(1.13);
    using session = engine.session();
    const parts = [...session.stream("SELECT i FROM range(70000) t(i)", { rows: 20_000 })];
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts.slice(0, -1)) expect(spare(part)).toBeLessThan(1.13);
  });

  test.runIf(process.platform === "linux")("what queries have freed goes back when asked", () => {
    const limitBytes = 512 * 2 ** 20;
    const small = TableEngine.open({ threads: 1, memoryLimitBytes: limitBytes });
    onTestFinished(() => small.close());
    small.trim();
    const before = process.memoryUsage.rss();
    small.query("SELECT count(*) FROM (SELECT i, count(*) FROM range(1500000) t(i) GROUP BY i)");
    small.trim();
    const kept = process.memoryUsage.rss() - before;
    expect(kept).toBeLessThan(24 * 2 ** 20);
    const [row] = small.query("SELECT current_setting('memory_limit') AS said").toRecords();
    expect(row).toEqual({ said: "512.0 MiB" });
  });
});
