import { expect, test } from "vitest";
import { GangAgreement } from "../../../src/cluster/gang-agreement.ts";
import { BARRIER, rootedSubject } from "../../../src/cluster/gang-subjects.ts";

const gather = rootedSubject("gather", 1);

test("who hears of another call at the same place knows that they disagree", () => {
  const own = new GangAgreement(0);
  expect(own.begin(BARRIER)).toBe(0);
  expect(own.begin(gather)).toBe(1);
  own.hear(1, 0, BARRIER);
  own.hear(1, 1, gather);
  expect(() => own.hear(1, 0, gather)).toThrow("member 0 is in barrier(), member 1 in gather");
});

test("what is heard before the call is remembered until then, and no longer", () => {
  const own = new GangAgreement(3);
  own.hear(1, 1, gather);
  own.begin(BARRIER);
  expect(() => own.begin(BARRIER)).toThrow("member 3 is in barrier(), member 1 in gather");
  own.hear(2, 2, gather);
  expect(own.begin(gather)).toBe(2);
  expect(own.begin(BARRIER)).toBe(3);
});

test("calls of long ago are forgotten", () => {
  const own = new GangAgreement(0);
  for (let i = 0; i < 5000; i++) own.begin(BARRIER);
  own.hear(1, 0, gather);
  expect(() => own.hear(1, 4999, gather)).toThrow("member 1 in gather");
});
