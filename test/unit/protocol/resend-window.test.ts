/** @file The frames that may have to be sent again, and when they are given up. */
import { describe, expect, it } from "vitest";
import { ResendWindow } from "../../../src/protocol/resend-window.ts";

const frame = (bytes: number): Uint8Array[] => [new Uint8Array(bytes)];

describe("ResendWindow", () => {
  it("keeps what was added until it is released", () => {
    const window = new ResendWindow(1000, 10);
    expect([window.add(frame(100)), window.add(frame(200)), window.add(frame(0))]).toEqual([
      11, 12, 13,
    ]);
    expect([window.bytes, window.floor, window.last]).toEqual([300, 10, 13]);
    window.release(11);
    expect(window.frames().map(({ seq }) => seq)).toEqual([12, 13]);
    expect([window.bytes, window.floor]).toEqual([200, 11]);
    window.release(5);
    window.release(13);
    expect([window.bytes, window.floor, window.frames()]).toEqual([0, 13, []]);
  });

  it("gives up the oldest when it is full", () => {
    const window = new ResendWindow(1000, 0);
    for (let i = 0; i < 4; i++) window.add(frame(300));
    expect([window.bytes, window.floor]).toEqual([900, 1]);
    window.add(frame(1001));
    expect([window.bytes, window.floor, window.last]).toEqual([0, 5, 5]);
  });

  it("stays exact over many frames", () => {
    const window = new ResendWindow(5000, 0);
    for (let i = 1; i <= 1000; i++) {
      expect(window.add(frame(i % 7))).toBe(i);
      if (i % 3 === 0) window.release(i - 50);
      const kept = window.frames();
      expect(window.floor).toBe(Math.max(0, i - (i % 3) - 50));
      expect(kept.length).toBe(window.last - window.floor);
      expect(kept[0]?.seq ?? i + 1).toBe(window.floor + 1);
    }
    expect(window.frames().length).toBeLessThan(60);
  });
});
