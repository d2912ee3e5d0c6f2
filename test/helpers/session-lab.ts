/**
 * @file Two sessions over sockets that break at any byte, under virtual time, played by a script.
 * The dialer dials again after each break; the handshake can break at each of its steps. The lab
 * writes down what each side sent and got in each session.
 */
import fc from "fast-check";
import { expect } from "vitest";
import {
  FrameParser,
  joinChunks,
  type ResumePoint,
  Session,
  type SessionCommand,
  type SessionOptions,
} from "../../src/protocol/index.ts";

/** One step of a script. `amount` is bytes, or milliseconds. */
export interface Step {
  readonly what: "send" | "carry" | "break" | "hello" | "welcome" | "wait";
  readonly side: 0 | 1;
  readonly amount: number;
}

export function script(options: { waitMs: number; maxLength: number }): fc.Arbitrary<Step[]> {
  const step = (what: Step["what"], most: number): fc.Arbitrary<Step> =>
    fc.record({
      what: fc.constant(what),
      side: fc.constantFrom(0 as const, 1 as const),
      amount: fc.nat(most),
    });
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: step("send", 60) },
      { weight: 6, arbitrary: step("carry", 300) },
      { weight: 1, arbitrary: step("break", 0) },
      { weight: 2, arbitrary: step("hello", 0) },
      { weight: 2, arbitrary: step("welcome", 0) },
      { weight: 2, arbitrary: step("wait", options.waitMs) },
    ),
    { maxLength: options.maxLength },
  );
}

/** One direction of one socket. */
class Pipe {
  bytes: Uint8Array = new Uint8Array(0);
  readonly parser: FrameParser = new FrameParser({ maxBodyBytes: 1000 });
}

/** What one side sent and got in one session, as numbers. */
interface Log {
  readonly sent: number[];
  readonly got: number[];
}

/** Side 0 dials, side 1 listens. */
export class SessionLab {
  nowMs = 0;
  /** Sessions that were begun. */
  begun = 1;
  readonly #options: SessionOptions;
  readonly #sides: [Session, Session];
  /** By side and session id. */
  readonly #logs: readonly [Map<string, Log>, Map<string, Log>] = [new Map(), new Map()];
  /** To side 0 and to side 1. The dialer reads its welcome first. */
  #pipes: [Pipe, Pipe] | undefined;
  /** On its way to the dialer. */
  #welcome: { session: string; resume?: ResumePoint } | undefined;
  #canHello = false;
  #count = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#sides = [new Session("1", 0, options), new Session("1", 0, options)];
    this.#pipes = [new Pipe(), new Pipe()];
  }

  /** Plays a script, heals everything, and checks what must hold at the end. */
  playToTheEnd(steps: readonly Step[]): void {
    for (const step of steps) this.play(step);
    this.heal();
    const [dialer, listener] = this.#sides;
    expect([dialer.state, listener.state]).toEqual(["open", "open"]);
    expect(dialer.id).toBe(listener.id);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      for (const [session, { got }] of this.#logs[to]) {
        const { sent } = this.#log(from, session);
        expect(got).toEqual(session === dialer.id ? sent : sent.slice(0, got.length));
      }
    }
  }

  play({ what, side, amount }: Step): void {
    if (what === "send") this.send(side, amount);
    else if (what === "carry") this.carry(side, amount);
    else if (what === "break") this.break();
    else if (what === "hello") this.hello();
    else if (what === "welcome") this.welcome();
    else this.wait(amount);
  }

  /** Ends all faults: everything that is under way arrives. */
  heal(): void {
    for (let i = 0; i < 4; i++) {
      this.hello();
      this.welcome();
      for (let rounds = 0; rounds < 3; rounds++) {
        for (const side of [0, 1] as const) this.carry(side, Number.POSITIVE_INFINITY);
      }
    }
  }

  send(side: 0 | 1, bytes: number): void {
    const session = this.#sides[side];
    if (session.state === "over") return;
    const number = this.#count++;
    this.#log(side, session.id).sent.push(number);
    const body = new Uint8Array(4 + bytes);
    new DataView(body.buffer).setUint32(0, number, true);
    this.#run(side, session.send([body]));
  }

  /** Some bytes arrive at `side`. */
  carry(side: 0 | 1, bytes: number): void {
    const pipe = this.#pipes?.[side];
    if (pipe === undefined || (side === 0 && this.#welcome !== undefined)) return;
    const arrived = pipe.bytes.subarray(0, bytes);
    pipe.bytes = pipe.bytes.slice(arrived.length);
    this.#run(side, this.#sides[side].heard(this.nowMs));
    pipe.parser.push(arrived, (frame) => {
      if (this.#pipes?.[side] !== pipe) return;
      this.#run(side, this.#sides[side].receive(frame, this.nowMs));
    });
  }

  /** The socket breaks; what was under way is lost. */
  break(): void {
    this.#pipes = undefined;
    this.#welcome = undefined;
    this.#canHello = true;
    for (const session of this.#sides) session.lost(this.nowMs);
  }

  /** The dialer's hello arrives on a new socket, and the listener decides. */
  hello(): void {
    if (!this.#canHello) return;
    this.#canHello = false;
    const [dialer, listener] = this.#sides;
    listener.lost(this.nowMs);
    this.#pipes = [new Pipe(), new Pipe()];
    if (dialer.state !== "over" && listener.canResume(dialer.resumePoint)) {
      this.#welcome = { session: listener.id, resume: listener.resumePoint };
      this.#run(1, listener.resume(dialer.resumePoint, this.nowMs));
      return;
    }
    this.#sides[1] = new Session(`${++this.begun}`, this.nowMs, this.#options);
    this.#welcome = { session: this.#sides[1].id };
  }

  /** The listener's answer arrives. */
  welcome(): void {
    const welcome = this.#welcome;
    this.#welcome = undefined;
    if (welcome === undefined) return;
    const [dialer] = this.#sides;
    if (welcome.resume === undefined) {
      this.#sides[0] = new Session(welcome.session, this.nowMs, this.#options);
    } else if (dialer.canResume(welcome.resume)) {
      this.#run(0, dialer.resume(welcome.resume, this.nowMs));
    } else {
      // The window moved on while the hello was under way: dial again, for a new session.
      dialer.bye("cannot go on");
      this.break();
    }
  }

  wait(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const due = Math.min(...this.#sides.map((session) => session.dueMs));
      if (due > until) break;
      this.nowMs = Math.max(this.nowMs, due);
      for (const side of [0, 1] as const) this.#run(side, this.#sides[side].tick(this.nowMs));
    }
    this.nowMs = until;
  }

  #log(side: 0 | 1, session: string): Log {
    const logs = this.#logs[side];
    const log = logs.get(session) ?? { sent: [], got: [] };
    logs.set(session, log);
    return log;
  }

  #run(side: 0 | 1, commands: readonly SessionCommand[]): void {
    for (const command of commands) {
      if (command.kind === "deliver") {
        const { buffer, byteOffset } = command.body;
        const number = new DataView(buffer, byteOffset).getUint32(0, true);
        this.#log(side, this.#sides[side].id).got.push(number);
      } else if (command.kind === "transmit") {
        const pipe = this.#pipes?.[side === 0 ? 1 : 0];
        if (pipe !== undefined) pipe.bytes = joinChunks([pipe.bytes, ...command.chunks]);
      } else if (command.kind === "dead" || command.kind === "closed") this.break();
    }
  }
}
