import { expect, test } from "vitest";
import { scatter } from "../../../../src/dataframe/partitioned/scatter.ts";
import { Table } from "../../../../src/table/table.ts";

test("rows of every storage go to their destinations, in their order", () => {
  const records = Array.from({ length: 200 }, (_, i) => ({
    flag: i % 3 === 0,
    short: i - 100,
    whole: i % 7 === 0 ? null : 2 ** 40 * i,
    float: i / 8,
    text: i % 5 === 0 ? null : "word ".repeat(i % 20),
    wide: BigInt(i) ** 9n,
  }));
  const schema = { short: "int16", wide: "decimal(38,0)" };
  const table = Table.fromRecords(records, { schema }).slice(3);
  const to = Int32Array.from({ length: table.length }, (_, i) => (i * i) % 5);
  const pieces = [...scatter(table as unknown as Table, to, 7)];
  expect(pieces.map(([destination]) => destination)).toEqual([0, 1, 4]);
  const rows = table.toRecords({ int64: "bigint" });
  for (const [destination, piece] of pieces) {
    const expected = rows.filter((_, i) => to[i] === destination);
    expect(piece.toRecords({ int64: "bigint" })).toEqual(expected);
  }
});
