/**
 * @file The long run of the protocol's fuzz tests: many more damaged bodies, streams and breaking
 * sockets than the quick tier can afford, from other seeds each time. A failure prints the seed and
 * path that play it again.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { joinChunks, writeFrame } from "../../src/protocol/index.ts";
import {
  bodyOf,
  damage,
  damaged,
  expectSame,
  meansOneThingOrIsRefused,
  messages,
  parse,
} from "../helpers/protocol.ts";
import { SessionLab, script } from "../helpers/session-lab.ts";

it("100,000 damaged bodies mean one thing or are refused", () => {
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(messages, fc.array(damage, { minLength: 20, maxLength: 20 }), (sent, harms) => {
      const body = bodyOf(sent);
      for (const harm of harms) seen[meansOneThingOrIsRefused(damaged(body, harm))]++;
    }),
    { numRuns: 5000 },
  );
  expect(seen.read + seen.refused).toBe(100_000);
  expect(seen.refused).toBeGreaterThan(10_000);
});

it("damaged streams in any pieces are read as in one", () => {
  const piece = fc.nat(40);
  fc.assert(
    fc.property(
      fc.array(messages, { minLength: 1, maxLength: 4 }),
      damage,
      fc.array(piece, { minLength: 1, maxLength: 30 }),
      (turns, harm, sizes) => {
        const frames = turns.flatMap((sent) => writeFrame(6, [bodyOf(sent)]));
        const stream = damaged(joinChunks(frames), harm);
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = (sizes[i % sizes.length] ?? 0) * (i % 7 === 0 ? 100 : 1) + 1;
          pieces.push(stream.subarray(at, at + size));
          at += size;
        }
        expectSame(parse(pieces, 2 ** 16), parse([stream], 2 ** 16));
      },
    ),
    { numRuns: 5000 },
  );
});

it("20,000 scripts of breaking sockets lose and double nothing", () => {
  const options = fc.record({
    windowBytes: fc.oneof(fc.nat(200), fc.constant(100_000)),
    ackBytes: fc.nat(300),
    origin: fc.constantFrom(0, 2 ** 31 - 20, 2 ** 32 - 20),
  });
  fc.assert(
    fc.property(script({ waitMs: 20_000, maxLength: 400 }), options, (steps, chosen) => {
      const lab = new SessionLab(chosen);
      lab.playToTheEnd(steps);
    }),
    { numRuns: 20_000 },
  );
});
