import { describe, expect, it } from "vitest";
import {
  formatCount,
  formatEta,
  formatRate,
  type GroupView,
  type ProgressView,
  percent,
  renderBars,
  renderLine,
} from "../../../src/diagnostics/progress-view.ts";

function group(name: string, total: number, done: number, failed = 0, rate = 0): GroupView {
  return { name, total, done, failed, rate };
}

const view: ProgressView = {
  groups: [group("load", 100, 100, 0, 50), group("sum-partial", 100, 20, 5, 12.4)],
  total: group("total", 200, 120, 5, 62),
  elapsedMs: 2345,
};

describe("renderBars", () => {
  it("shows a line for each group and one for all, aligned", () => {
    expect(renderBars(view, { columns: 100, color: false })).toEqual([
      "load         [############################]  100 %  100/100  50/s",
      "sum-partial  [#####xx---------------------]   25 %   25/100  5 failed  12/s",
      "total        [################x-----------]   62 %  125/200  5 failed  62/s  2.35 s  about 2 s left",
    ]);
  });

  it("shows one line when there is one group", () => {
    const one: ProgressView = { ...view, groups: [group("load", 200, 120)] };
    const lines = renderBars(one, { columns: 100, color: false });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^load {2}\[/);
  });

  it("never exceeds the width of the terminal, colour codes aside", () => {
    const codes = ["\u001B[0m", "\u001B[2m", "\u001B[31m", "\u001B[32m"];
    const strip = (line: string) => codes.reduce((text, code) => text.replaceAll(code, ""), line);
    for (const columns of [20, 40, 60, 80, 200]) {
      for (const color of [true, false]) {
        for (const line of renderBars(view, { columns, color })) {
          expect(strip(line).length).toBeLessThan(columns);
          if (line.includes("\u001B")) expect(line).toContain("\u001B[0m");
        }
      }
    }
    const plain = renderBars(view, { columns: 200, color: true }).map(strip);
    expect(plain[0]).toContain("100/100");
  });

  it("shows at most eight groups, those at work first, and counts the others", () => {
    const groups = Array.from({ length: 12 }, (_, i) => group(`g${i}`, 10, i < 10 ? 10 : 5));
    const lines = renderBars({ ...view, groups }, { columns: 100, color: false });
    expect(lines).toHaveLength(10);
    expect(lines.some((line) => line.startsWith("g10"))).toBe(true);
    expect(lines.some((line) => line.startsWith("g11"))).toBe(true);
    expect(lines.at(-2)).toBe("… and 4 more groups");
    expect(lines.at(-1)).toMatch(/^total/);
  });
});

describe("renderLine", () => {
  it("says everything in one line", () => {
    expect(renderLine(view)).toBe(
      "progress: 62 %, 125/200 tasks, 5 failed, 62/s, 2.35 s, about 2 s left",
    );
  });
});

describe("numbers", () => {
  it("percent says 100 only at the end, and for nothing to do", () => {
    expect(percent(group("a", 1000, 999))).toBe(99);
    expect(percent(group("a", 1000, 999, 1))).toBe(100);
    expect(percent(group("a", 0, 0))).toBe(100);
  });

  it.each([
    [0, ""],
    [0.05, "3.0/min"],
    [0.5, "30/min"],
    [2.34, "2.3/s"],
    [56.7, "57/s"],
    [1234, "1.2k/s"],
    [56_789, "57k/s"],
    [1_234_567, "1.23M/s"],
  ])("formatRate(%s) is %s", (rate, text) => expect(formatRate(rate)).toBe(text));

  it("formatCount keeps large counts short", () => {
    expect([999, 12_345, 1_500_000, 2e9].map(formatCount)).toEqual([
      "999",
      "12,345",
      "1.50 M",
      "2.00 G",
    ]);
  });

  it("formatEta is empty when unknown or over", () => {
    expect(formatEta(group("a", 10, 5, 0, 0))).toBe("");
    expect(formatEta(group("a", 10, 10, 0, 3))).toBe("");
    expect(formatEta(group("a", 10, 4, 1, 0.5))).toBe("about 10 s left");
  });
});
