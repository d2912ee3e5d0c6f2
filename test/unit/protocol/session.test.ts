/** @file A session by events: numbers, acknowledgements, silence, loss, resume, the end. */
import { describe, expect, it } from "vitest";
import {
  FRAME,
  type Frame,
  FrameParser,
  joinChunks,
  Session,
  type SessionCommand,
  type SessionOptions,
  WINDOW_BYTES,
  writeFrame,
} from "../../../src/protocol/index.ts";

/** The frames that commands transmit. */
function framesOf(commands: readonly SessionCommand[]): Frame[] {
  const frames: Frame[] = [];
  const parser = new FrameParser({ maxBodyBytes: 2 ** 30 });
  for (const command of commands) {
    if (command.kind !== "transmit") continue;
    parser.push(joinChunks(command.chunks), (frame) => frames.push(frame));
  }
  return frames;
}

const kinds = (commands: readonly SessionCommand[]): string[] => commands.map(({ kind }) => kind);

function frame(type: number, body: Uint8Array, seq = 0, ack = 0): Frame {
  return framesOf([{ kind: "transmit", chunks: writeFrame(type, [body], { seq, ack }) }])[0]!;
}

const none = new Uint8Array(0);
const text = (word: string): Uint8Array[] => [new TextEncoder().encode(word)];

function pair(options: SessionOptions = {}): [Session, Session] {
  return [new Session("s", 0, options), new Session("s", 0, options)];
}

/** Everything that `commands` of one side make the other do. */
function pass(commands: readonly SessionCommand[], to: Session, nowMs = 0): SessionCommand[] {
  return framesOf(commands).flatMap((each) => to.receive(each, nowMs));
}

