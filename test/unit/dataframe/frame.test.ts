import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { persistAll } from "../../../src/cluster/compute.ts";
import { config } from "../../../src/config/index.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import {
  coalesce,
  col,
  concat,
  type DataFrame,
  fromColumns,
  fromDelayed,
  fromRecords,
  merge,
  readCsv,
  readJson,
  readParquet,
  sql,
  type Table,
  when,
} from "../../../src/dataframe/index.ts";

import { compute, delayed } from "../../../src/delayed/index.ts";
import { testHere } from "../../support/here.ts";

const DATA = new URL("../../../node_modules/vega-datasets/data/", import.meta.url).pathname;
const sync = { scheduler: "sync" } as const;
const folder = mkdtempSync(join(tmpdir(), "heddle-frame-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Flight {
  date: Date;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}
const flights = readParquet<Flight>(`${DATA}flights-3m.parquet`);
const small = fromRecords<{ k: string | null; v: number | null; w: number }>([
  { k: "b", v: 1, w: 1.5 },
  { k: "a", v: null, w: 2.5 },
  { k: null, v: 3, w: 3.5 },
  { k: "b", v: 4, w: 4.5 },
]);

describe("errors at build time", () => {
  test.each([
    ["filter", () => flights.filter((r) => (r as never)["delya"]), /"delya"; did you mean "delay"/],
    ["select", () => flights.select("orgin" as never), /did you mean "origin"/],
    ["drop", () => flights.drop("orgin" as never), /did you mean "origin"/],
    ["rename", () => flights.rename({ orgin: "x" } as never), /did you mean "origin"/],
    ["sortValues", () => flights.sortValues("dely" as never), /did you mean "delay"/],
    ["groupby", () => flights.groupby("orgin" as never), /did you mean "origin"/],
    ["col", () => flights.col("distanse" as never), /did you mean "distance"/],
    ["col()", () => flights.filter(col<number>("dalay").gt(1)), /did you mean "delay"/],
    ["merge", () => flights.merge(small as never, { on: "origin" as never }), /no column "origin"/],
    [
      "agg",
      () => flights.groupby("origin").agg({ x: ["dely" as never, "sum"] }),
      /did you mean "delay"/,
    ],
  ])("an unknown column in %s", (_, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "UnknownColumn" }));
    expect(build).toThrow(message);
  });

  test.each([
    ["text with a number", () => flights.filter((r) => r.origin.gt(15 as never)), "DTypeMismatch"],
    ["a mean of text", () => flights.agg({ m: ["origin", "mean"] }), "DTypeMismatch"],
    ["no condition", () => flights.filter((r) => r.delay.add(1) as never), "DTypeMismatch"],
    ["an unknown type", () => flights.astype({ delay: "flaot64" }), "DTypeMismatch"],
    [
      "an unknown aggregate",
      () => flights.agg({ m: ["delay", "maen" as never] }),
      "InvalidArgument",
    ],
    [
      "a merge of texts with numbers",
      () => flights.merge(small, { leftOn: "delay", rightOn: "k" }),
      "DTypeMismatch",
    ],
    ["a quantile", () => flights.quantile(2), "InvalidArgument"],
    ["a row count", () => flights.head(-1), "InvalidArgument"],
    [
      "an aggregate per row",
      () => flights.assign((r) => ({ m: r.delay.mean() })),
      "InvalidArgument",
    ],
    ["a value per group", () => flights.agg((r) => ({ m: r.delay })), "InvalidArgument"],
    ["two columns of a name", () => small.rename({ k: "w" }), "InvalidArgument"],
    [
      "an aggregate named like a key",
      () => small.groupby("k").agg({ k: ["w", "sum"] }),
      "InvalidArgument",
    ],
    ["no common column", () => flights.merge(small as never), "InvalidArgument"],
    ["an unknown join", () => small.merge(small, { how: "iner" as never }), "InvalidArgument"],
    ["a broken query", () => sql("selct 1"), "InvalidArgument"],
    ["a statement", () => sql("drop table x"), "InvalidArgument"],
    [
      "text beside numbers in concat",
      () => concat([fromRecords([{ a: 1 }]) as never, fromRecords([{ a: "x" }])]),
      "DTypeMismatch",
    ],
    [
      "a lazy value as condition",
      () => small.filter(small.col("v").sum() as never),
      "InvalidArgument",
    ],
    [
      "two aggregates of no column",
      () => small.agg({ v: ["sum", "mean"] as never }),
      "InvalidArgument",
    ],
    ["no path", () => readParquet([]), "InvalidArgument"],
    ["no columns", () => fromRecords([]), "InvalidArgument"],
  ])("%s is %s", (_, build, code) => {
    expect(build).toThrow(expect.objectContaining({ code }));
  });
});

