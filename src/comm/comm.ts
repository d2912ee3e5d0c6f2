/**
 * @file One side of a control connection as its user sees it: messages go in, batches of messages
 * come out, and sockets may break meanwhile. What was sent in one turn of the event loop leaves in
 * one write at the end of the turn. The session (`protocol/session.ts`) decides what is sent again;
 * this class gives it a wire, a clock and a timer.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import {
  type Frame,
  type FrameParser,
  type Hello,
  type Message,
  type MessageBatch,
  type MessageSet,
  type ResumePoint,
  Session,
  type SessionCommand,
  type SessionOptions,
} from "../protocol/index.ts";
import { frameSink, type Wire } from "./wire.ts";

/** How a connection is: a `suspect` is silent, a `lost` one has no socket at the moment. */
export type CommState = "open" | "suspect" | "lost" | "closed";

/** What a comm is made of; `connect` and `listen` make them. */
export interface CommParts<In extends Message, Out extends Message> {
  readonly incoming: MessageSet<In>;
  readonly outgoing: MessageSet<Out>;
  readonly session: Session;
  readonly sessionOptions: SessionOptions;
  readonly peer: Hello;
}

/** A wire after its handshake. */
export interface Greeted {
  readonly wire: Wire;
  readonly parser: FrameParser;
  /** Frames that came with the end of the handshake. */
  readonly early: readonly Frame[];
}

/** What does not press goes with the next message that does, or after so long. */
const SOON_MS = 2;
/** How long a closing connection may take to send the rest. */
const CLOSE_MS = 2000;

/** Milliseconds of a clock that only goes forward. */
export function nowMs(): number {
  return performance.now();
}

/** A connection that sends `Out` and receives `In`. */
export class Comm<In extends Message = Message, Out extends Message = Message> {
  /** Messages in the order in which they were sent, as many as came together. */
  onMessages: (messages: In[]) => void = () => undefined;
  /**
   * Called once, when the connection is over: without an error when one side closed it, else with
   * `CommClosed` (the peer is given up) or `ProtocolError` (it sent garbage).
   */
  onClosed: (error: HeddleError | undefined) => void = () => undefined;
  /**
   * There is a socket again. With `fresh` the other side knows nothing of before: what was sent and
   * not answered may be lost, and both have to say what they have.
   */
  onReconnected: (event: { readonly fresh: boolean }) => void = () => undefined;
  /** The connection has become another one, see {@link CommState}. */
  onState: (state: CommState) => void = () => undefined;
  /** All that was sent has left this process; called after `queuedBytes` was not 0. */
  onDrain: () => void = () => undefined;

  readonly #incoming: MessageSet<In>;
  readonly #batch: MessageBatch<Out>;
  readonly #sessionOptions: SessionOptions;
  #session: Session;
  #peer: Hello;
  #wire: Wire | undefined;
  #state: CommState = "open";
  #isPaused = false;
  #isReferenced = true;
  #isFlushPlanned = false;
  /** Set while something waits that does not press. */
  #soon: NodeJS.Timeout | undefined;
  /** Whether there has been a wire; what is sent before that waits for it. */
  #isStarted = false;
  #timer: NodeJS.Timeout | undefined;
  #timerMs: number = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;
  /** Frames that come before the handlers are set. */
  #held: Frame[] | undefined;
  /** Chunks to write at the end of what is being done. */
  #transmit: Uint8Array[] = [];

  constructor(parts: CommParts<In, Out>) {
    this.#incoming = parts.incoming;
    this.#batch = parts.outgoing.batch();
    this.#session = parts.session;
    this.#sessionOptions = parts.sessionOptions;
    this.#peer = parts.peer;
  }

  /** What the other side said of itself. */
  get peer(): Hello {
    return this.#peer;
  }

  get state(): CommState {
    return this.#state;
  }

  /** Where the other side is, for messages. */
  get remote(): string {
    return this.#wire?.remote ?? `${this.#peer.role} ${this.#peer.id}`;
  }

  /** Bytes that were sent and have not left this process, or wait for a socket. */
  get queuedBytes(): number {
    const waiting = this.#wire === undefined ? this.#session.unackedBytes : this.#wire.queuedBytes;
    return this.#batch.bytes + waiting;
  }