describe("messages", () => {
  it("are numbered, delivered, and acknowledged by what goes the other way", () => {
    const [a, b] = pair();
    const sent = [...a.send(text("one")), ...a.send(text("two"))];
    expect(framesOf(sent).map(({ seq, ack }) => [seq, ack])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    const delivered = pass(sent, b);
    expect(delivered).toEqual([
      { kind: "deliver", body: text("one")[0] },
      { kind: "deliver", body: text("two")[0] },
    ]);
    expect(a.unackedBytes).toBe(6);
    const answer = b.send(text("three"));
    expect(framesOf(answer)[0]).toMatchObject({ seq: 1, ack: 2 });
    pass(answer, a);
    expect(a.unackedBytes).toBe(0);
    expect(b.unackedBytes).toBe(5);
  });

  it("are acknowledged in time when nothing goes the other way", () => {
    const [a, b] = pair({ ackMs: 100 });
    pass(a.send(text("x")), b, 1000);
    expect(b.dueMs).toBe(1100);
    expect(b.tick(1099)).toEqual([]);
    const commands = b.tick(1100);
    expect(framesOf(commands)).toMatchObject([{ type: FRAME.ack, ack: 1 }]);
    pass(commands, a, 1100);
    expect(a.unackedBytes).toBe(0);
    expect(b.dueMs).toBe(6000);
  });

  it("are acknowledged at once when they are many bytes", () => {
    const [a, b] = pair({ ackBytes: 1000 });
    const body = [new Uint8Array(400)];
    expect(kinds(pass(a.send(body), b))).toEqual(["deliver"]);
    expect(kinds(pass(a.send(body), b))).toEqual(["deliver"]);
    expect(kinds(pass(a.send(body), b))).toEqual(["deliver", "transmit"]);
    expect(kinds(pass(a.send(body), b))).toEqual(["deliver"]);
  });

  it("are counted on where 32 bits end", () => {
    const [a, b] = pair({ origin: 2 ** 32 - 2 });
    for (let i = 0; i < 5; i++) {
      const commands = pass(a.send(text(`${i}`)), b);
      expect(commands).toEqual([{ kind: "deliver", body: text(`${i}`)[0] }]);
    }
    expect(b.resumePoint.received).toBe(2 ** 32 + 3);
    pass(b.send(text("x")), a);
    expect(a.unackedBytes).toBe(0);
    expect(a.resumePoint.floor).toBe(2 ** 32 + 3);
  });

  it("that came twice are delivered once", () => {
    const [a, b] = pair();
    const sent = a.send(text("one"));
    expect(kinds(pass(sent, b))).toEqual(["deliver"]);
    expect(pass(sent, b)).toEqual([]);
  });
});

describe("a frame that no peer sends", () => {
  it.each([
    ["a gap", frame(FRAME.messages, none, 3), "Messages number 3 came where 1 was expected."],
    [
      "an acknowledgement of nothing",
      frame(FRAME.ack, none, 0, 1),
      "ack acknowledges 1, sent is 0",
    ],
    [
      "a number where none belongs",
      frame(FRAME.ack, none, 1),
      "ack with the number 1 instead of 0",
    ],
    ["an ack with a body", frame(FRAME.ack, Uint8Array.of(1)), "ack of 1 bytes instead of 0"],
    ["a short ping", frame(FRAME.ping, Uint8Array.of(1)), "ping of 1 bytes instead of 8"],
    ["a long pong", frame(FRAME.pong, new Uint8Array(9)), "pong of 9 bytes instead of 8"],
    ["a bye without a reason", frame(FRAME.bye, none), "bye, byte 0 of 0: 4 bytes wanted"],
    ["a bye with more", frame(FRAME.bye, new Uint8Array(5)), "1 bytes after the reason"],
    ["a hello", frame(FRAME.hello, none), "A hello frame has no place in a session."],
    ["bulk data", frame(FRAME.bulkData, none), "A bulkData frame has no place in a session."],
  ])("ends the session: %s", (_name, bad, problem) => {
    const session = new Session("s", 0);
    const run = (): unknown => session.receive(bad, 0);
    expect(run).toThrow(expect.objectContaining({ code: "ProtocolError" }));
    expect(session.state).toBe("over");
    expect(session.send(text("x"))).toEqual([]);
    expect(session.dueMs).toBe(Number.POSITIVE_INFINITY);
    expect(() => new Session("s", 0).receive(bad, 0)).toThrow(problem);
  });
});

describe("a silent peer", () => {
  it("is pinged, suspected, and given up", () => {
    const session = new Session("s", 0);
    const seen: string[] = [];
    for (let now = session.dueMs; now <= 100_000; now = session.dueMs) {
      for (const command of session.tick(now)) {
        const name = command.kind === "transmit" ? framesOf([command])[0]?.type : command.kind;
        seen.push(`${now / 1000} ${name === FRAME.ping ? "ping" : name}`);
      }
    }
    const pings = [20, 25, 30, 35, 40, 45, 50, 55].map((s) => `${s} ping`);
    expect(seen).toEqual(["5 ping", "10 ping", "15 suspect", "15 ping", ...pings, "60 dead"]);
    expect(session.state).toBe("over");
    expect(session.canResume(session.resumePoint)).toBe(false);
  });

  it("is trusted again when it speaks, were it part of a frame", () => {
    const session = new Session("s", 0);
    for (const now of [5000, 10_000]) expect(kinds(session.tick(now))).toEqual(["transmit"]);
    expect(kinds(session.tick(15_000))).toEqual(["suspect", "transmit"]);
    expect(session.isSuspect).toBe(true);
    expect(session.heard(16_000)).toEqual([{ kind: "trusted" }]);
    expect(session.isSuspect).toBe(false);
    expect(session.heard(16_001)).toEqual([]);
    expect(session.dueMs).toBe(21_001);
  });

  it("does not answer for the time in which we stood still", () => {
    const session = new Session("s", 0);
    session.heard(1000);
    expect(session.dueMs).toBe(6000);
    // Stopped for two minutes: the ping goes out late, and the peer has its 15 s from there.
    expect(kinds(session.tick(126_000))).toEqual(["transmit"]);
    expect(session.isSuspect).toBe(false);
    let now = session.dueMs;
    while (!kinds(session.tick(now)).includes("dead")) now = session.dueMs;
    expect(now).toBe(126_000 + 55_000);
  });

  it("answers a ping, which tells the time of a round trip", () => {
    const [a, b] = pair();
    const ping = a.tick(5000);
    const pong = pass(ping, b, 9999);
    expect(a.rttMs).toBeUndefined();
    expect(pass(pong, a, 5007)).toEqual([]);
    expect(a.rttMs).toBe(7);
    const [, forged] = [a.tick(10_007), frame(FRAME.pong, new Uint8Array(8))];
    a.receive(forged, 10_010);
    expect(a.rttMs).toBe(7);
  });
});

describe("a lost socket", () => {
  it("is followed by what the other side lacks, on another one", () => {
    const [a, b] = pair();
    pass(a.send(text("one")), b);
    a.send(text("two"));
    a.lost(100);
    b.lost(100);
    expect(a.send(text("three"))).toEqual([]);
    expect(b.receive(frame(FRAME.messages, none, 2), 100)).toEqual([]);
    const [pointA, pointB] = [a.resumePoint, b.resumePoint];
    expect([pointA, pointB]).toEqual([
      { session: "s", received: 0, floor: 0 },
      { session: "s", received: 1, floor: 0 },
    ]);
    expect([a.canResume(pointB), b.canResume(pointA)]).toEqual([true, true]);
    expect(b.resume(pointA, 200)).toEqual([]);
    const again = a.resume(pointB, 200);
    expect(framesOf(again).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(pass(again, b, 200)).toEqual([
      { kind: "deliver", body: text("two")[0] },
      { kind: "deliver", body: text("three")[0] },
    ]);
    expect([a.state, b.state]).toEqual(["open", "open"]);
  });

  it("means death when no other follows in time", () => {
    const session = new Session("s", 0, { lostMs: 2000 });
    session.lost(500);
    expect(session.dueMs).toBe(2500);
    expect(session.tick(2499)).toEqual([]);
    expect(session.tick(2500)).toEqual([
      { kind: "dead", reason: "connection lost and not resumed within 2000 ms" },
    ]);
  });

  it("may take any time when the options say so", () => {
    const session = new Session("s", 0, { lostMs: Number.POSITIVE_INFINITY });
    session.lost(500);
    expect(session.dueMs).toBe(Number.POSITIVE_INFINITY);
    expect(session.tick(1e12)).toEqual([]);
  });

  it("cannot be gone on from when the window no longer reaches back", () => {
    const [a, b] = pair({ windowBytes: 1000 });
    a.lost(0);
    b.lost(0);
    a.send([new Uint8Array(600)]);
    expect(b.canResume(a.resumePoint)).toBe(true);
    a.send([new Uint8Array(600)]);
    expect(a.unackedBytes).toBe(600);
    expect(a.canResume(b.resumePoint)).toBe(false);
    expect(b.canResume(a.resumePoint)).toBe(false);
    expect(() => a.resume(b.resumePoint, 0)).toThrow("both sides have what is missing");
  });

  it.each([
    ["another session", { session: "t" }],
    ["more received than was sent", { received: 2 }],
    ["less than was acknowledged", { received: -1 }],
    ["half a frame", { received: 0.5 }],
    ["no number", { received: Number.NaN }],
    ["a floor above what we have", { floor: 1 }],
    ["a floor that is no number", { floor: Number.NaN }],
  ])("is not gone on from a point that does not fit: %s", (_name, change) => {
    const session = new Session("s", 0);
    session.send(text("x"));
    session.lost(0);
    const point = { session: "s", received: 1, floor: 0 };
    expect(session.canResume(point)).toBe(true);
    expect(session.canResume({ ...point, ...change })).toBe(false);
  });

  it("keeps at most 16 MiB", () => {
    expect(() => new Session("s", 0, { windowBytes: WINDOW_BYTES + 1 })).toThrow("at most 16 MiB");
    const session = new Session("s", 0);
    const body = [new Uint8Array(2 ** 20)];
    for (let i = 0; i < 40; i++) session.send(body);
    expect(session.unackedBytes).toBe(WINDOW_BYTES);
    expect(session.resumePoint.floor).toBe(24);
  });
});

describe("bye", () => {
  it("ends both sides and says why", () => {
    const [a, b] = pair();
    a.send(text("lost"));
    const last = a.bye("scheduler closes");
    expect(framesOf(last)).toMatchObject([{ type: FRAME.bye, seq: 0 }]);
    expect(b.receive(framesOf(last)[0]!, 0)).toEqual([
      { kind: "closed", reason: "scheduler closes" },
    ]);
    expect([a.state, b.state]).toEqual(["over", "over"]);
    expect(a.unackedBytes).toBe(0);
    expect([a.bye("x"), a.tick(1e9), b.send(text("x")), b.tick(1e9)]).toEqual([[], [], [], []]);
  });

  it("with a long reason says its beginning", () => {
    const [a, b] = pair();
    const [closed] = pass(a.bye("€".repeat(5000)), b);
    expect(closed).toEqual({ kind: "closed", reason: "€".repeat(341) });
  });
});
