import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { decodeValue, encodeValue } from "../../../src/codec/index.ts";
import "../../../src/table/codec.ts";
import { Table } from "../../../src/table/table.ts";
import { dtypeOf, sqlTypeOf } from "../../../src/table/types.ts";

const people = Table.fromRecords([
  { name: "Ann", age: 31, score: 1.5, ok: true, born: new Date("1990-01-02T03:04:05Z") },
  { name: null, age: null, score: -2, ok: null, born: null },
  { name: "Dörte", age: 7, score: Number.NaN, ok: false, born: new Date(0) },
]);

describe("tables of JavaScript values", () => {
  test("types are inferred, whole numbers as int64", () => {
    expect(people.dtypes).toEqual({
      name: "string",
      age: "int64",
      score: "float64",
      ok: "bool",
      born: "datetime64[us]",
    });
    expect(people.toRecords()[2]).toEqual({
      name: "Dörte",
      age: 7,
      score: Number.NaN,
      ok: false,
      born: new Date(0),
    });
  });

  test("typed arrays are used as they are", () => {
    const delays = Float32Array.of(1, 2, 3);
    const table = Table.fromColumns({ delays });
    expect(table.column("delays").values).toBe(delays);
    expect(table.dtypes).toEqual({ delays: "float32" });
  });

  test("types can be named", () => {
    const table = Table.fromRecords([{ a: 1, b: "2001-02-03", c: 1.25 }], {
      schema: { a: "int8", b: "date", c: "decimal(9,2)" },
    });
    expect(table.toRecords()).toEqual([{ a: 1, b: new Date("2001-02-03"), c: 1.25 }]);
  });

  test.each([
    [[{ a: 1 }, { a: "x" }], {}, /mixes/],
    [[{ a: 1.5 }], { schema: { a: "int64" } }, /cannot hold/],
    [[{ a: 300 }], { schema: { a: "int8" } }, /cannot hold/],
    [[{ a: Symbol("s") }], {}, /symbol/],
    [[{ a: 1 }], { schema: { a: "flaot64" } }, /did you mean "float64"/],
  ])("%j with %j is refused", (records, options, message) => {
    expect(() => Table.fromRecords(records as object[], options)).toThrow(message);
  });

  test("unknown columns name the nearest", () => {
    expect(() => people.column("nmae" as never)).toThrow(/did you mean "name"/);
  });

  test("slices share memory, also at odd bits", () => {
    const part = people.slice(1);
    expect(part.toRecords()).toEqual(people.toRecords().slice(1));
    expect(part.column("score").values.buffer).toBe(people.column("score").values.buffer);
    expect(people.slice(-1).at(0)?.name).toBe("Dörte");
    expect(
      Table.concat([people.slice(1, 2), people.slice(2), people])
        .column("name")
        .toArray(),
    ).toEqual([null, "Dörte", "Ann", null, "Dörte"]);
  });
});

test("a slice at rest is only its own rows, and reads the same", () => {
  const part = people.slice(1);
  const { bytes, writeTo } = encodeValue(part);
  const memory = new Uint8Array(new SharedArrayBuffer(bytes));
  writeTo(memory);
  const back = decodeValue(memory) as Table;
  expect(back.fields).toEqual(part.fields);
  expect(back.toRecords()).toEqual(part.toRecords());
  expect(back.column("score").values.buffer).toBe(memory.buffer);
});

test("a table prints its header, types and rows", () => {
  expect(`\n${inspect(people.select("name", "age", "score"))}\n`).toBe(`
┌────────┬───────┬─────────┐
│ name   │   age │   score │
│ string │ int64 │ float64 │
├────────┼───────┼─────────┤
│ Ann    │    31 │     1.5 │
│ null   │  null │    -2.0 │
│ Dörte  │     7 │     NaN │
└────────┴───────┴─────────┘
3 rows × 3 columns
`);
  const long = Table.fromColumns({ i: Int32Array.from({ length: 1000 }, (_, i) => i) });
  expect(long.toString().split("\n").length).toBe(4 + 11 + 2);
  expect(long.toString()).toContain("1,000 rows × 1 column");
  expect(Table.fromRecords([{ "a<b": "x & y" }]).toHtml()).toContain("x &#38; y");
});

test("type names have one meaning in both directions", () => {
  for (const dtype of ["bool", "int8", "uint64", "float32", "string", "date", "decimal(18,3)"]) {
    expect(dtypeOf(sqlTypeOf(dtype))).toBe(dtype);
  }
  expect(["f8", "int", "VARCHAR", "timestamp", "integer"].map(sqlTypeOf)).toEqual([
    "DOUBLE",
    "BIGINT",
    "VARCHAR",
    "TIMESTAMP",
    "INTEGER",
  ]);
});

test("misspelt options of a table's values are refused", () => {
  const table = Table.fromRecords([{ a: 1 }]);
  expect(() => table.toRecords({ int46: "bigint" } as never)).toThrow(/did you mean "int64"/);
  expect(() => table.toColumns({ int46: "bigint" } as never)).toThrow(/did you mean "int64"/);
  expect(() => Table.fromRecords([{ a: 1 }], { shema: {} } as never)).toThrow(/"schema"/);
});
