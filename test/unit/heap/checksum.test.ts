/**
 * @file The fingerprint of validate mode: every changed bit counts, the place in memory does not.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { checksum } from "../../../src/heap/checksum.ts";

it("changes with any single byte, also behind the last whole word", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 70 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, at, by) => {
        const before = checksum(bytes);
        const changed = Uint8Array.from(bytes);
        const i = at % bytes.length;
        changed[i] = (changed[i] as number) ^ by;
        expect(checksum(changed)).not.toBe(before);
      },
    ),
  );
});

it("is the same wherever the bytes lie, and differs with their number", () => {
  const bytes = Uint8Array.from({ length: 41 }, (_, i) => i * 7);
  const shifted = new Uint8Array(50);
  shifted.set(bytes, 3);
  expect(checksum(shifted.subarray(3, 44))).toBe(checksum(bytes));
  expect(checksum(new Uint8Array(4))).not.toBe(checksum(new Uint8Array(5)));
});
