/**
 * @file Frames against plain JavaScript on random data: three-valued logic, arithmetic with nulls,
 * groupings, orders, and that the optimiser and the partitions never change a result.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeValue, encodeValue } from "../../src/codec/index.ts";
import { col, type Expr, fromRecords, fromTable, Table } from "../../src/dataframe/index.ts";
import "../../src/table/codec.ts";

const sync = { scheduler: "sync" } as const;

interface Item {
  i: number;
  a: number | null;
  b: number | null;
  p: boolean | null;
  s: string | null;
}

const schema = { i: "int64", a: "int64", b: "float64", p: "bool", s: "string" };
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 });
const rows: fc.Arbitrary<Item[]> = fc
  .array(
    fc.record({
      a: orNull(fc.integer({ min: -5, max: 5 })),
      b: orNull(fc.integer({ min: -8, max: 8 }).map((n) => n / 2)),
      p: orNull(fc.boolean()),
      s: orNull(fc.string({ unit: "grapheme", maxLength: 20 }).map((s) => s.replaceAll("\0", ""))),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => list.map((row, i) => ({ i, ...row })));

/** A random formula, as an expression and as what JavaScript makes of it. */
interface Formula<T> {
  expr: Expr<T | null>;
  value(row: Item): T | null;
}

const lifted =
  <A, R>(fn: (...values: A[]) => R) =>
  (...values: (A | null)[]): R | null =>
    values.some((value) => value === null) ? null : fn(...(values as A[]));

const numbers: fc.Arbitrary<Formula<number>> = fc.oneof(
  fc.constant({ expr: col<number | null>("a"), value: (row: Item) => row.a }),
  fc.constant({ expr: col<number | null>("b"), value: (row: Item) => row.b }),
  fc
    .record({
      op: fc.constantFrom("add", "sub", "mul"),
      x: fc.constantFrom("a", "b"),
      n: fc.integer({ min: -3, max: 3 }),
    })
    .map(({ op, x, n }): Formula<number> => {
      const apply = {
        add: (v: number) => v + n,
        sub: (v: number) => v - n,
        mul: (v: number) => v * n,
      };
      return {
        expr: col<number | null>(x)[op as "add"](n),
        value: (row) => lifted(apply[op as "add"])(row[x as "a"]),
      };
    }),
);

const comparisons: fc.Arbitrary<Formula<boolean>> = fc
  .record({
    left: numbers,
    right: numbers,
    op: fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge"),
  })
  .map(({ left, right, op }): Formula<boolean> => {
    const test: Record<string, (a: number, b: number) => boolean> = {
      eq: (a, b) => a === b,
      ne: (a, b) => a !== b,
      lt: (a, b) => a < b,
      le: (a, b) => a <= b,
      gt: (a, b) => a > b,
      ge: (a, b) => a >= b,
    };
    return {
      expr: left.expr[op as "eq"](right.expr),
      value: (row) =>
        lifted(test[op] as (a: number, b: number) => boolean)(left.value(row), right.value(row)),
    };
  });

/** Logic of three values: false decides `and`, true decides `or`, whatever the other is. */
const conditions: fc.Arbitrary<Formula<boolean>> = fc.letrec<{ node: Formula<boolean> }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    comparisons,
    fc.constant({ expr: col<boolean | null>("p"), value: (row: Item) => row.p }),
    fc.constant({ expr: col("s").isNull(), value: (row: Item) => row.s === null }),
    tie("node").map(({ expr, value }) => ({
      expr: expr.not(),
      value: (row: Item) => lifted((v: boolean) => !v)(value(row)),
    })),
    fc.tuple(tie("node"), tie("node")).map(([x, y]) => ({
      expr: x.expr.and(y.expr),
      value: (row: Item) => {
        const [a, b] = [x.value(row), y.value(row)];
        if (a === false || b === false) return false;
        return a === null || b === null ? null : true;
      },
    })),
    fc.tuple(tie("node"), tie("node")).map(([x, y]) => ({
      expr: x.expr.or(y.expr),
      value: (row: Item) => {
        const [a, b] = [x.value(row), y.value(row)];
        if (a === true || b === true) return true;
        return a === null || b === null ? null : false;
      },
    })),
  ),
})).node;

