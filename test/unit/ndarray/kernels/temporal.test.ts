/**
 * @file Dates and time spans: differences, shifts, comparisons and extremes as NumPy has them, NaT
 * included, and typed errors for what has no meaning.
 */
import { describe, expect, it } from "vitest";
import { isHeddleError } from "../../../../src/core/errors.ts";
import * as nd from "../../../../src/ndarray/index.ts";

const DAY = 86_400_000_000_000;
const NAT = new Date(Number.NaN);
const dates = nd.fromArray([new Date("2020-01-02"), NAT, new Date("2020-03-01")]);
const others = nd.fromArray([new Date("2020-01-01"), new Date("2020-01-01"), NAT]);
const spans = nd.fromArray([BigInt(DAY), 0n, -1n]).astype("timedelta64");

describe("dates and time spans", () => {
  it("give spans by subtraction, and NaT from NaT", () => {
    const difference = nd.subtract(dates, others);
    expect(difference.dtype).toBe("timedelta64");
    const ticks = difference.astype("int64").toArray({ int64: "bigint" });
    expect(ticks).toEqual([BigInt(DAY), -(2n ** 63n), -(2n ** 63n)]);
    expect(nd.isnan(difference).toArray()).toEqual([false, true, true]);
  });

  it("are shifted by spans, which add up and multiply", () => {
    const later = nd.add(dates, spans as never) as unknown as typeof dates;
    expect(later.dtype).toBe("datetime64");
    expect(later.toArray()).toEqual([
      new Date("2020-01-03"),
      NAT,
      new Date("2020-02-29T23:59:59.999Z"),
    ]);
    expect(nd.subtract(later, spans as never).toArray()).toEqual(dates.toArray());
    const week = nd.multiply(spans, 7);
    expect(week.dtype).toBe("timedelta64");
    expect(nd.sum(nd.add(week, spans))).toBe(8 * DAY - 8);
  });

  it("compare in time, NaT with nothing", () => {
    expect(nd.less(others, dates).toArray()).toEqual([true, false, false]);
    expect(nd.equal(dates, dates).toArray()).toEqual([true, false, true]);
    expect(nd.notEqual(dates, dates).toArray()).toEqual([false, true, false]);
    expect(nd.maximum(dates, others).toArray()).toEqual([new Date("2020-01-02"), NAT, NAT]);
  });

  it("refuse what has no meaning when the kernel is built", () => {
    const refused = [
      () => nd.add(dates, dates),
      () => nd.subtract(spans, dates as never),
      () => nd.multiply(dates, 2),
      () => nd.add(dates, 5),
      () => nd.multiply(spans, 1.5),
      () => nd.power(spans, 2),
      () => nd.less(dates, spans),
      () => nd.sin(dates),
      () => nd.sum(dates),
      () => nd.prod(spans),
      () => nd.cumsum(dates),
    ];
    for (const call of refused) {
      let error: unknown;
      try {
        call();
      } catch (caught) {
        error = caught;
      }
      expect(isHeddleError(error, "DTypeMismatch"), String(call)).toBe(true);
    }
  });
});
