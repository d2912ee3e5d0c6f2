/** @file Frames in any cuts, limits, places, and strangers at the door. */
import { describe, expect, it } from "vitest";
import {
  BODY_MAX,
  FRAME,
  type Frame,
  FrameParser,
  type FrameParserOptions,
  joinChunks,
  writeFrame,
} from "../../../src/protocol/index.ts";

function parsed(bytes: Uint8Array, options: FrameParserOptions = {}, cut = bytes.length): Frame[] {
  const parser = new FrameParser(options);
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += cut) {
    parser.push(bytes.subarray(at, at + cut), (frame) => frames.push(frame));
  }
  expect(parser.isBetweenFrames).toBe(true);
  return frames;
}

const body = Uint8Array.from({ length: 3000 }, (_, i) => i);
const stream = joinChunks([
  ...writeFrame(FRAME.messages, [body, body], { seq: 2 ** 32 - 1, ack: 7, flags: 3 }),
  ...writeFrame(FRAME.ack, [], { ack: 8 }),
  ...writeFrame(FRAME.ping, [body.subarray(1, 9)]),
]);

describe("writeFrame", () => {
  it("passes large bodies on, and joins small ones with their header", () => {
    const [head, ...rest] = writeFrame(FRAME.messages, [body]);
    expect(head).toHaveLength(16);
    expect(rest[0]).toBe(body);
    expect(writeFrame(FRAME.ping, [body.subarray(0, 3), body.subarray(0, 5)])).toHaveLength(1);
  });

  it("puts the header's fields where the format says", () => {
    const options = { flags: 4, seq: 0x0a090807, ack: 0x0e0d0c0b };
    const [head] = writeFrame(FRAME.bulkData, [Uint8Array.of(15)], options);
    expect([...(head ?? [])]).toEqual([1, 0, 0, 0, 33, 4, 0, 0, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });
});

describe("FrameParser", () => {
  it.each([1, 2, 3, 7, 15, 16, 17, 1000, 100_000])("takes cuts of %i bytes", (cut) => {
    const frames = parsed(stream, {}, cut);
    expect(frames.map(({ body: _, ...header }) => header)).toEqual([
      { type: FRAME.messages, flags: 3, seq: 2 ** 32 - 1, ack: 7, bodyBytes: 6000 },
      { type: FRAME.ack, flags: 0, seq: 0, ack: 8, bodyBytes: 0 },
      { type: FRAME.ping, flags: 0, seq: 0, ack: 0, bodyBytes: 8 },
    ]);
    expect(frames.map((frame) => frame.body)).toEqual([
      joinChunks([body, body]),
      new Uint8Array(0),
      body.slice(1, 9),
    ]);
  });

  it("gives each body in a buffer of its own", () => {
    const given = stream.slice();
    const frames = parsed(given);
    given.fill(0xff);
    expect(frames[2]?.body).toEqual(body.slice(1, 9));
    expect(frames.map((frame) => frame.body.byteOffset)).toEqual([0, 0, 0]);
  });

  it("puts a body where it is told, also by reading straight into it", () => {
    const memory = new Uint8Array(10_000);
    const place = (header: { type: number; bodyBytes: number }): Uint8Array | undefined =>
      header.type === FRAME.messages ? memory.subarray(100, 100 + header.bodyBytes) : undefined;
    expect(parsed(stream, { place })[0]?.body.buffer).toBe(memory.buffer);
    memory.fill(0);
    const parser = new FrameParser({ place });
    parser.push(stream.subarray(0, 20), () => expect.unreachable());
    expect(parser.wanted?.byteOffset).toBe(104);
    parser.wanted?.set(stream.subarray(20, 30));
    expect(parser.filled(10)).toBeUndefined();
    parser.wanted?.set(stream.subarray(30, 6016));
    expect(parser.filled(5986)?.body).toEqual(joinChunks([body, body]));
    expect(parser.wanted).toBeUndefined();
    expect(parser.isBetweenFrames).toBe(true);
  });

  it("lets what one frame says hold for the next", () => {
    const parser = new FrameParser({ maxBodyBytes: 8 });
    const large = joinChunks([
      ...writeFrame(FRAME.proof, [body.subarray(0, 8)]),
      ...writeFrame(FRAME.messages, [body]),
    ]);
    const types: number[] = [];
    parser.push(large, (frame) => {
      types.push(frame.type);
      parser.maxBodyBytes = BODY_MAX;
    });
    expect(types).toEqual([FRAME.proof, FRAME.messages]);
  });

  it("makes no body before it is known to be allowed", () => {
    const huge = Uint8Array.of(255, 255, 255, 255, FRAME.hello, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(() => parsed(huge)).toThrow(
      "Frame 1 at byte 0 of the connection: hello of 4294967295 bytes, at most 65536 allowed.",
    );
  });

  it.each([
    ["an unknown type", { 4: 99 }, "unknown frame type 99"],
    ["type 0", { 4: 0 }, "unknown frame type 0"],
    ["something reserved", { 6: 1 }, "ack with 1 in its reserved bytes instead of 0"],
  ])("refuses %s and says where", (_name, change, problem) => {
    const bad = joinChunks([...writeFrame(FRAME.ping, [body.subarray(0, 8)])]);
    const next = joinChunks(writeFrame(FRAME.ack, []));
    for (const [at, byte] of Object.entries(change)) next[Number(at)] = byte;
    const run = (): unknown => parsed(joinChunks([bad, next]));
    expect(run).toThrow(`Frame 2 at byte 24 of the connection: ${problem}.`);
    expect(run).toThrow(expect.objectContaining({ code: "ProtocolError" }));
  });

  it.each([
    ["GET /status HTTP/1.1\r\n", "this is HTTP, not Heddle's protocol"],
    ["POST / HTTP/1.1\r\n\r\n", "this is HTTP"],
    ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdef", "this is a TLS handshake"],
    ["SSH-2.0-OpenSSH_9.2\r\n", "unknown frame type 50"],
  ])("recognises a stranger: %j", (text, problem) => {
    expect(() => parsed(Buffer.from(text, "latin1"))).toThrow(problem);
  });
});