/** Code of what a promise rejects with, or of its cause when a task failed. */
async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await promise.catch((e: unknown) => e);
  if (isHeddleError(error, "TaskFailed") && isHeddleError(error.cause)) return error.cause;
  if (isHeddleError(error)) return error;
  throw new Error(`no typed error: ${String(error)}`);
}

describe("bad files", () => {
  test("a missing file, an empty glob, a file of another kind, a truncated file", async () => {
    expect(() => readParquet(join(folder, "no.parquet"))).toThrow(/no file .*no\.parquet/);
    expect(() => readCsv(join(folder, "no-*.csv"))).toThrow(/no file matches/);
    const other = readParquet(new URL("../../../package.json", import.meta.url).pathname);
    expect((await rejection(other.compute(sync))).code).toBe("FileInvalid");
    const truncated = join(folder, "truncated.parquet");
    writeFileSync(truncated, readFileSync(`${DATA}flights-3m.parquet`).subarray(0, 100_000));
    expect((await rejection(readParquet(truncated).compute(sync))).code).toBe("FileInvalid");
  });

  test("a CSV whose types change half way names line, column and the way out", async () => {
    const path = join(folder, "change.csv");
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${i < 25_000 ? i : "x"}`);
    writeFileSync(path, `a,b\n${rows.join("\n")}\n`);
    const error = await rejection(
      readCsv(path)
        .agg({ s: ["b", "sum"] })
        .compute(sync),
    );
    expect(error.code).toBe("FileInvalid");
    expect(error.message).toMatch(/Line: 25002.*"b".*schema: \{ b: "string"/s);
    const text = readCsv<{ a: number; b: string }>(path, { schema: { b: "string" } });
    expect(await text.filter((r) => r.b.eq("x")).len(sync)).toBe(5000);
  });

  test("a pattern reads all its files, in the order of their names", async () => {
    for (const i of [2, 1, 3]) writeFileSync(join(folder, `part-${i}.csv`), `n\n${i}\n${i}0\n`);
    const parts = readCsv<{ n: number }>(join(folder, "part-*.csv"));
    expect(await parts.col("n").toArray(sync)).toEqual([1, 10, 2, 20, 3, 30]);
    expect(await parts.tail(2).toRecords(sync)).toEqual([{ n: 3 }, { n: 30 }]);
    expect(parts.npartitions).toBe(3);
  });
});

test("rows of another length are errors, and take no other row with them", async () => {
  const read = (text: string, options = {}) => {
    const path = join(folder, "ragged.csv");
    writeFileSync(path, text);
    return readCsv(path, options);
  };
  for (const text of ["a,b\n1,2\n1,2,3\n", "a,b\n1,2\n3\n4,5\n"]) {
    const { code, message } = await rejection(read(text).compute(sync));
    expect(code).toBe("FileInvalid");
    expect(message).toMatch(/different numbers of values/);
    expect(message.length).toBeLessThan(400);
  }
  expect(await read("a;b\n1;2,5\n").toRecords(sync)).toEqual([{ a: 1, b: "2,5" }]);
  expect(await read('"a,x"\tb\n1\t2\n').toRecords(sync)).toEqual([{ "a,x": 1, b: 2 }]);
  const below = await read("A title\n\na,b\n1,2\n", { skiprows: 2 }).toRecords(sync);
  expect(below).toEqual([{ a: 1, b: 2 }]);
});

describe("row order", () => {
  test("head, tail, first and last follow the file", async () => {
    const [first, last] = [flights.head(1), flights.tail(1)];
    const [row] = await flights
      .agg({ first: ["origin", "first"], last: ["destination", "last"] })
      .toRecords(sync);
    expect(row).toEqual({
      first: (await first.toRecords(sync))[0]?.origin,
      last: (await last.toRecords(sync))[0]?.destination,
    });
  });

  test("shift and cumulative sums run within groups, rows stay where they are", async () => {
    const frame = small.assign((r) => ({
      before: r.w.shift().over("k"),
      sum: r.v.cumsum(),
      share: r.w.div(r.w.sum().over("k")),
    }));
    expect(await frame.toRecords(sync)).toEqual([
      { k: "b", v: 1, w: 1.5, before: null, sum: 1, share: 0.25 },
      { k: "a", v: null, w: 2.5, before: null, sum: null, share: 1 },
      { k: null, v: 3, w: 3.5, before: null, sum: 4, share: 1 },
      { k: "b", v: 4, w: 4.5, before: 1.5, sum: 8, share: 0.75 },
    ]);
  });

  test("running functions stream over rows in order, others sort", async () => {
    const running = flights.select((r) => ({ before: r.delay.shift(), sum: r.delay.cumsum() }));
    expect(running.explain()).toMatch(/lag\("delay", 1\) OVER \(\)/);
    const [head] = await running.tail(1).toRecords(sync);
    expect(head).toEqual({ before: 17, sum: 20003603 });
    const sorted = small.sortValues("w", { ascending: false }).assign((r) => ({ s: r.w.cumsum() }));
    expect(await sorted.col("s").toArray(sync)).toEqual([4.5, 8, 10.5, 12]);
    const joined = small.merge(small.select("w"), { on: "w" }).assign((r) => ({ s: r.w.cumsum() }));
    expect(await joined.col("s").toArray(sync)).toEqual([1.5, 4, 7.5, 12]);
  });

  test("filters may compare with other rows and with groups", async () => {
    const rising = small.filter((r) => r.w.gt(r.w.shift()));
    expect(await rising.col("w").toArray(sync)).toEqual([2.5, 3.5, 4.5]);
    const above = small.filter((r) => r.w.gt(r.w.mean().over())).filter((r) => r.k.notNull());
    expect(await above.col("w").toArray(sync)).toEqual([4.5]);
    expect(() => small.filter((r) => r.w.gt(r.w.mean()))).toThrow(/over/);
  });

  test("a join keeps the order that its left side was given", async () => {
    const names = fromRecords([
      { k: "a", name: "A" },
      { k: "b", name: "B" },
    ]);
    const joined = small.sortValues("w", { ascending: false }).merge(names, { on: "k" });
    expect(await joined.col("w").toArray(sync)).toEqual([4.5, 2.5, 1.5]);
  });

  test("a sample depends on its seed alone", async () => {
    const [a, b, c] = await Promise.all(
      [1, 1, 2].map((seed) => flights.sample({ frac: 0.0001, seed }).toRecords(sync)),
    );
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(a?.length).toBeGreaterThan(200);
    expect(a?.length).toBeLessThan(400);
  });
});

describe("verbs", () => {
  test("conditions, choices and nulls", async () => {
    const frame = small.select((r) => ({
      size: when(r.w.gt(4), "large").when(r.w.gt(2), "middle").otherwise("small"),
      v: coalesce<number>(r.v, r.w, 0),
      code: r.k.case(
        [
          ["a", 1],
          ["b", 2],
        ],
        0,
      ),
      half: r.v.where(r.w.lt(4)),
    }));
    expect(await frame.toRecords(sync)).toEqual([
      { size: "small", v: 1, code: 2, half: 1 },
      { size: "middle", v: 2.5, code: 1, half: null },
      { size: "middle", v: 3, code: 0, half: 3 },
      { size: "large", v: 4, code: 2, half: null },
    ]);
    expect(await small.fillna({ v: 0 }).col("v").toArray(sync)).toEqual([1, 0, 3, 4]);
    expect(await small.isna().col("k").toArray(sync)).toEqual([false, false, true, false]);
  });

  test("a value fills the columns that can hold it", async () => {
    const filled = await small.fillna(0).tail(2).toRecords(sync);
    expect(filled).toEqual([
      { k: null, v: 3, w: 3.5 },
      { k: "b", v: 4, w: 4.5 },
    ]);
    expect(await small.fillna("?").col("k").toArray(sync)).toEqual(["b", "a", "?", "b"]);
  });

  test("plans that are read twice, and maps within plans", async () => {
    const sums = small.groupby("k").agg({ s: ["w", "sum"] });
    const both = sums.merge(sums.rename({ s: "t" }), { on: "k" });
    expect(both.explain()).toMatch(/WITH "shared0 ordered" AS MATERIALIZED/);
    expect(
      small
        .describe()
        .explain()
        .match(/FROM "in0"/g),
    ).toHaveLength(1);
    expect(await both.toRecords(sync)).toEqual([
      { k: "a", s: 2.5, t: 2.5 },
      { k: "b", s: 6, t: 6 },
    ]);
    const twice = small.mapPartitions((t) => t.toRecords().map(({ w }) => ({ w: 2 * w })), {
      schema: { w: "float64" },
    });
    const again = twice.mapPartitions((t) => t.toRecords().map(({ w }) => ({ w: w + 1 })), {
      schema: { w: "float64" },
    });
    expect(await again.col("w").toArray(sync)).toEqual([4, 6, 8, 10]);
    const united = concat([twice, again, small.select("w")]);
    expect(await united.col("w").sum().compute(sync)).toBe(24 + 28 + 12);
    const inSql = sql<{ n: number }>("select count(*) as n from a join b on a.w = b.w", {
      a: twice,
      b: again,
    });
    expect(await inSql.toRecords(sync)).toEqual([{ n: 0 }]);
  });

  test("the first rows of a join follow its left side", async () => {
    const right = fromRecords([{ k: "b" }, { k: "a" }]);
    const first = small.merge(right, { on: "k", how: "left" }).head(3);
    expect(await first.col("w").toArray(sync)).toEqual([1.5, 2.5, 3.5]);
  });

  test("rename, drop, astype, concat", async () => {
    const frame = small.rename({ k: "key" }).drop("w").astype({ v: "string" });
    expect(frame.dtypes).toEqual({ key: "string", v: "string" });
    const both = concat([frame, frame.head(1)]);
    expect(await both.tail(2).toRecords(sync)).toEqual([
      { key: "b", v: "4" },
      { key: "b", v: "1" },
    ]);
  });

  test("joins: suffixes, several keys, semi and anti", async () => {
    const right = fromRecords([
      { k: "b", v: 4, w: 40 },
      { k: "a", v: 9, w: 90 },
    ]);
    const joined = small.merge(right, { on: ["k", "v"], suffixes: ["_l", "_r"] });
    expect(await joined.toRecords(sync)).toEqual([{ k: "b", v: 4, w_l: 4.5, w_r: 40 }]);
    const semi = small.merge(right, { on: "k", how: "semi" });
    expect(await semi.sortValues("w").col("w").toArray(sync)).toEqual([1.5, 2.5, 4.5]);
    const anti = small.merge(right, { on: "k", how: "anti" });
    expect(await anti.col("w").toArray(sync)).toEqual([3.5]);
    const named = small.merge(right.rename({ k: "code" }), {
      leftOn: "k",
      rightOn: "code",
      how: "left",
    });
    expect(named.columns).toEqual(["k", "v_x", "w_x", "code", "v_y", "w_y"]);
  });

  test("SQL over frames, as a function and as a method", async () => {
    const counted = sql<{ k: string; n: number }>(
      "select k, count(*) as n from t where k is not null group by k order by n desc -- most first",
      { t: small },
    );
    expect(await counted.toRecords(sync)).toEqual([
      { k: "b", n: 2 },
      { k: "a", n: 1 },
    ]);
    expect(await small.sql("select sum(w) as s from self;").toRecords(sync)).toEqual([{ s: 12 }]);
    expect(await counted.filter((r) => r.n.gt(1)).len(sync)).toBe(1);
  });

  test("empty frames give empty results", async () => {
    const none = fromRecords<{ a: number; b: string }>([], { schema: { a: "int64", b: "string" } });
    expect(await none.toRecords(sync)).toEqual([]);
    expect(
      await none
        .groupby("b")
        .agg({ s: ["a", "sum"] })
        .toRecords(sync),
    ).toEqual([]);
    const [row] = await none
      .agg({ s: ["a", "sum"], m: ["a", "mean"], n: ["a", "count"] })
      .toRecords(sync);
    expect(row).toEqual({ s: 0, m: null, n: 0 });
    expect(await none.merge(small, { leftOn: "b", rightOn: "k" }).len(sync)).toBe(0);
    expect(
      await none
        .mapPartitions((part) => part)
        .sortValues("a")
        .len(sync),
    ).toBe(0);
  });

  test("files written are read back the same", async () => {
    const paths = ["parquet", "csv", "json"].map((kind) => join(folder, "out", `small.${kind}`));
    const [parquet = "", csv = "", json = ""] = paths;
    expect(await small.toParquet(parquet, sync)).toBe(4);
    expect(await small.toCsv(csv, sync)).toBe(4);
    expect(await small.toJson(json, { ...sync, array: true })).toBe(4);
    const rows = await small.toRecords(sync);
    expect(await readParquet(parquet).toRecords(sync)).toEqual(rows);
    expect(await readCsv(csv).toRecords(sync)).toEqual(rows);
    expect(await readJson(json).toRecords(sync)).toEqual(rows);
    expect(JSON.parse(readFileSync(json, "utf8"))).toEqual(rows);
    await expect(small.toCsv(csv, { ...sync, overwrite: false })).rejects.toThrow(/exists/);
  });

  test("reductions are lazy values, and can be persisted", async () => {
    const sum = small.col("w").sum();
    const [kept] = await persistAll([sum], sync);
    expect(await (kept as typeof sum).compute(sync)).toBe(12);
    expect(await small.col("v").unique().len(sync)).toBe(4);
    const counts = await small.col("k").valueCounts().toRecords(sync);
    expect(counts).toEqual([
      { k: "b", count: 2 },
      { k: "a", count: 1 },
    ]);
    const joined = merge(small, fromRecords([{ k: "a", x: 1 }]), { on: "k" });
    expect(await joined.toRecords(sync)).toEqual([{ k: "a", v: null, w: 2.5, x: 1 }]);
  });

  test("persisted frames are computed once and used again", async () => {
    const kept = await small.filter((r) => r.w.gt(2)).persist(sync);
    expect(kept.explain()).toContain("1 computed tables [k, v, w]");
    expect(await kept.len(sync)).toBe(3);
    expect(await kept.groupby("k").size().toRecords(sync)).toEqual([
      { k: "a", size: 1 },
      { k: "b", size: 1 },
    ]);
  });
});

describe("mapPartitions", () => {
  testHere("hands over typed columns and takes tables, columns or rows", async () => {
    const part = flights.select("delay").mapPartitions((table) => {
      const { values } = table.column("delay");
      expect(values).toBeInstanceOf(BigInt64Array);
      return { n: Int32Array.of(values.length) };
    });
    const counts = await part.col("n").toArray(sync);
    expect(counts.length).toBe(11);
    expect(counts.reduce((a, b) => a + b)).toBe(3_000_000);
    const rows = small.mapPartitions((t) => t.toRecords().map(({ w }) => ({ twice: w * 2 })), {
      schema: { twice: "float64" },
    });
    expect(await rows.agg({ s: ["twice", "sum"] }).toRecords(sync)).toEqual([{ s: 24 }]);
  });

  test("cuts an ordered frame into the number of partitions asked for", async () => {
    const sizes = flights
      .nlargest(10, "delay")
      .mapPartitions((t) => [{ n: t.length }], { schema: { n: "int64" }, npartitions: 3 });
    expect(await sizes.col("n").toArray(sync)).toEqual([3, 3, 4]);
  });

  test("passes on arguments and the function's own error", async () => {
    const scaled = small.mapPartitions(
      (t, by: number) => [{ s: t.toRecords().reduce((a, { w }) => a + w * by, 0) }],
      { args: [10], schema: { s: "float64" } },
    );
    expect(await scaled.toRecords(sync)).toEqual([{ s: 120 }]);
    const failing = small.mapPartitions(
      (): Table => {
        throw new RangeError("too far");
      },
      { schema: { a: "int64" } },
    );
    const error: unknown = await failing.compute(sync).catch((e: unknown) => e);
    expect(isHeddleError(error, "TaskFailed") && error.cause).toBeInstanceOf(RangeError);
  });

  test("checks what the function gives against its schema", async () => {
    const wrong = small.mapPartitions(() => [{ a: "x" }], { schema: { a: "int64" } });
    expect((await rejection(wrong.compute(sync))).code).toBe("DTypeMismatch");
    const lacking = small.mapPartitions(() => [{ b: 1 }], { schema: { a: "int64" } });
    expect((await rejection(lacking.compute(sync))).code).toBe("UnknownColumn");
    const unknown = small.mapPartitions(() => []);
    expect(() => unknown.columns).toThrow(/schema/);
  });
});

test("values by frequency, as counts or shares", async () => {
  const k = small.col("k");
  expect(await k.valueCounts({ dropna: false }).toRecords(sync)).toEqual([
    { k: "b", count: 2 },
    { k: "a", count: 1 },
    { k: null, count: 1 },
  ]);
  expect(await k.valueCounts({ normalize: true, ascending: true }).toRecords(sync)).toEqual([
    { k: "a", proportion: 1 / 3 },
    { k: "b", proportion: 2 / 3 },
  ]);
});

test("frames, columns, groups and scalars print what they are", () => {
  const v = small.col("v");
  const shown = [small, v, v.sum(), small.groupby("k"), small.groupby("k").col("v")].map((x) =>
    inspect(x),
  );
  expect(shown).toEqual([
    "DataFrame[k: string, v: int64, w: float64] (lazy: await .compute() gives the rows)",
    'Series "v" (lazy: await .compute() gives the values)',
    "Scalar (lazy: await .compute() gives the value)",
    "GroupBy[k] (agg, size, mean, … give a frame)",
    "SeriesGroupBy (sum, mean, count, … give a frame)",
  ]);
});

describe("conversions", () => {
  test("delayed values and futures become partitions, and partitions delayed values", async () => {
    const load = delayed((n: number) => [{ n, word: "x".repeat(n) }]);
    const schema = { n: "int64", word: "string" };
    const df = fromDelayed<{ n: number; word: string }>([load(1), load(3)], { schema });
    expect(df.columns).toEqual(["n", "word"]);
    expect(await df.col("n").sum().compute(sync)).toBe(4);
    const parts = await compute(...df.toDelayed(), sync);
    expect(parts.map((part) => (part as Table).toRecords())).toEqual([
      [{ n: 1, word: "x" }],
      [{ n: 3, word: "xxx" }],
    ]);
    expect(await fromDelayed([], { schema }).toRecords(sync)).toEqual([]);
    expect(() => fromDelayed(3 as never, { schema })).toThrow(/delayed values or futures/);
  });

  test("to arrays, bags and Arrow", async () => {
    const frame = fromColumns<{ a: number; b: number; s: string }>({
      a: Float64Array.of(1, 2),
      b: Int32Array.of(3, 4),
      s: ["x", "y"],
    });
    const matrix = await frame.toArray(sync);
    expect([matrix.shape, matrix.toArray()]).toEqual([
      [2, 2],
      [
        [1, 3],
        [2, 4],
      ],
    ]);
    const arrow = await frame.toArrow(sync);
    expect([arrow.numRows, arrow.get(1)?.toJSON()]).toEqual([2, { a: 2, b: 4, s: "y" }]);
    const bag = await frame.toBag();
    expect(await bag.compute(sync)).toEqual([
      { a: 1, b: 3, s: "x" },
      { a: 2, b: 4, s: "y" },
    ]);
    const lazy = await flights.select("delay", "distance").toDaskArray();
    expect(lazy.shape).toEqual([3_000_000, 2]);
    expect(lazy.chunks[0]?.length).toBe(11);
  });

  test("a frame says that it is lazy", () => {
    expect(String(small)).toBe(
      "DataFrame[k: string, v: int64, w: float64] (lazy: await .compute() gives the rows)",
    );
    expect(String(small.col("v").sum())).toContain("lazy");
  });
});

test("deterministic frames give the same float sums in every run", async () => {
  config.set({ "dataframe.deterministic": true });
  try {
    const mean = flights
      .assign((r) => ({ x: r.delay.div(7).add(r.distance.sqrt()) }))
      .col("x")
      .mean();
    const values = new Set<number>();
    for (let i = 0; i < 4; i++) values.add(await mean.compute(sync));
    expect(values.size).toBe(1);
  } finally {
    config.set({ "dataframe.deterministic": false });
  }
});

test("columns may be called as what objects inherit", async () => {
  const record = JSON.parse('{"__proto__":5,"constructor":"x","a":1}') as object;
  const frame = fromRecords([record]) as unknown as DataFrame<Record<string, unknown>>;
  expect(frame.columns).toEqual(["__proto__", "constructor", "a"]);
  const [row] = await frame.rename({ a: "b" }).astype({ b: "string" }).toRecords(sync);
  expect(Object.entries(row as object)).toEqual([
    ["__proto__", 5],
    ["constructor", "x"],
    ["b", "1"],
  ]);
});

test("an async function of mapPartitions cannot say its columns", () => {
  const frame = small.mapPartitions(async (part) => part);
  expect(() => frame.columns).toThrow(/async/);
});

describe("chains of many steps", () => {
  test("of filters and conditions", async () => {
    let frame = fromRecords([{ x: 1 }]);
    for (let i = 0; i < 2_500; i++) frame = frame.filter((r) => r.x.gt(-i));
    expect(await frame.toRecords(sync)).toEqual([{ x: 1 }]);
    const x = col<number>("x");
    const any = Array.from({ length: 1_500 }, (_, i) => x.eq(i)).reduce((a, b) => a.or(b));
    expect(await frame.filter(any).len(sync)).toBe(1);
  });

  test("of columns made of columns", async () => {
    let frame = fromRecords([{ x: 1 }]);
    for (let i = 0; i < 1_200; i++) frame = frame.assign((r) => ({ x: r.x.add(1) }));
    expect(await frame.toRecords(sync)).toEqual([{ x: 1_201 }]);
  });

  test("in one expression are refused", () => {
    const build = () => {
      let x = col<number>("x");
      for (let i = 0; i < 5_000; i++) x = x.add(1);
    };
    expect(build).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});
