/**
 * @file Two sessions over sockets that break at any byte, during the handshake too: in a session
 * every message arrives exactly once and in order, and when a session cannot go on both sides begin
 * the same new one.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { isHeddleError } from "../../src/core/errors.ts";
import { FRAME, Session } from "../../src/protocol/index.ts";
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

it("a session takes any frames or refuses them, and is over once it has refused one", () => {
  const frame = fc.record({
    type: fc.constantFrom(...Object.values(FRAME)),
    flags: fc.nat(255),
    seq: fc.oneof(fc.nat(4), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    ack: fc.oneof(fc.nat(4), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    body: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 12 })),
  });
  const ends = { open: 0, lost: 0, over: 0 };
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 10 }), (frames) => {
      const session = new Session("s", 0);
      for (let i = 0; i < 3; i++) session.send([new Uint8Array(i)]);
      try {
        frames.forEach((each, nowMs) => {
          const commands = session.receive({ ...each, bodyBytes: each.body.length }, nowMs);
          if (session.state === "over") expect(commands.at(-1)?.kind).not.toBe("transmit");
        });
      } catch (error) {
        if (!isHeddleError(error, "ProtocolError")) throw error;
        expect(session.state).toBe("over");
      }
      expect(session.unackedBytes).toBeLessThanOrEqual(3);
      ends[session.state]++;
    }),
    { numRuns: 1000 },
  );
  expect(ends.over).toBeGreaterThan(100);
  expect(ends.open).toBeGreaterThan(20);
});
