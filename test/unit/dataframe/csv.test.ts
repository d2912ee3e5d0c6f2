/**
 * @file CSV files that surprise: what is read is what pandas 3.1 reads, or an error that says where
 * and what to do; nothing is lost without a word.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HeddleError } from "../../../src/core/errors.ts";
import {
  fromRecords,
  type ReadCsvOptions,
  readCsv,
  readJson,
} from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-csv-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function rows(text: string | Uint8Array, options: ReadCsvOptions = {}): Promise<unknown[]> {
  return await readCsv(file("one.csv", text), options).toRecords(sync);
}

async function failure(work: Promise<unknown>): Promise<HeddleError> {
  const error = await work.then(
    () => undefined,
    (reason: HeddleError) => reason,
  );
  return ((error?.cause as HeddleError | undefined) ?? error) as HeddleError;
}

describe("what is read", () => {
  test.each<[string, string | Uint8Array, unknown[]]>([
    ["a byte order mark", "\ufeffa,b\n1,2\n", [{ a: 1, b: 2 }]],
    ["carriage returns", "a,b\r\n1,x\r\n", [{ a: 1, b: "x" }]],
    [
      "quotes after a backslash",
      'a,b\n"x \\"y\\"",1\n"z",2\n',
      [
        { a: 'x "y"', b: 1 },
        { a: "z", b: 2 },
      ],
    ],
    ["names of any letters", "größe,名前,😀\n1,東,2\n", [{ größe: 1, 名前: "東", "😀": 2 }]],
    ["a header alone", "a,b\n", []],
    ["a header of numbers", "c,2019,2020\nCH,1,2\n", [{ c: "CH", 2019: 1, 2020: 2 }]],
    ["a header of nothing else", "1,2\n3,4\n", [{ 1: 3, 2: 4 }]],
    ["names that objects have", "constructor,toString\n1,x\n", [{ constructor: 1, toString: "x" }]],
    ["month first", "d,v\n01/22/2024,1\n", [{ d: "01/22/2024", v: 1 }]],
    ["day first", "d,v\n22-01-2024,1\n", [{ d: "22-01-2024", v: 1 }]],
    ["short years", "d,v\n01/22/24,1\n", [{ d: "01/22/24", v: 1 }]],
    ["day first with times", "d\n22-01-2024 10:00:00\n", [{ d: "22-01-2024 10:00:00" }]],
    ["year first", "d\n2024-01-22\n", [{ d: new Date("2024-01-22") }]],
    [
      "line ends and quotes in text",
      'a,b\n"x\ny",1\n"q""r",2\n',
      [
        { a: "x\ny", b: 1 },
        { a: 'q"r', b: 2 },
      ],
    ],
    [
      "rows that begin like a comment",
      "a,b\nNA,1\n#N/A,2\n",
      [
        { a: "NA", b: 1 },
        { a: "#N/A", b: 2 },
      ],
    ],
    ["zeros in front", "zip\n01234\n00501\n", [{ zip: "01234" }, { zip: "00501" }]],
    ["semicolons", "a;b\n1,5;2\n", [{ a: "1,5", b: 2 }]],
    ["an index without a name", ",a\n0,2\n", [{ column0: 0, a: 2 }]],
    ["names that come twice", "a,a\n1,2\n", [{ a: 1, a_1: 2 }]],
    [
      "every value in quotes",
      '"a","b"\n"","1"\n"y",""\n',
      [
        { a: "", b: 1 },
        { a: "y", b: null },
      ],
    ],
  ])("%s", async (_, text, expected) => {
    expect(await rows(text)).toEqual(expected);
  });

  test("compressed text", async () => {
    const path = file("one.csv.gz", gzipSync("a,b\n1,x\n"));
    expect(await readCsv(path).toRecords(sync)).toEqual([{ a: 1, b: "x" }]);
  });

  test("another encoding, which the error without it names", async () => {
    const latin = Buffer.from("a\nm\xfcller\n", "latin1");
    expect(await rows(latin, { encoding: "latin-1" })).toEqual([{ a: "müller" }]);
    expect((await failure(rows(latin))).message).toMatch(/encoding: "latin-1"/);
  });

  test("large integers as they are, beyond 2^53 as bigint", async () => {
    const frame = readCsv(file("large.csv", "a\n9007199254740993\n"));
    expect((await failure(frame.toRecords(sync))).code).toBe("UnsafeInteger");
    const records = await frame.toRecords({ ...sync, int64: "bigint" });
    expect(records).toEqual([{ a: 9007199254740993n }]);
  });
});

test("a quote that is not closed is an error", async () => {
  expect((await failure(rows('id,name\n1,ok\n2,"broken\n3,fine\n'))).code).toBe("FileInvalid");
});

test("errors do not repeat lines of any length", async () => {
  const text = `a\n${"1\n".repeat(25_000)}${"x".repeat(9_000)}\n`;
  const error = await failure(rows(text));
  expect(error.code).toBe("FileInvalid");
  expect(JSON.stringify([error.message, error.fields]).length).toBeLessThan(2_000);
  const wide = await failure(rows(`a,b\n1,2\n1,2,${"y".repeat(9_000)}\n`));
  expect(JSON.stringify([wide.message, wide.fields]).length).toBeLessThan(5_000);
});

test("files that have vanished are not found", async () => {
  const path = file("gone.csv", "a\n1\n");
  const [early, late] = [readCsv(path), readCsv(path)];
  expect(late.columns).toEqual(["a"]);
  rmSync(path);
  for (const frame of [early, late]) {
    const error = await frame.toRecords(sync).catch((reason: HeddleError) => reason);
    const { code, cause } = error as HeddleError & { cause?: { code?: string } };
    expect([code, cause?.code]).toContain("FileNotFound");
  }
});

test("paths of other machines are not supported", () => {
  for (const path of ["http://example.org/a.csv", "s3://bucket/a.csv", new URL("https://a.b/c")]) {
    expect(() => readCsv(path)).toThrow(expect.objectContaining({ code: "NotSupported" }));
  }
});

test("a name that could be a pattern is one only where there is no such file", async () => {
  const path = file("a[1].csv", "a\n7\n");
  expect(await readCsv(path).toRecords(sync)).toEqual([{ a: 7 }]);
});

describe("nothing and empty text", () => {
  test("are two things, and come back from a file as they were", async () => {
    expect(await rows('a,b\n"",1\n,2\nx,3\n')).toEqual([
      { a: "", b: 1 },
      { a: null, b: 2 },
      { a: "x", b: 3 },
    ]);
    const before = [
      { s: "", n: 1 },
      { s: null, n: null },
      { s: "x", n: 3 },
    ];
    const path = join(folder, "trip.csv");
    await fromRecords(before).toCsv(path, sync);
    expect(await readCsv(path).toRecords(sync)).toEqual(before);
  });

  test("are one when the caller says what means null", async () => {
    const text = 'a,b\n"",1\nNA,2\n';
    expect(await rows(text, { naValues: ["", "NA"] })).toEqual([
      { a: null, b: 1 },
      { a: null, b: 2 },
    ]);
  });
});

describe("values that do not fit the type found", () => {
  const late = (value: string): string => {
    const lines = Array.from({ length: 30_000 }, (_, i) => (i < 25_000 ? String(i) : value));
    return `a\n${lines.join("\n")}\n`;
  };

  test.each([
    ["25000.5", "float64"],
    ["2.5e-1", "float64"],
    ["none", "string"],
  ])("an integer column that goes on with %s is not rounded", async (value, advice) => {
    const error = await failure(rows(late(value)));
    expect(error.code).toBe("FileInvalid");
    expect(error.message).toContain(`Line: 25002: column "a" holds "${value}"`);
    expect(error.message).toContain(`schema: { a: "${advice}" }`);
    expect(error.fields).toMatchObject({ column: "a", line: 25002 });
  });

  test("a type by name is kept to as well", async () => {
    const error = await failure(rows("a\n1\n1.5\n", { schema: { a: "int64" } }));
    expect(error.message).toContain('Line: 3: column "a" holds "1.5", which is no int64');
    expect(await rows("a\n1\n1.5\n")).toEqual([{ a: 1 }, { a: 1.5 }]);
  });

  test("a date keeps no time, a time no offset", async () => {
    const date = rows("a\n2024-01-02\n2024-01-02 03:04:05\n", { schema: { a: "date" } });
    expect((await failure(date)).message).toContain('"2024-01-02 03:04:05", which is no date');
    const offset = rows("a\n2024-01-02 03:04:05+02:00\n", { schema: { a: "datetime64[us]" } });
    expect((await failure(offset)).code).toBe("FileInvalid");
  });

  test("filters and orders see the values", async () => {
    const frame = readCsv<{ a: number }>(file("some.csv", "a\n3\n\n10\n2\n"));
    expect(
      await frame
        .filter((r) => r.a.gt(2))
        .sortValues("a")
        .toRecords(sync),
    ).toEqual([{ a: 3 }, { a: 10 }]);
    expect(await frame.tail(1).toRecords(sync)).toEqual([{ a: 2 }]);
  });
});

describe("several files", () => {
  test("with other columns name the file and the columns", () => {
    file("two-1.csv", "a,b\n1,2\n");
    const second = file("two-2.csv", "a,c\n3,4\n");
    expect(() => readCsv(join(folder, "two-*.csv")).columns).toThrow(
      expect.objectContaining({
        code: "FileInvalid",
        fields: expect.objectContaining({ path: second, missing: ["b"], added: ["c"] }),
      }),
    );
  });

  test("with more columns are not cut", () => {
    file("more-1.csv", "a,b\n1,2\n");
    file("more-2.csv", "a,b,c\n3,4,5\n");
    expect(() => readCsv(join(folder, "more-*.csv")).columns).toThrow(/adds "c".*concat/);
  });

  test("with the same columns in another order, or without a header", async () => {
    file("order-1.csv", "a,b\n1,x\n");
    file("order-2.csv", "b,a\ny,4\n");
    const mixed = await readCsv(join(folder, "order-*.csv")).toRecords(sync);
    expect(mixed.map((row) => row["b"])).toEqual(["x", "y"]);
    file("bare-1.csv", "1,2\n3,4\n");
    file("bare-2.csv", "5,6\n");
    const bare = readCsv(join(folder, "bare-*.csv"), { header: false });
    expect(await bare.len(sync)).toBe(3);
  });
});

test.each([
  ["rows of different length", "a,b,c\n1,2,3\n4,5\n"],
  ["text that is none", new Uint8Array([0, 1, 2, 255, 254, 10, 0])],
])("%s are an error of the file", async (_, text) => {
  expect((await failure(rows(text))).code).toBe("FileInvalid");
});

describe("JSON", () => {
  test("an integer field that goes on with fractions is not rounded", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `{"a":${i < 25_000 ? i : i + 0.5}}`);
    const path = file("late.json", lines.join("\n"));
    const error = await failure(
      readJson(path)
        .len(sync)
        .then(() => readJson(path).compute(sync)),
    );
    expect(error.message).toMatch(/column "a" holds "25000.5".*schema: \{ a: "float64" \}/);
    const floats = readJson<{ a: number }>(path, { schema: { a: "float64" } });
    expect(await floats.col("a").max().compute(sync)).toBe(29_999.5);
    expect(readJson(path, { sampleRows: -1 }).dtypes).toEqual({ a: "float64" });
  });

  test("fields that differ only in case are refused", () => {
    const path = file("case.json", '{"a":1,"A":2}\n');
    expect(() => readJson(path).columns).toThrow(/differ only in case/);
  });
});
