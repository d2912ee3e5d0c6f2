import fc from "fast-check";
import { expect, test } from "vitest";
import { GangRing } from "../../../src/cluster/gang-ring.ts";

function ring(bytes: number, at = 0): GangRing {
  const words = new Int32Array(new SharedArrayBuffer(8)).fill(at);
  return new GangRing(words, new Uint8Array(new SharedArrayBuffer(bytes)));
}

test("it takes what there is room for, and gives what there is", () => {
  const one = ring(8);
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect([one.write(bytes, 0), one.write(bytes, 8), one.used]).toEqual([8, 0, 8]);
  const target = new Uint8Array(10);
  expect([one.read(target.subarray(0, 5), 0), one.write(bytes, 8)]).toEqual([5, 2]);
  expect([one.read(target, 5), one.read(target, 10), one.used]).toEqual([5, 0, 0]);
  expect(target).toEqual(bytes);
});

test("the bytes come out as they went in, whatever the pieces, also when the counts wrap", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 2 ** 31 - 50, -50), (all, start) => {
      const one = ring(16, start);
      let wrote = 0;
      let read = 0;
      for (const [isWrite, count] of all) {
        if (isWrite) {
          const piece = Uint8Array.from({ length: count }, (_, i) => wrote + i);
          wrote += one.write(piece, 0);
        } else {
          const piece = new Uint8Array(count);
          const came = one.read(piece, 0);
          for (let i = 0; i < came; i++) expect(piece[i]).toBe((read + i) & 255);
          read += came;
        }
        expect(one.used).toBe(wrote - read);
      }
    }),
  );
});
