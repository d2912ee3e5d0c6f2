/**
 * @file One side of a control connection that outlives its sockets: numbers frames of messages,
 * acknowledges those of the peer, keeps what the peer has not acknowledged for sending it again,
 * and judges by the clock of its events whether the peer is silent or dead. Pure: every call says
 * what time it is and returns what the shell has to do; `dueMs` says when {@link Session.tick} is
 * wanted.
 *
 * A socket that breaks is followed by {@link Session.lost}. The two sides then exchange their
 * {@link Session.resumePoint} on a new one; if {@link Session.canResume} holds, `resume` sends
 * again what was lost on the way, and no message is lost or doubled. Otherwise both begin a new
 * session. Bytes of the old socket must not reach a session after it has told its resume point.
 */
import { assert } from "../core/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { FRAME, type Frame, frameName, writeFrame } from "./frames.ts";
import type { ResumePoint } from "./handshake.ts";
import { protocolError } from "./refusal.ts";
import { ResendWindow } from "./resend-window.ts";

/** What the shell has to do. */
export type SessionCommand =
  /** Write these chunks to the socket, in order. */
  | { readonly kind: "transmit"; readonly chunks: readonly Uint8Array[] }
  /** The next body of messages from the peer. */
  | { readonly kind: "deliver"; readonly body: Uint8Array }
  /** The peer is silent: give it no new work. */
  | { readonly kind: "suspect"; readonly silentMs: number }
  /** A suspect has spoken. */
  | { readonly kind: "trusted" }
  /** The peer is given up; the session is over. */
  | { readonly kind: "dead"; readonly reason: string }
  /** The peer has ended the session. */
  | { readonly kind: "closed"; readonly reason: string };

/** Times and limits of a session. */
export interface SessionOptions {
  /** Most unacknowledged bytes kept for a resume (default and maximum 16 MiB). */
  readonly windowBytes?: number;
  /** After so long a silence of the peer a ping is sent, and again after each such time (5 s). */
  readonly pingMs?: number;
  /** After so long a silence the peer is suspect (15 s). */
  readonly suspectMs?: number;
  /** After so long a silence the peer is dead (60 s). */
  readonly deadMs?: number;
  /** After so long without a socket the peer is dead (2 s). */
  readonly lostMs?: number;
  /** What was received is acknowledged within this time (100 ms) ... */
  readonly ackMs?: number;
  /** ... or as soon as it is so many bytes (1 MiB). */
  readonly ackBytes?: number;
  /** Number of the last frame before the first, the same on both sides (0): for tests. */
  readonly origin?: number;
}

/** Largest window: what a peer may have to keep for us, and we for it. */
export const WINDOW_BYTES: number = 16 * 2 ** 20;

/** Longest reason of a bye, in bytes. */
const REASON_MAX = 1024;
/** A timer that comes later than this shows that this process stood still. */
const STALL_MS = 1000;

/** One side of a session. */
export class Session {
  readonly id: string;
  readonly #options: Required<SessionOptions>;
  #state: "open" | "lost" | "over" = "open";
  #isSuspect = false;

  /** What was sent. Numbers count on where the 32 bits of a frame start again. */
  #window: ResendWindow;
  /** Number of the last frame that the peer is known to have. */
  #acked: number;
  /** Number of the last frame of messages received. */
  #received: number;
  /** Bytes received since the peer was last told. */
  #untoldBytes = 0;

  /** When the peer was last heard. */
  #heardMs: number;
  #ackDueMs: number = Number.POSITIVE_INFINITY;
  #pingDueMs: number;
  /** When the last ping was sent, which a pong brings back. */
  #pingedMs = Number.NaN;
  #lostMs: number = Number.POSITIVE_INFINITY;
  #rttMs: number | undefined;

  constructor(id: string, nowMs: number, options: SessionOptions = {}) {
    const { pingMs = 5000, suspectMs = 15_000, deadMs = 60_000, lostMs = 2000 } = options;
    const { windowBytes = WINDOW_BYTES, ackMs = 100, ackBytes = 2 ** 20, origin = 0 } = options;
    assert(windowBytes >= 0 && windowBytes <= WINDOW_BYTES, "a window is at most 16 MiB");
    this.id = id;
    this.#options = { windowBytes, pingMs, suspectMs, deadMs, lostMs, ackMs, ackBytes, origin };
    this.#window = new ResendWindow(windowBytes, origin);
    this.#acked = this.#received = origin;
    this.#heardMs = nowMs;
    this.#pingDueMs = nowMs + pingMs;
  }

