import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COLLECTION, type Collection } from "../../../src/core/collection.ts";
import type { Layer } from "../../../src/core/graph.ts";
import { feed } from "../../../src/diagnostics/feed.ts";
import { ProgressBar, type ProgressOptions, progress } from "../../../src/diagnostics/progress.ts";

class Sink {
  text = "";
  readonly columns = 100;
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

const counts = (done: number, failed = 0, total = 100) => [{ name: "load", total, done, failed }];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function run(options: ProgressOptions, steps: readonly (readonly [number, number])[]): void {
  using _bar = new ProgressBar(options).register();
  const id = feed.begin(counts(0));
  for (const [ms, done] of steps) {
    vi.advanceTimersByTime(ms);
    feed.progress(id, counts(done));
  }
  feed.end(id, { status: "finished" });
}

describe("ProgressBar in a terminal", () => {
  it("draws at most ten times a second and leaves one line", () => {
    const stream = new Sink(true);
    run(
      { stream, env: {} },
      Array.from({ length: 100 }, (_, i) => [10, i + 1] as const),
    );
    const drawings = stream.text.split("\u001B[1A").length;
    expect(drawings).toBeGreaterThanOrEqual(10);
    expect(drawings).toBeLessThanOrEqual(13);
    expect(stream.text.split("\u001B[0J").at(-1)).toContain("100/100");
  });

  it("moves on by itself while nothing is reported", () => {
    const stream = new Sink(true);
    using _bar = new ProgressBar({ stream, env: {} }).register();
    const id = feed.begin(counts(50));
    vi.advanceTimersByTime(3000);
    expect(stream.text).toContain("3 s");
    feed.end(id, { status: "finished" });
  });

  it("leaves nothing with keep: false, and shows nothing of short computations", () => {
    const gone = new Sink(true);
    run({ stream: gone, env: {}, keep: false }, [[500, 100]]);
    expect(gone.text.endsWith("\u001B[0J")).toBe(true);
    const short = new Sink(true);
    run({ stream: short, env: {}, minimumMs: 300 }, [[200, 100]]);
    expect(short.text).toBe("");
  });

  it("shows computations that run at the same time as one", () => {
    const stream = new Sink(true);
    using _bar = new ProgressBar({ stream, env: { NO_COLOR: "1" } }).register();
    const first = feed.begin(counts(0));
    const second = feed.begin(counts(0));
    feed.progress(first, counts(100));
    feed.end(first, { status: "finished" });
    vi.advanceTimersByTime(200);
    feed.progress(second, counts(0, 30));
    vi.advanceTimersByTime(200);
    expect(stream.text.split("\u001B[0J").at(-1)).toContain("130/200  30 failed");
    feed.end(second, { status: "failed" });
  });
});

describe("ProgressBar where there is no terminal", () => {
  it("writes a line for each tenth, without control codes", () => {
    const stream = new Sink(false);
    run(
      { stream, env: {} },
      Array.from({ length: 100 }, (_, i) => [100, i + 1] as const),
    );
    const lines = stream.text.trimEnd().split("\n");
    expect(lines.map((line) => /^progress: (\d+) %/.exec(line)?.[1])).toEqual([
      "10",
      "20",
      "30",
      "40",
      "50",
      "60",
      "70",
      "80",
      "90",
      "100",
    ]);
    expect(stream.text).not.toContain("\u001B");
  });

  it("writes a line each half minute while nothing moves", () => {
    const stream = new Sink(false);
    run(
      { stream, env: {} },
      Array.from({ length: 100 }, () => [1000, 5] as const),
    );
    expect(stream.text.trimEnd().split("\n")).toHaveLength(4);
  });

  it("is silent about computations under a second", () => {
    const stream = new Sink(false);
    run({ stream, env: {} }, [[900, 100]]);
    expect(stream.text).toBe("");
  });
});

describe("progress()", () => {
  const held = (failed: number): Collection => {
    const layer = {
      name: "sum-0123456789ab",
      held: {
        engine: { countSettled: (ids: Int32Array) => ({ done: ids.length - failed, failed }) },
        ids: Int32Array.of(4, 5, 6),
      },
    } as unknown as Layer;
    const outputs = [0, 1, 2].map((index) => ({ layer, index }));
    const lower = () => ({ outputs, finish: () => 0, rebuild: () => held(failed) });
    return { [COLLECTION]: true, lower };
  };

  it("resolves when futures and persisted collections have ended, well or not", async () => {
    const futures = [
      { key: "inc-aaaaaaaa", status: "finished" },
      { key: "inc-bbbbbbbb", status: "pending" },
    ];
    let isOver = false;
    const over = progress(futures, held(1), { key: "x", status: "error" }).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(isOver).toBe(false);
    futures[1]!.status = "cancelled";
    await vi.advanceTimersByTimeAsync(200);
    expect(isOver).toBe(true);
    await over;
  });

  it("refuses what has not begun, and what it cannot watch", async () => {
    const lazy = {
      [COLLECTION]: true,
      lower: () => ({ outputs: [{ layer: { name: "a" }, index: 0 }] }),
    } as unknown as Collection;
    await expect(progress(lazy)).rejects.toThrow(/persist\(\)/);
    await expect(progress(3 as never)).rejects.toThrow(/given number/);
  });
});
