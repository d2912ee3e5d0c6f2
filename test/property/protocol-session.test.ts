/**
 * @file Two sessions over sockets that break at any byte, during the handshake too: in a session
 * every message arrives exactly once and in order, and when a session cannot go on both sides begin
 * the same new one.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { SessionLab, script } from "../helpers/session-lab.ts";

const patient = {
  lostMs: Number.POSITIVE_INFINITY,
  suspectMs: Number.POSITIVE_INFINITY,
  deadMs: Number.POSITIVE_INFINITY,
};

it("every message arrives once and in order, however often the socket breaks", () => {
  fc.assert(
    fc.property(
      script({ waitMs: 200, maxLength: 150 }),
      fc.constantFrom(0, 2 ** 32 - 5, 2 ** 31 - 5),
      (steps, origin) => {
        const lab = new SessionLab({ ...patient, origin, ackBytes: 150 });
        lab.playToTheEnd(steps);
        expect(lab.begun).toBe(1);
      },
    ),
    { numRuns: 300 },
  );
});

it("a session that outgrew its window or its time is begun anew by both", () => {
  let renewed = 0;
  fc.assert(
    fc.property(script({ waitMs: 40_000, maxLength: 150 }), fc.nat(150), (steps, windowBytes) => {
      const lab = new SessionLab({ windowBytes, ackBytes: 150 });
      lab.playToTheEnd(steps);
      renewed += lab.begun - 1;
    }),
    { numRuns: 300 },
  );
  expect(renewed).toBeGreaterThan(20);
});
