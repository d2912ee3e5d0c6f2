/**
 * @file The parser of the wire under anything that can come: messages of every kind of field come
 * back as they were; damaged and random bytes are refused, never misread and never a crash; where a
 * stream is cut makes no difference.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { isHeddleError } from "../../src/core/errors.ts";
import { decodeHandshake, FRAME, joinChunks, writeFrame } from "../../src/protocol/index.ts";
import {
  bodyOf,
  damage,
  damaged,
  expectSame,
  meansOneThingOrIsRefused,
  messages,
  parse,
  set,
} from "../helpers/protocol.ts";

it("messages come back as they were", () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const body = bodyOf(sent);
      expect(body.length % 8).toBe(0);
      expectSame(set.decode(body), sent);
      expect(meansOneThingOrIsRefused(body)).toBe("read");
    }),
    { numRuns: 300 },
  );
});

it("a batch holds the same messages as one body", () => {
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 5 }), (turns) => {
      const batch = set.batch();
      for (const sent of turns) {
        for (const each of sent) batch.add(each);
        const got = batch.take().flatMap((chunks) => set.decode(joinChunks(chunks)));
        expectSame(got, sent);
      }
    }),
    { numRuns: 100 },
  );
});

it("damaged bodies mean one thing or are refused", () => {
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(messages, damage, (sent, harm) => {
      seen[meansOneThingOrIsRefused(damaged(bodyOf(sent), harm))]++;
    }),
    { numRuns: 1000 },
  );
  expect(seen.read).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(200);
});

it("a body cut short anywhere is refused, or holds the messages before the cut", () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const body = bodyOf(sent);
      const step = Math.max(1, Math.floor(body.length / 200));
      for (let at = 0; at < body.length; at += step) {
        meansOneThingOrIsRefused(body.slice(0, at));
      }
    }),
    { numRuns: 30 },
  );
});

it("random bytes are refused", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 255), { maxLength: 300 })
      .map((all) => Uint8Array.from(all)),
  );
  fc.assert(
    fc.property(bytes, (body) => {
      meansOneThingOrIsRefused(body);
      parse([body], 2 ** 16);
      for (const kind of ["hello", "challenge", "proof", "welcome", "refused"] as const) {
        expect(isRefused(() => decodeHandshake(kind, body))).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

function isRefused(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    return isHeddleError(error, "ProtocolError");
  }
}

const frame = fc
  .record({
    type: fc.constantFrom(...Object.values(FRAME)),
    body: fc.uint8Array({ maxLength: 60 }),
    seq: fc.nat(),
    ack: fc.nat(),
    flags: fc.nat(255),
  })
  .map(({ type, body, ...options }) => joinChunks(writeFrame(type, [body], options)));

it("where a stream is cut makes no difference, at every single place", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), (frames) => {
      const stream = joinChunks(frames);
      const whole = parse([stream], 60);
      expect(whole).toHaveLength(frames.length);
      for (let at = 0; at <= stream.length; at++) {
        expectSame(parse([stream.subarray(0, at), stream.subarray(at)], 60), whole);
      }
      expect(
        parse(
          Array.from(stream, (byte) => Uint8Array.of(byte)),
          60,
        ),
      ).toEqual(whole);
    }),
    { numRuns: 50 },
  );
});

it("damaged streams give the frames before the damage, then an error or a wait", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), damage, (frames, harm) => {
      const stream = joinChunks(frames);
      const bad = damaged(stream, harm);
      const whole = parse([bad], 60);
      const cut = Math.floor(bad.length / 2);
      expect(parse([bad.subarray(0, cut), bad.subarray(cut)], 60)).toEqual(whole);
      for (const each of whole.slice(0, -1)) expect(typeof each).toBe("object");
    }),
    { numRuns: 500 },
  );
});