  /** "over" once the peer is dead or one side has said bye. */
  get state(): "open" | "lost" | "over" {
    return this.#state;
  }

  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** Bytes of frames that the peer has not acknowledged, as far as they are kept. */
  get unackedBytes(): number {
    return this.#window.bytes;
  }

  /** Time of the last ping to come back. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** What to tell the peer on a new socket. */
  get resumePoint(): ResumePoint {
    return { session: this.id, received: this.#received, floor: this.#window.floor };
  }

  /**
   * When `tick` is wanted. Every call can make it earlier or later: ticking early does no harm, but
   * a tick that is more than a second late is taken for a stall of this process.
   */
  get dueMs(): number {
    const { suspectMs, deadMs, lostMs } = this.#options;
    if (this.#state === "over") return Number.POSITIVE_INFINITY;
    if (this.#state === "lost") return this.#lostMs + lostMs;
    const judgeMs = this.#heardMs + (this.#isSuspect ? deadMs : Math.min(suspectMs, deadMs));
    return Math.min(this.#ackDueMs, this.#pingDueMs, judgeMs);
  }

  /**
   * Sends one body of messages. While the socket is lost it is only kept. The chunks must not
   * change until they are acknowledged. After the end of the session it does nothing.
   */
  send(body: readonly Uint8Array[]): SessionCommand[] {
    if (this.#state === "over") return [];
    const seq = this.#window.add(body);
    return this.#state === "open" ? [this.#transmit(FRAME.messages, body, seq)] : [];
  }

  /**
   * Takes a frame from the peer's current socket; those of a lost one are ignored. Throws
   * `ProtocolError` for what no peer sends: the socket is then of no more use, the session over.
   */
  receive(frame: Frame, nowMs: number): SessionCommand[] {
    if (this.#state !== "open") return [];
    const commands = this.heard(nowMs);
    try {
      this.#acknowledged(frame);
      this.#take(frame, nowMs, commands);
    } catch (error) {
      this.#end();
      throw error;
    }
    return commands;
  }

  /** Some bytes have come, be they a whole frame or not: the peer lives. */
  heard(nowMs: number): SessionCommand[] {
    if (this.#state !== "open") return [];
    this.#heardMs = nowMs;
    this.#pingDueMs = nowMs + this.#options.pingMs;
    if (!this.#isSuspect) return [];
    this.#isSuspect = false;
    return [{ kind: "trusted" }];
  }

  /** The socket is gone. */
  lost(nowMs: number): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    this.#lostMs = nowMs;
    this.#ackDueMs = Number.POSITIVE_INFINITY;
  }

  /** Whether both sides still have what the other lacks. */
  canResume(peer: ResumePoint): boolean {
    return (
      this.#state !== "over" &&
      peer.session === this.id &&
      Number.isInteger(peer.received) &&
      peer.received >= this.#window.floor &&
      peer.received >= this.#acked &&
      peer.received <= this.#window.last &&
      this.#received >= peer.floor
    );
  }

  /** Goes on over a new socket, after `lost` and when `canResume`. */
  resume(peer: ResumePoint, nowMs: number): SessionCommand[] {
    assert(this.#state === "lost", "a session is resumed when its socket was lost");
    assert(this.canResume(peer), "a session is resumed when both sides have what is missing");
    this.#state = "open";
    const commands = this.heard(nowMs);
    this.#release(peer.received);
    for (const { body, seq } of this.#window.frames()) {
      commands.push(this.#transmit(FRAME.messages, body, seq));
    }
    return commands;
  }

  /** Ends the session: the last frame. */
  bye(reason: string): SessionCommand[] {
    if (this.#state === "over") return [];
    const writer = new ByteWriter();
    writer.text(reason.slice(0, REASON_MAX / 3), REASON_MAX);
    const last = this.#transmit(FRAME.bye, writer.take());
    const commands = this.#state === "open" ? [last] : [];
    this.#end();
    return commands;
  }

  /** Time has passed. */
  tick(nowMs: number): SessionCommand[] {
    if (this.#state === "over") return [];
    this.#forgiveOurStall(nowMs);
    if (this.#state === "lost") return this.#judgeLost(nowMs);
    const commands = this.#judgeSilence(nowMs);
    if (this.#state !== "open") return commands;
    if (nowMs >= this.#ackDueMs) commands.push(this.#transmit(FRAME.ack, []));
    if (nowMs >= this.#pingDueMs) {
      this.#pingDueMs = nowMs + this.#options.pingMs;
      this.#pingedMs = nowMs;
      const stamp = new Uint8Array(Float64Array.of(nowMs).buffer);
      commands.push(this.#transmit(FRAME.ping, [stamp]));
    }
    return commands;
  }

  /**
   * When this process itself stood still, what the peer said meanwhile is not read yet: the time by
   * which the timer came late does not count as silence.
   */
  #forgiveOurStall(nowMs: number): void {
    const lateMs = nowMs - this.dueMs;
    if (!(lateMs > STALL_MS)) return;
    if (this.#state === "open") this.#heardMs += lateMs;
    else this.#lostMs += lateMs;
  }

  #judgeLost(nowMs: number): SessionCommand[] {
    const goneMs = nowMs - this.#lostMs;
    if (goneMs < this.#options.lostMs) return [];
    this.#end();
    return [{ kind: "dead", reason: `connection lost and not resumed within ${goneMs} ms` }];
  }

  #judgeSilence(nowMs: number): SessionCommand[] {
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= this.#options.deadMs) {
      this.#end();
      return [{ kind: "dead", reason: `silent for ${silentMs} ms` }];
    }
    if (silentMs < this.#options.suspectMs || this.#isSuspect) return [];
    this.#isSuspect = true;
    return [{ kind: "suspect", silentMs }];
  }

  #take(frame: Frame, nowMs: number, commands: SessionCommand[]): void {
    if (frame.type !== FRAME.messages && frame.seq !== 0) {
      throw protocolError(`${frameName(frame.type)} with the number ${frame.seq} instead of 0.`);
    }
    switch (frame.type) {
      case FRAME.messages:
        return this.#takeMessages(frame, nowMs, commands);
      case FRAME.ack:
        return expectBytes(frame, 0);
      case FRAME.ping:
        expectBytes(frame, 8);
        commands.push(this.#transmit(FRAME.pong, [frame.body]));
        return;
      case FRAME.pong:
        expectBytes(frame, 8);
        // A pong of another ping, of a lost socket's for instance, says nothing about the time.
        if (new ByteReader(frame.body, "pong").f64() !== this.#pingedMs) return;
        this.#rttMs = nowMs - this.#pingedMs;
        return;
      case FRAME.bye:
        commands.push({ kind: "closed", reason: readReason(frame) });
        return this.#end();
      default:
        throw protocolError(`A ${frameName(frame.type)} frame has no place in a session.`);
    }
  }

  #takeMessages(frame: Frame, nowMs: number, commands: SessionCommand[]): void {
    const ahead = (frame.seq - this.#received) | 0;
    // Sent twice: over a socket that was lost, and over this one.
    if (ahead <= 0) return;
    if (ahead > 1) {
      const expected = (this.#received + 1) >>> 0;
      throw protocolError(`Messages number ${frame.seq} came where ${expected} was expected.`);
    }
    this.#received++;
    commands.push({ kind: "deliver", body: frame.body });
    this.#untoldBytes += frame.bodyBytes;
    if (this.#untoldBytes >= this.#options.ackBytes) commands.push(this.#transmit(FRAME.ack, []));
    else this.#ackDueMs = Math.min(this.#ackDueMs, nowMs + this.#options.ackMs);
  }

  #acknowledged(frame: Frame): void {
    const more = (frame.ack - this.#acked) | 0;
    if (more > this.#window.last - this.#acked) {
      const last = this.#window.last >>> 0;
      throw protocolError(`${frameName(frame.type)} acknowledges ${frame.ack}, sent is ${last}.`);
    }
    if (more > 0) this.#release(this.#acked + more);
  }

  /** The peer has everything up to `seq`. */
  #release(seq: number): void {
    this.#acked = seq;
    this.#window.release(seq);
  }

  #transmit(type: number, body: readonly Uint8Array[], seq = 0): SessionCommand {
    this.#untoldBytes = 0;
    this.#ackDueMs = Number.POSITIVE_INFINITY;
    const options = { seq: seq >>> 0, ack: this.#received >>> 0 };
    return { kind: "transmit", chunks: writeFrame(type, body, options) };
  }

  #end(): void {
    this.#state = "over";
    this.#window = new ResendWindow(0, this.#window.last);
  }
}

function expectBytes(frame: Frame, bytes: number): void {
  if (frame.bodyBytes === bytes) return;
  throw protocolError(`${frameName(frame.type)} of ${frame.bodyBytes} bytes instead of ${bytes}.`);
}

function readReason(frame: Frame): string {
  const reader = new ByteReader(frame.body, "bye");
  const reason = reader.text(REASON_MAX);
  if (reader.left > 0) throw reader.fail(`${reader.left} bytes after the reason`);
  return reason;
}
