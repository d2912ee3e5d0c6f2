/** @file What the engine refuses is said in the words of frames. */
import { expect, test } from "vitest";
import { fromRecords } from "../../../src/dataframe/index.ts";

const sync = { scheduler: "sync" } as const;
const frame = fromRecords([{ d: new Date("2024-01-01"), s: "x", n: 3 }]);
const row = (r: unknown): Record<string, never> => r as Record<string, never>;
type Of = { [name: string]: (...args: unknown[]) => Of } & { dt: { year: never } };

test.each<[string, (r: Record<string, Of>) => unknown, string]>([
  ["a mean of text", (r) => r["s"]?.mean?.()["over"]?.(), "mean cannot take string"],
  ["a sum of text", (r) => r["s"]?.sum?.()["over"]?.(), "sum cannot take string"],
  ["a year of text", (r) => r["s"]?.dt.year, "a part of dt cannot take string"],
  ["date and number", (r) => r["d"]?.add?.(1.5), "add cannot take datetime64[us] and float64"],
  [
    "text of a number",
    (r) => (r["n"] as never as { str: Of }).str.upper?.(),
    "str.upper cannot take",
  ],
  ["a date against a number", (r) => r["d"]?.gt?.(1), "cannot be compared with int64"],
])("%s", (_, of, message) => {
  const build = () => frame.select((r) => ({ v: of(row(r)) as never }));
  expect(build).toThrow(expect.objectContaining({ code: "DTypeMismatch" }));
  expect(build).toThrow(message);
  expect(build).not.toThrow(/Binder|DuckDB|engine said/);
});

test("text that is no date, and no number", async () => {
  const build = () => frame.filter((r) => r.d.gt("banana"));
  const error = await Promise.resolve()
    .then(() => build().toRecords(sync))
    .catch((reason: Error) => (reason.cause ?? reason) as Error);
  expect(error).toMatchObject({ code: "DTypeMismatch" });
  expect((error as Error).message).toMatch(/^"banana" is no timestamp: give a Date/);
  const cast = frame.astype({ s: "int32" }).toRecords(sync);
  const why = await cast.catch((reason: Error) => (reason.cause ?? reason) as Error);
  expect((why as Error).message).toMatch(/^"x" is no int32: take astype/);
});

test("any and all take numbers", async () => {
  expect(await frame.col("n").any().compute(sync)).toBe(true);
  expect(await frame.assign({ n: 0 }).col("n").all().compute(sync)).toBe(false);
});
