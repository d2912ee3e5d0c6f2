import { describe, expect, it } from "vitest";
import { mergeGroups, PaceBook, sumGroups } from "../../../src/diagnostics/progress-pace.ts";

const counts = (done: number, total = 1000) => [{ name: "load", total, done, failed: 0 }];

describe("PaceBook", () => {
  it("derives the pace from the last ten seconds", () => {
    const book = new PaceBook(0);
    for (let second = 1; second <= 20; second++) book.view(counts(second * 10), second * 1000);
    expect(book.view(counts(210), 21_000).total.rate).toBeCloseTo(10, 1);
    for (let second = 22; second <= 40; second++) {
      book.view(counts(210 + (second - 21)), second * 1000);
    }
    expect(book.view(counts(230), 41_000).total.rate).toBeCloseTo(1, 1);
  });

  it("counts the pace of a group from its first task on", () => {
    const book = new PaceBook(0);
    for (let second = 1; second <= 9; second++) book.view(counts(0), second * 1000);
    book.view(counts(0), 10_000);
    const { groups, total, elapsedMs } = book.view(counts(50), 11_000);
    expect(groups[0]?.rate).toBeCloseTo(50, 6);
    expect(total.rate).toBeCloseTo(50, 6);
    expect(elapsedMs).toBe(11_000);
  });

  it("has no pace at the start, and a group called total keeps its own", () => {
    const book = new PaceBook(5);
    const { groups, total } = book.view(
      [{ name: "total", total: 10, done: 5, failed: 0 }, ...counts(5)],
      5,
    );
    expect([groups[0]?.rate, total.rate]).toEqual([0, 0]);
    expect(total.done).toBe(10);
  });
});

describe("adding up", () => {
  it("merges equal names of several computations", () => {
    const merged = mergeGroups([
      counts(1, 10),
      counts(2, 20),
      [{ ...counts(3, 5)[0]!, name: "b" }],
    ]);
    expect(merged).toEqual([
      { name: "load", total: 30, done: 3, failed: 0 },
      { name: "b", total: 5, done: 3, failed: 0 },
    ]);
  });

  it("keeps what only some measure", () => {
    const measured = [{ ...counts(1)[0]!, busyMs: 5, bytes: 7 }, counts(2)[0]!];
    expect(sumGroups(measured)).toEqual({
      name: "total",
      total: 2000,
      done: 3,
      failed: 0,
      busyMs: 5,
      bytes: 7,
    });
  });
});
