/** @file The ring of reports: in order, round and round, and times as words. */
import { describe, expect, test } from "vitest";
import {
  makeControlBlock,
  REPORT_CAPACITY,
  THREAD,
  threadWord,
  WORD,
} from "../../../src/threads/control-block.ts";
import { ReportWriter, readReports, timeWord, wordMs } from "../../../src/threads/reports.ts";

function read(words: Int32Array, thread: number): number[][] {
  const reports: number[][] = [];
  readReports(words, thread, (...report) => reports.push(report));
  return reports;
}

describe("reports", () => {
  test("come in order, each once, per thread", () => {
    const words = new Int32Array(makeControlBlock(2));
    const writers = [0, 1].map((thread) => new ReportWriter(words, thread));
    writers[0]?.write(1, 2, 3, 4);
    writers[1]?.write(9, -1, -2, -3);
    writers[0]?.write(5, 6, 7, 8);
    expect(read(words, 0)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(read(words, 1)).toEqual([[9, -1, -2, -3]]);
    expect(read(words, 0)).toEqual([]);
  });

  test("go round the ring many times, also where the counters run over", () => {
    const words = new Int32Array(makeControlBlock(1));
    const start = 0x7fffffff - 3 * REPORT_CAPACITY + 100;
    words[threadWord(0) + THREAD.reportHead] = start;
    words[threadWord(0) + THREAD.reportTail] = start;
    const writer = new ReportWriter(words, 0);
    let next = 0;
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < REPORT_CAPACITY; i++) writer.write(1, next + i, 0, 0);
      const reports = read(words, 0);
      expect(reports).toHaveLength(REPORT_CAPACITY);
      expect(reports.every((report, i) => report[1] === next + i)).toBe(true);
      next += REPORT_CAPACITY;
    }
    expect(words[threadWord(0) + THREAD.reportTail]).toBeLessThan(6 * REPORT_CAPACITY);
  });

  test("a thread that starts again goes on where the last one ended", () => {
    const words = new Int32Array(makeControlBlock(1));
    new ReportWriter(words, 0).write(1, 1, 0, 0);
    new ReportWriter(words, 0).write(1, 2, 0, 0);
    expect(read(words, 0).map((report) => report[1])).toEqual([1, 2]);
  });

  test("ring the control thread's bell now and then, and when asked", () => {
    const words = new Int32Array(makeControlBlock(1));
    const writer = new ReportWriter(words, 0);
    writer.write(1, 0, 0, 0);
    expect([words[WORD.controlBell], writer.hasUnannounced]).toEqual([0, true]);
    writer.announce();
    expect([words[WORD.controlBell], writer.hasUnannounced]).toEqual([1, false]);
    for (let i = 0; i < 256; i++) writer.write(1, 0, 0, 0);
    expect(words[WORD.controlBell]).toBe(2);
  });
});

test.each([0, 0.000001, 0.5, 999.999, 1000, 86_400_000])("%d ms survives as a word", (ms) => {
  const word = timeWord(ms);
  expect(Number.isInteger(word)).toBe(true);
  expect(Math.abs(word)).toBeLessThan(2 ** 31);
  expect(wordMs(word)).toBeCloseTo(ms, ms < 1000 ? 6 : 0);
});
