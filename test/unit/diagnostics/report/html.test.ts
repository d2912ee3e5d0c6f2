import { describe, expect, test } from "vitest";
import {
  type ReportData,
  type ReportedTasks,
  spansOf,
  sumsBy,
} from "../../../../src/diagnostics/report/data.ts";
import { reportHtml } from "../../../../src/diagnostics/report/html.ts";

const task = (given: Partial<ReportedTasks>): ReportedTasks => ({
  name: "load",
  worker: "tcp://w:1",
  thread: 0,
  startMs: 1000,
  durationMs: 100,
  count: 1,
  status: "finished",
  ...given,
});

const data: ReportData = {
  title: "</title><script>alert(1)</script>",
  startMs: 1000,
  endMs: 2000,
  scheduler: "tcp://s:1",
  workers: [
    {
      ...{ name: "<b>one", address: "tcp://w:1", host: "h", threads: 2 },
      ...{ memoryLimitBytes: 2 ** 30, memoryBytes: 1024, peakBytes: 2048, spilledBytes: 0 },
    },
  ],
  tasks: [
    task({ span: ["prepare", "read"] }),
    task({ startMs: 1500, thread: 1, status: "error" }),
    task({ name: "clean", startMs: 1200, durationMs: 300, count: 30, span: ["prepare"] }),
  ],
  calls: {
    ...{ name: "all tasks", url: "", line: 0, selfMs: 10, totalMs: 100 },
    children: [
      { name: "load", url: "file:///a.ts", line: 3, selfMs: 90, totalMs: 90, children: [] },
    ],
  },
  versions: { Heddle: "1.2.3" },
  log: ["<info> began"],
};

describe("a performance report", () => {
  const html = reportHtml(data);

  test("needs nothing from elsewhere, and what others have named is text", () => {
    expect(html).not.toMatch(/(src|href)="(?!#)/);
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain("<b>one");
    expect(html).toContain("&lt;info&gt; began");
  });

  test("sums up", () => {
    expect(html).toContain("<td>32, of which 1 failed</td>");
    expect(html).toContain("<td>500.00 ms (25 % of all threads)</td>");
    expect(html).toContain("<th>Heddle</th><td>1.2.3</td>");
  });

  test("has a row for each thread and a bar for each task", () => {
    const bars = [
      ...html.matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"[^>]*class="(\w+)"/g),
    ];
    expect(bars.map(([, x, y, width, kind]) => [x, y, width, kind])).toEqual([
      ["0.0", "2", "1000.0", "c1"],
      ["2000.0", "2", "3000.0", "c0"],
      ["5000.0", "22", "1000.0", "failed"],
    ]);
    expect(html).toContain("<title>clean (30 tasks) in prepare: 300.00 ms</title>");
  });

  test("draws bars together that are too short to be seen", () => {
    const short = Array.from({ length: 5000 }, (_, i) =>
      task({ name: "tiny", startMs: 1000 + i * 0.05, durationMs: 0.04 }),
    );
    const many = reportHtml({ ...data, tasks: short });
    expect(many.match(/<rect/g)?.length).toBeLessThan(50);
    expect(many).toContain("(5000 tasks)");
  });

  test("without spans, samples and tasks it says so", () => {
    const { calls: _, ...rest } = data;
    const empty = reportHtml({ ...rest, tasks: [] });
    expect(empty).toContain("No task has ended meanwhile");
    expect(empty).toContain("It was not measured");
    expect(empty).not.toContain('id="spans"');
  });
});

test("sums are by time, and spans are paths", () => {
  const sums = sumsBy(data.tasks, spansOf);
  expect(sums).toEqual([
    { name: "prepare", count: 31, totalMs: 400, failed: 0 },
    { name: "prepare / read", count: 1, totalMs: 100, failed: 0 },
  ]);
});
