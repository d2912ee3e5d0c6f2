/**
 * @file What frames are given is checked by the call that gives it, and the error says what to do.
 */
import { describe, expect, test } from "vitest";
import {
  col,
  concat,
  fromColumns,
  fromDelayed,
  fromRecords,
  fromTable,
  merge,
  readCsv,
  readJson,
  readParquet,
  sql,
  timeseries,
} from "../../../src/dataframe/index.ts";

const df = fromRecords([
  { a: 1, b: "x" },
  { a: 2, b: null },
]);
const sync = { scheduler: "sync" } as const;

/** A call as JavaScript would make it. */
type Wrong = (...args: unknown[]) => unknown;
const wrong = (fn: unknown): Wrong => fn as Wrong;
const method = (name: string, ...args: unknown[]): (() => unknown) => {
  const frame = df as unknown as Record<string, Wrong>;
  return () => frame[name]?.(...args);
};

describe("options", () => {
  test.each<[string, () => unknown]>([
    ["columns", () => wrong(readParquet)("package.json", { column: ["a"] })],
    ["sep", () => wrong(readCsv)("package.json", { seperator: ";", sp: 1 })],
    ["lines", () => wrong(readJson)("package.json", { line: true })],
    ["schema", () => wrong(fromRecords)([{ a: 1 }], { shema: {} })],
    ["schema", () => wrong(fromColumns)({ a: [1] }, { shema: {} })],
    ["start", () => wrong(timeseries)({ strat: 1 })],
    ["on", () => wrong(merge)(df, df, { onn: "a" })],
    ["dropna", method("groupby", "b", { dropNa: false })],
    ["ascending", method("sortValues", "a", { ascendng: true })],
    ["subset", method("dropDuplicates", { subst: "a" })],
    ["subset", method("dropna", { subst: "a" })],
    ["errors", method("astype", "string", { error: "coerce" })],
    ["frac", method("sample", { fraction: 0.5 })],
    ["schema", method("mapPartitions", (x: unknown) => x, { shcema: {} })],
    ["normalize", () => wrong(df.col("a").valueCounts.bind(df.col("a")))({ normalise: true })],
    ["ddof", () => wrong(df.col("a").std.bind(df.col("a")))({ dof: 1 })],
  ])("a misspelt %s", (name, call) => {
    expect(call).toThrow(new RegExp(`has no option .*Options: .*${name}`));
  });

  test.each<[string, () => unknown]>([
    ["scheduler", method("compute", { schedular: "sync" })],
    ["scheduler", method("persist", { schedular: "sync" })],
    ["int64", method("toRecords", { int46: "bigint" })],
    ["compression", method("toParquet", "x.parquet", { compresion: "zstd" })],
    ["sep", method("toCsv", "x.csv", { sepp: ";" })],
    ["array", method("toJson", "x.json", { aray: true })],
  ])("a misspelt %s of what computes", async (name, call) => {
    await expect(call()).rejects.toThrow(`did you mean "${name}"?`);
  });

  test("values of options", async () => {
    await expect(method("toRecords", { ...sync, int64: "text" })()).rejects.toThrow(/"bigint"/);
    expect(method("mapPartitions", (x: unknown) => x, { npartitions: 0 })).toThrow(/from 1/);
  });
});

describe("values of the wrong kind", () => {
  const anyFrame = df as unknown as Record<string, Wrong>;
  test.each<[string, () => unknown]>([
    ["fromRecords(5)", () => wrong(fromRecords)(5)],
    ["fromRecords([null])", () => wrong(fromRecords)([null])],
    ["fromRecords([[1]])", () => wrong(fromRecords)([[1]])],
    ["fromColumns(5)", () => wrong(fromColumns)(5)],
    ["fromColumns of a number", () => wrong(fromColumns)({ a: 5 })],
    ["fromColumns of a text", () => wrong(fromColumns)({ a: "xyz" })],
    ["fromTable({})", () => wrong(fromTable)({})],
    ["fromDelayed without a schema", () => wrong(fromDelayed)([])],
    ["readCsv(5)", () => wrong(readCsv)(5)],
    ["readCsv([5])", () => wrong(readCsv)([5])],
    ["concat(5)", () => wrong(concat)(5)],
    ["concat of what is no frame", () => wrong(concat)([df, 5])],
    ["merge(5)", () => wrong(merge)(5, df)],
    ["sql(5)", () => wrong(sql)(5)],
    ["sql over no frame", () => wrong(sql)("select 1", { a: 5 })],
    ["isIn(5)", () => df.filter((r) => wrong(r.a.isIn.bind(r.a))(5) as never)],
    ["quantile('x')", () => anyFrame["quantile"]?.("x")],
    ["corr of another frame", () => df.col("a").corr(fromRecords([{ a: 1 }]).col("a"))],
    ...(
      [
        ["filter"],
        ["select", 5],
        ["assign"],
        ["rename"],
        ["drop", 5],
        ["groupby"],
        ["agg", 5],
        ["merge", 5],
        ["sortValues"],
        ["col", 5],
        ["mapPartitions"],
        ["fillna"],
        ["nlargest", "x", "a"],
        ["quantile", []],
        ["quantile", [2]],
      ] as [string, ...unknown[]][]
    ).map(([name, ...args]): [string, () => unknown] => [
      `${name}(${args.map(String).join(", ")})`,
      method(name, ...args),
    ]),
  ])("%s", (_, call) => {
    expect(call).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});

describe("names of columns", () => {
  test.each<[string, () => unknown]>([
    ["records", () => fromRecords([{ a: 1, A: 2 }])],
    ["assign", () => df.assign({ A: col("a") })],
    ["select", () => df.select((r) => ({ a: r.a, A: r.b }))],
    ["rename", () => df.rename({ b: "A" })],
    ["agg", () => df.agg({ n: ["a", "sum"], N: ["a", "mean"] })],
    ["merge", () => df.merge(fromRecords([{ k: 1, A: 2 }]), { leftOn: "a", rightOn: "k" })],
    ["concat", () => concat([df, fromRecords([{ A: 1, b: "" }]) as never])],
  ])("that differ only in case are refused by %s", (_, call) => {
    expect(call).toThrow(/"a".*"A"|"n".*"N"|"A".*suffixes/);
  });

  test("are asked for as they are written", () => {
    expect(() => df.select("A" as never)).toThrow(/no column "A"; did you mean "a"/);
  });

  test("that are empty, or Heddle's own", () => {
    expect(() => fromRecords([{ "": 1 }])).toThrow(/rename/);
    expect(() => df.rename({ a: "__row" })).toThrow(/rename/);
  });
});
