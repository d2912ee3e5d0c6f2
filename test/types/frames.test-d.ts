/** @file Types of frames: columns carried through every verb, and what must not compile. */
import { expectTypeOf, test } from "vitest";
import {
  type AnyRow,
  col,
  type DataFrame,
  type Expr,
  fromRecords,
  lit,
  readCsv,
  readParquet,
  type Scalar,
  sql,
  type Table,
  when,
} from "../../src/dataframe/index.ts";

interface Flight {
  origin: string;
  destination: string;
  date: Date;
  delay: number;
  gate: string | null;
  fee: number | null;
}
const flights = readParquet<Flight>("flights.parquet");

test("columns follow select, assign, rename and drop", () => {
  expectTypeOf(flights.select("origin", "delay")).toEqualTypeOf<
    DataFrame<{ origin: string; delay: number }>
  >();
  expectTypeOf(
    flights.select("delay").assign((r) => ({ late: r.delay.gt(15), one: 1 })),
  ).toEqualTypeOf<DataFrame<{ delay: number; late: boolean; one: number }>>();
  expectTypeOf(
    flights.select("delay").assign((r) => ({ delay: r.delay.astype<string>("string") })),
  ).toEqualTypeOf<DataFrame<{ delay: string }>>();
  expectTypeOf(flights.select("origin", "fee").rename({ origin: "from" })).toEqualTypeOf<
    DataFrame<{ from: string; fee: number | null }>
  >();
  expectTypeOf(flights.drop("date", "gate", "fee", "destination")).toEqualTypeOf<
    DataFrame<{ origin: string; delay: number }>
  >();
  expectTypeOf(flights.filter((r) => r.delay.gt(15)).head(3)).toEqualTypeOf<DataFrame<Flight>>();
});

test("nulls are part of the type", () => {
  flights.select((r) => {
    expectTypeOf(r.delay.add(1)).toEqualTypeOf<Expr<number>>();
    expectTypeOf(r.fee.add(1)).toEqualTypeOf<Expr<number | null>>();
    expectTypeOf(r.fee.fillna(0)).toEqualTypeOf<Expr<number>>();
    expectTypeOf(r.gate.str.lower()).toEqualTypeOf<Expr<string>>();
    expectTypeOf(r.date.dt.hour).toEqualTypeOf<Expr<number>>();
    expectTypeOf(r.delay.shift()).toEqualTypeOf<Expr<number | null>>();
    expectTypeOf(when(r.delay.gt(15), "late" as const).otherwise(lit(0))).toEqualTypeOf<
      Expr<"late" | 0>
    >();
    return { delay: r.delay };
  });
  expectTypeOf(flights.select("fee").fillna(0)).toEqualTypeOf<DataFrame<{ fee: number }>>();
});

test("groupings give keys and aggregates", () => {
  const grouped = flights.groupby(["origin", "gate"]).agg({
    n: ["delay", "count"],
    first: ["date", "first"],
    any: ["delay", "any"],
    p90: ["delay", "quantile", 0.9],
  });
  expectTypeOf(grouped.toRecords()).resolves.toEqualTypeOf<
    { origin: string; gate: string | null; n: number; first: Date; any: boolean; p90: number }[]
  >();
  expectTypeOf(
    flights
      .groupby("origin")
      .agg((r) => ({ m: r.delay.max(), g: r.gate.min() }))
      .toRecords(),
  ).resolves.toEqualTypeOf<{ origin: string; m: number; g: string | null }[]>();
  expectTypeOf(flights.groupby("origin").mean()).toEqualTypeOf<
    DataFrame<{ origin: string; delay: number; fee: number }>
  >();
  expectTypeOf(flights.groupby("origin").col("delay").max()).toEqualTypeOf<
    DataFrame<{ origin: string; delay: number }>
  >();
  expectTypeOf(flights.col("delay").mean()).toEqualTypeOf<Scalar<number>>();
  expectTypeOf(flights.col("gate").unique()).toEqualTypeOf<DataFrame<{ gate: string | null }>>();
});

test("joins merge columns", () => {
  const left = flights.select("origin", "delay");
  const right = fromRecords<{ origin: string; delay: number; city: string }>([]);
  expectTypeOf(left.merge(right, { on: "origin" }).compute()).resolves.toEqualTypeOf<
    Table<{ origin: string; delay_x: number; delay_y: number; city: string }>
  >();
  expectTypeOf(left.merge(right.drop("delay"), { how: "left" }).compute()).resolves.toEqualTypeOf<
    Table<{ origin: string; delay: number; city: string | null }>
  >();
  expectTypeOf(left.merge(right, { on: "origin", how: "semi" })).toEqualTypeOf<typeof left>();
  expectTypeOf(
    left.merge(right, { on: "origin", suffixes: ["", "_r"] }).compute(),
  ).resolves.toEqualTypeOf<
    Table<{ origin: string; delay: number; delay_r: number; city: string }>
  >();
});

test("results", () => {
  expectTypeOf(flights.select("delay").toRecords()).resolves.toEqualTypeOf<{ delay: number }[]>();
  expectTypeOf(flights.select("delay").toRecords({ int64: "bigint" })).resolves.toEqualTypeOf<
    { delay: number | bigint }[]
  >();
  expectTypeOf(sql<{ n: number }>("select 1 as n")).toEqualTypeOf<DataFrame<{ n: number }>>();
  expectTypeOf(readCsv("a.csv")).toEqualTypeOf<DataFrame<AnyRow>>();
  expectTypeOf(flights.mapPartitions((t) => [{ n: t.length }])).toEqualTypeOf<
    DataFrame<{ n: number }>
  >();
  expectTypeOf(col<number>("x").gt(1)).toEqualTypeOf<Expr<boolean>>();
});

test("one quantile is a value, several are rows", () => {
  const delay = flights.col("delay");
  expectTypeOf(delay.quantile(0.5)).toEqualTypeOf<Scalar<number>>();
  expectTypeOf(delay.quantile([0.1, 0.9])).toEqualTypeOf<
    DataFrame<{ quantile: number } & { delay: number }>
  >();
  expectTypeOf(delay.corr(flights.col("delay"))).toEqualTypeOf<Scalar<number>>();
});

test("what must not compile", () => {
  const never = (): void => {
    // @ts-expect-error no such column
    flights.select("orgin");
    // @ts-expect-error no such column
    flights.filter((r) => r.delya.gt(1));
    // @ts-expect-error text is not compared with a number
    flights.filter((r) => r.origin.gt(15));
    // @ts-expect-error a filter takes a condition
    flights.filter((r) => r.delay.add(1));
    // @ts-expect-error no such aggregate
    flights.groupby("origin").agg({ n: ["delay", "cuont"] });
    // @ts-expect-error no such column
    flights.groupby("orgin");
    // @ts-expect-error the key must be in both frames
    flights.merge(fromRecords([{ a: 1 }]), { on: "origin" });
    // @ts-expect-error a type for a column that is not there
    flights.astype({ orgin: "string" });
  };
  expectTypeOf(never).toBeFunction();
});