  /** Round trip of the last ping, if there was one. */
  get rttMs(): number | undefined {
    return this.#session.rttMs;
  }

  /**
   * Sends a message at the end of the event loop's turn; small values are read now, arrays of 4 KiB
   * and more must not change until they were received. While the socket is lost messages wait for
   * the next one; on a closed connection they go nowhere. Throws `InvalidArgument` for what is not
   * a message of the outgoing set.
   */
  send(message: Out): void {
    if (this.#state === "closed") return;
    this.#batch.add(message);
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  /**
   * As `send`, for what nobody waits for: it goes with the next message that is sent, or two
   * milliseconds later. A write of its own would wake the other side for little.
   */
  sendSoon(message: Out): void {
    if (this.#state === "closed") return;
    this.#batch.add(message);
    this.#soon ??= setTimeout(() => this.flush(), SOON_MS);
  }

  /** Sends what waits for the end of the turn now. */
  flush(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#batch.bytes === 0) return;
    for (const body of this.#batch.take()) this.#run(this.#session.send(body));
    this.#write();
    this.#arm();
  }

  /** The connection keeps the process alive (as it does from the start). */
  ref(): void {
    this.#isReferenced = true;
    this.#wire?.ref();
  }

  /** The process may end although the connection is open. */
  unref(): void {
    this.#isReferenced = false;
    this.#wire?.unref();
  }

  /** Reads no more until {@link resume}: the other side has to wait. */
  pause(): void {
    this.#isPaused = true;
    this.#wire?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#wire?.resume();
  }

  /**
   * Ends the connection after what was sent before; the other side's `onClosed` gets no error.
   * Resolves when the socket is closed.
   */
  async close(reason = "closed"): Promise<void> {
    if (this.#state === "closed") return await this.#closing;
    this.flush();
    this.#run(this.#session.bye(reason));
    this.#write();
    const wire = this.#wire;
    this.#over(undefined);
    if (wire === undefined) return;
    this.#closing = new Promise((resolve) => {
      const late = setTimeout(() => wire.destroy(), CLOSE_MS);
      wire.onClosed = () => {
        clearTimeout(late);
        resolve();
      };
      wire.resume();
      wire.end();
    });
    await this.#closing;
  }

  /** Gives the peer up at once. */
  abort(error: HeddleError): void {
    const wire = this.#wire;
    this.#over(error);
    wire?.destroy();
  }

  // What follows is for `connect` and `listen` alone.

  /** The session that a new socket would go on with, once the old one is out of use. */
  detach(): ResumePoint | undefined {
    this.#dropWire();
    this.#session.lost(nowMs());
    this.#enter("lost");
    return this.#session.state === "over" ? undefined : this.#session.resumePoint;
  }

  /** Whether the session can go on for a peer that has got so far. */
  canResume(point: ResumePoint): boolean {
    return this.#session.canResume(point);
  }

  get resumePoint(): ResumePoint {
    return this.#session.resumePoint;
  }

  /** Goes on over a greeted wire: with the same session, or with a fresh one. */
  attach(greeted: Greeted, peer: Hello, how: ResumePoint | { readonly session: string }): void {
    if (this.#state === "closed") return greeted.wire.destroy();
    this.#peer = peer;
    const fresh = !("received" in how);
    this.#listenTo(greeted);
    if (fresh) {
      this.#session = new Session(how.session, nowMs(), this.#sessionOptions);
      // Written for a session that the other side knows nothing of.
      this.#batch.take();
    } else this.#run(this.#session.resume(how, nowMs()));
    this.#write();
    this.#enter("open");
    this.onReconnected({ fresh });
    this.#takeEarly(greeted);
    this.#arm();
  }

  /**
   * The first wire. What comes over it is held until the end of the turn, so that whoever waited
   * for the connection can set its handlers.
   */
  start(greeted: Greeted): void {
    if (this.#state === "closed") return greeted.wire.end();
    this.#isStarted = true;
    this.#held = [...greeted.early];
    this.#listenTo(greeted);
    this.#write();
    this.#arm();
    setImmediate(() => {
      const early = this.#held ?? [];
      this.#held = undefined;
      this.#takeEarly({ ...greeted, early });
    });
  }

  #listenTo({ wire, parser }: Greeted): void {
    this.#wire = wire;
    wire.onDrain = () => this.onDrain();
    wire.onClosed = () => this.#socketLost();
    const take = (frame: Frame): void => this.#takeFrame(frame);
    wire.sink = frameSink(parser, take, (step) => this.#read(step));
    if (this.#isPaused) wire.pause();
    if (!this.#isReferenced) wire.unref();
  }

  #takeEarly({ early }: Greeted): void {
    if (early.length === 0) return;
    this.#read(() => {
      for (const frame of early) this.#takeFrame(frame);
    });
  }

  /** Bytes have come: the peer lives, whether or not they complete a frame. */
  #read(parse: () => void): void {
    if (this.#state === "closed") return;
    this.#run(this.#session.heard(nowMs()));
    try {
      parse();
    } catch (error) {
      if (!isHeddleError(error, "ProtocolError")) throw error;
      return this.abort(error);
    }
    this.#write();
    this.#arm();
  }

  #takeFrame(frame: Frame): void {
    // A handler may have closed the connection between two frames of one read.
    if (this.#state === "closed" || this.#session.state !== "open") return;
    if (this.#held !== undefined) {
      this.#held.push(frame);
      return;
    }
    this.#run(this.#session.receive(frame, nowMs()));
  }

  #run(commands: readonly SessionCommand[]): void {
    for (const command of commands) {
      switch (command.kind) {
        case "transmit":
          for (const chunk of command.chunks) this.#transmit.push(chunk);
          break;
        case "deliver":
          this.onMessages(this.#incoming.decode(command.body));
          break;
        case "suspect":
          // Who does not read cannot hear.
          if (!this.#isPaused) this.#enter("suspect");
          break;
        case "trusted":
          this.#enter("open");
          break;
        case "dead":
          this.#peerDead(command.reason);
          break;
        case "closed":
          this.#peerClosed();
          break;
      }
    }
  }

  #write(): void {
    if (this.#transmit.length === 0 || !this.#isStarted) return;
    const chunks = this.#transmit;
    this.#transmit = [];
    this.#wire?.write(chunks);
  }

  #arm(): void {
    const { dueMs } = this.#session;
    // A timer that comes too early looks again: cheaper than moving it with each frame.
    if (this.#state === "closed" || dueMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = dueMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(dueMs - nowMs())));
    // A socket keeps the process alive, a timer does not.
    this.#timer.unref();
  }

  #tick(): void {
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.#run(this.#session.tick(nowMs()));
    if (this.#isPaused) this.#run(this.#session.heard(nowMs()));
    this.#write();
    this.#arm();
  }

  #socketLost(): void {
    this.#dropWire();
    this.#session.lost(nowMs());
    this.#enter("lost");
    this.#arm();
  }

  #dropWire(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    if (wire === undefined) return;
    leave(wire);
    wire.destroy();
  }

  #peerClosed(): void {
    const wire = this.#wire;
    this.#over(undefined);
    wire?.end();
  }

  #peerDead(reason: string): void {
    if (this.#state === "closed") return;
    this.#dropWire();
    if (this.keepsAfterDeath()) return this.#enter("lost");
    this.#over(
      new HeddleError("CommClosed", `The ${this.#peer.role} ${this.#peer.id} is lost: ${reason}`, {
        fields: { role: this.#peer.role, id: this.#peer.id, reason },
      }),
    );
  }

  /** Whether somebody still tries to reach the peer when the session is over. */
  keepsAfterDeath: () => boolean = () => false;

  #enter(state: CommState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.onState(state);
    this.stateChanged(state);
  }

  /** For `connect` and `listen`, beside the user's `onState`. */
  stateChanged: (state: CommState) => void = () => undefined;

  #over(error: HeddleError | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    this.#batch.take();
    const wire = this.#wire;
    this.#wire = undefined;
    if (wire !== undefined) leave(wire);
    this.stateChanged("closed");
    this.onState("closed");
    this.onClosed(error);
  }
}

/** Nothing that still comes over the wire is of interest. */
function leave(wire: Wire): void {
  wire.onClosed = () => undefined;
  wire.onDrain = () => undefined;
  wire.onBytes = () => undefined;
  wire.sink = undefined;
}