test("conditions follow three-valued logic, and filters keep rows that are true", async () => {
  await fc.assert(
    fc.asyncProperty(rows, conditions, async (items, { expr, value }) => {
      const frame = fromRecords(items, { schema });
      const computed = await frame
        .select(() => ({ v: expr }))
        .col("v")
        .toArray(sync);
      expect(computed).toEqual(items.map(value));
      const kept = await frame.filter(expr).col("i").toArray(sync);
      expect(kept).toEqual(items.filter((row) => value(row) === true).map((row) => row.i));
    }),
    { numRuns: 60 },
  );
});

test("filters mean the same above and below what the optimiser moves them through", async () => {
  await fc.assert(
    fc.asyncProperty(rows, conditions, async (items, { expr, value }) => {
      const frame = fromRecords(items, { schema });
      const moved = frame
        .assign((r) => ({ twice: r.a.mul(2) }))
        .sortValues("s", { ascending: false })
        .filter(expr)
        .select("i", "twice");
      const wanted = items.filter((row) => value(row) === true);
      const got = await moved.toRecords(sync);
      expect(got.map((row) => row.i).sort((x, y) => x - y)).toEqual(wanted.map((row) => row.i));
      for (const { i, twice } of got) {
        const a = items[i]?.a ?? null;
        expect(twice).toBe(a === null ? null : a * 2);
      }
    }),
    { numRuns: 30 },
  );
});

test("groupings, orders and distinct rows equal plain loops", async () => {
  await fc.assert(
    fc.asyncProperty(rows, async (items) => {
      const frame = fromRecords(items, { schema });
      const groups = new Map<number, Item[]>();
      for (const row of items) {
        if (row.a !== null) groups.set(row.a, [...(groups.get(row.a) ?? []), row]);
      }
      const keys = [...groups.keys()].sort((x, y) => x - y);
      const present = (list: Item[]): number[] => list.flatMap(({ b }) => (b === null ? [] : [b]));
      const grouped = frame.groupby("a").agg({
        n: ["b", "count"],
        rows: ["b", "size"],
        sum: ["b", "sum"],
        first: ["b", "first"],
        last: ["i", "last"],
      });
      expect(await grouped.toRecords(sync)).toEqual(
        keys.map((a) => {
          const list = groups.get(a) ?? [];
          const values = present(list);
          return {
            a,
            n: values.length,
            rows: list.length,
            sum: values.reduce((x, y) => x + y, 0),
            first: values[0] ?? null,
            last: list.at(-1)?.i,
          };
        }),
      );
      const sorted = await frame.sortValues("b").col("i").toArray(sync);
      const rank = (row: Item): number => row.b ?? Number.POSITIVE_INFINITY;
      expect(sorted).toEqual(
        [...items].sort((x, y) => rank(x) - rank(y) || x.i - y.i).map((r) => r.i),
      );
      const distinct = await frame
        .dropDuplicates({ subset: ["a", "p"] })
        .col("i")
        .toArray(sync);
      const seen = new Set<string>();
      const firsts = items.filter(({ a, p }) => {
        const key = `${a}/${p}`;
        return !seen.has(key) && seen.add(key);
      });
      expect(distinct).toEqual(firsts.map((row) => row.i));
      expect(await frame.tail(3).col("i").toArray(sync)).toEqual(items.slice(-3).map((r) => r.i));
    }),
    { numRuns: 40 },
  );
});

test("tables survive their bytes, slices and the engine", async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.nat(40), fc.nat(40), async (items, x, y) => {
      const table = Table.fromRecords(items, { schema });
      const [start, end] = [Math.min(x, y), Math.max(x, y)];
      const part = table.slice(start, end);
      expect(part.toRecords()).toEqual(items.slice(start, end));
      const { bytes, writeTo } = encodeValue(part);
      const memory = new Uint8Array(bytes);
      writeTo(memory);
      const back = decodeValue(memory) as Table<Item>;
      expect(back.toRecords()).toEqual(items.slice(start, end));
      expect(await fromTable(back).toRecords(sync)).toEqual(items.slice(start, end));
      const again = Table.concat([table.slice(0, start), table.slice(start)]);
      expect(again.toRecords()).toEqual(items);
    }),
    { numRuns: 60 },
  );
});
