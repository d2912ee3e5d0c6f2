/**
 * @file Frames of a wire one by one, for the handshake: each is waited for, and whatever goes wrong
 * (an end, garbage, too many frames at once) ends the waiting with an error that says what.
 */
import { HeddleError } from "../core/errors.ts";
import {
  FRAME,
  type Frame,
  type FrameParser,
  frameName,
  protocolError,
  writeFrame,
} from "../protocol/index.ts";
import { certificateRefused } from "./security.ts";
import type { Wire } from "./wire.ts";

/** Frames that may arrive before they are asked for: the handshake is one question, one answer. */
const EARLY_FRAMES_MAX = 4;

/** Reads and writes frames of a wire until the handshake is over. */
export class FrameChannel {
  readonly wire: Wire;
  readonly parser: FrameParser;
  readonly #early: Frame[] = [];
  #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void } | undefined;
  #error: Error | undefined;
  #trustedBodyBytes: number | undefined;
  #isWelcome = false;
  #hasHeard = false;

  constructor(wire: Wire, parser: FrameParser) {
    this.wire = wire;
    this.parser = parser;
    wire.onBytes = (bytes) => this.#read(bytes);
    wire.onClosed = (error) => {
      const hasOnlyLooked = error === undefined && !this.#hasHeard;
      this.fail(closedEarly(wire.remote, error, hasOnlyLooked));
    };
  }

  /** Why the handshake is over before its end, if it is. */
  get error(): Error | undefined {
    return this.#error;
  }

  send(type: number, body: Uint8Array): void {
    this.wire.write(writeFrame(type, [body]));
  }

  /** The next frame, whatever its type. */
  async next(): Promise<Frame> {
    const early = this.#early.shift();
    if (early !== undefined) return early;
    if (this.#error !== undefined) throw this.#error;
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** The other side has proved itself: after its welcome come frames of up to so many bytes. */
  awaitWelcome(trustedBodyBytes: number): void {
    this.#trustedBodyBytes = trustedBodyBytes;
  }

  /** Ends the waiting. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  /**
   * Lets go of the wire: who takes it now sets `onBytes` and `onClosed`. Frames that came early are
   * returned, and the parser goes on where it stands.
   */
  release(): readonly Frame[] {
    return this.#early.splice(0);
  }

  #read(bytes: Uint8Array): void {
    this.#hasHeard = true;
    if (this.#error !== undefined) return;
    try {
      this.parser.push(bytes, (frame) => this.#take(frame));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #take(frame: Frame): void {
    // The first messages may come together with the welcome.
    if (frame.type === FRAME.welcome && this.#trustedBodyBytes !== undefined) {
      this.#isWelcome = true;
      this.parser.maxBodyBytes = this.#trustedBodyBytes;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(frame);
    else if (this.#early.push(frame) > EARLY_FRAMES_MAX && !this.#isWelcome) {
      throw protocolError(`More than ${EARLY_FRAMES_MAX} frames before the handshake was over.`);
    }
  }
}

function closedEarly(
  remote: string,
  cause: Error | undefined,
  hasOnlyLooked: boolean,
): HeddleError {
  const refused = cause && certificateRefused(remote, cause);
  if (refused !== undefined) return refused;
  const why = cause?.message ?? "the other side closed it";
  const hint = remote.startsWith("tcp://")
    ? `. If it has certificates, use ${remote.replace("tcp", "tls")}`
    : "";
  return new HeddleError("ConnectFailed", `${remote}: the connection ended early: ${why}${hint}`, {
    ...(cause !== undefined && { cause }),
    fields: { address: remote, ...(hasOnlyLooked && { hasOnlyLooked }) },
  });
}

/** An error that a frame of another type than the awaited one has come. */
export function unexpected(frame: Frame, awaited: string): HeddleError<"ProtocolError"> {
  return protocolError(`A frame "${frameName(frame.type)}" came where "${awaited}" was due.`);
}
