import { expect, it } from "vitest";
import { Feed } from "../../../src/diagnostics/feed.ts";
import { formatSummary, RunSummary } from "../../../src/diagnostics/summary.ts";

it("adds up computations that ended and those that run", () => {
  const feed = new Feed();
  const summary = new RunSummary(feed);
  const load = { name: "load", total: 4, done: 4, failed: 0, busyMs: 40, bytes: 4096 };
  const first = feed.begin([{ ...load, done: 0 }]);
  feed.progress(first, [load]);
  feed.end(first, { status: "finished" });
  const second = feed.begin([{ name: "sum", total: 2, done: 0, failed: 0 }]);
  feed.progress(second, [{ name: "sum", total: 2, done: 0, failed: 1 }]);
  feed.end(second, { status: "failed" });
  const third = feed.begin([load]);
  feed.progress(third, [load]);
  summary.close();
  feed.end(third, { status: "finished" });
  expect(formatSummary(summary, 1500).split("\n")).toEqual([
    "3 computations (1 failed), 9 tasks (1 failed), 1.50 s, 8.00 kiB of results",
    "  group  tasks  failed      time      each     bytes",
    "  load       8          80.00 ms  10.00 ms  8.00 kiB",
    "  sum        1       1",
  ]);
});

it("is one line for nothing, and shows at most ten groups", () => {
  expect(formatSummary({ computations: 0, failures: 0, groups: [] }, 20)).toBe(
    "no computation, 20.00 ms",
  );
  const groups = Array.from({ length: 12 }, (_, i) => ({
    name: `g${i}`,
    total: 1,
    done: 1,
    failed: 0,
  }));
  const text = formatSummary({ computations: 1, failures: 0, groups }, 20);
  expect(text.split("\n")).toHaveLength(13);
  expect(text).toMatch(/^1 computation, 12 tasks, 20.00 ms\n/);
  expect(text).toMatch(/… and 2 more$/);
});
