import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  auto,
  boolean,
  bytes,
  duration,
  integerFrom,
  type Kind,
  named,
  nullable,
  numberFrom,
  oneOf,
  text,
  texts,
} from "../../../src/config/kinds.ts";

function check<T>(kind: Kind<T>, good: readonly (readonly [unknown, T])[], bad: unknown[]): void {
  for (const [raw, value] of good) {
    expect(kind.parse(raw), JSON.stringify(raw)).toEqual(value);
    expect(kind.parse(value), "a kind accepts its own values").toEqual(value);
  }
  for (const raw of bad) expect(kind.parse(raw), JSON.stringify(raw)).toBeUndefined();
}

describe("kinds of configuration values", () => {
  it("bytes", () => {
    check(
      bytes,
      [
        ["128 MiB", 2 ** 27],
        ["5GB", 5e9],
        [12, 12],
      ],
      ["12 parsecs", -1, true, null],
    );
  });

  it("duration: texts need units, numbers are milliseconds, as they are in variables", () => {
    check(
      duration,
      [
        ["10s", 10_000],
        [25, 25],
        ["25", 25],
      ],
      ["soon", -1, null],
    );
  });

  it("boolean", () => {
    check(
      boolean,
      [
        ["yes", true],
        ["0", false],
        [true, true],
        ["off", false],
      ],
      ["maybe", 2, null],
    );
  });

  it("text and texts", () => {
    check(text, [["a", "a"]], [1, null]);
    check(
      texts,
      [
        ["a, b", ["a", "b"]],
        [["a"], ["a"]],
      ],
      [[1], 3],
    );
  });

  it("numbers with a least value", () => {
    check(
      numberFrom(1),
      [
        ["1.25", 1.25],
        [4, 4],
        ["1e3", 1000],
      ],
      [0.5, "x", "", true],
    );
    check(
      integerFrom(0),
      [
        ["3", 3],
        [0, 0],
        ["10_000", 10_000],
      ],
      [1.5, -1, "three"],
    );
  });

  it("words", () => {
    check(oneOf("auto", "single"), [["auto", "auto"]], ["Auto", 1]);
  });

  it("auto, null and names on top of another kind", () => {
    check(
      auto(bytes),
      [
        ["auto", "auto"],
        ["1kB", 1000],
      ],
      ["automatic"],
    );
    check(
      nullable(text),
      [
        [null, null],
        ["none", null],
        ["a", "a"],
      ],
      [1],
    );
    check(
      named(numberFrom(0)),
      [
        ["GPU=2 MEM=10e9", { GPU: 2, MEM: 1e10 }],
        [{ a: 1 }, { a: 1 }],
      ],
      ["GPU", { a: "x" }, [1]],
    );
  });

  it("what bytes and durations write can be read again, to the digits shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (size) => {
        const read = bytes.parse(bytes.format(size)) ?? Number.NaN;
        expect(Math.abs(read - size)).toBeLessThanOrEqual(size * 0.006 + 1);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => {
        const read = duration.parse(duration.format(ms)) ?? Number.NaN;
        expect(read).toBeCloseTo(ms, 6);
      }),
    );
  });
});
