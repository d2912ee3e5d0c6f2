/**
 * @file Listening: whoever connects has to prove that it belongs to the cluster, in little time and
 * with little memory; whatever else it does costs it the connection and nothing more. A dialer that
 * comes back goes on with the session that it had, if both sides still can.
 */
import { randomBytes } from "node:crypto";
import { HeddleError } from "../core/errors.ts";
import {
  encodeHandshake,
  FrameParser,
  type FrameParserOptions,
  type Hello,
  type Message,
  type MessageSet,
  type ResumePoint,
  Session,
  type SessionOptions,
  UNPROVED_BODY_MAX,
} from "../protocol/index.ts";
import { type Address, formatAddress, parseAddress } from "./addresses.ts";
import { Comm, type Greeted, nowMs } from "./comm.ts";
import { type CommOptions, checkProof, DEFAULTS } from "./comm-options.ts";
import { FrameChannel } from "./frame-channel.ts";
import { greetDialer, makeHello, refuse, welcome } from "./greeting.ts";
import { reachFor, splice } from "./relay.ts";
import { openSockets, type Sockets } from "./sockets.ts";
import type { Wire } from "./wire.ts";

/** Options of {@link listen}. */
export interface ListenOptions<In extends Message, Out extends Message>
  extends Omit<CommOptions, "session"> {
  /** When a peer is suspect and when it is lost, by what it says of itself where peers differ. */
  readonly session?: SessionOptions | ((peer: Hello) => SessionOptions);
  /** Messages of a peer, by what it says of itself where peers differ. */
  readonly incoming: MessageSet<In> | ((peer: Hello) => MessageSet<In>);
  readonly outgoing: MessageSet<Out> | ((peer: Hello) => MessageSet<Out>);
  /**
   * Takes a new connection, or throws: a HeddleError's code and message reach the other side. What
   * it sends is sent after the welcome.
   */
  readonly accept: (comm: Comm<In, Out>) => void | Promise<void>;
  /** Connections at a time that have not proved themselves yet; the oldest has to go (512). */
  readonly pendingMax?: number;
  /** Connections that the system keeps waiting (2048). */
  readonly backlog?: number;
  /** Also open a unix socket beside a tcp listener, for peers of this host (true). */
  readonly unixBeside?: boolean;
}

const PENDING_MAX = 512;

/** Takes the bulk connections of a listener. */
export interface BulkDoor {
  readonly place: FrameParserOptions["place"];
  /** The connection is there. */
  readonly open: (greeted: Greeted, peer: Hello) => void;
}

/** A place where others connect. */
export interface Listener<In extends Message = Message, Out extends Message = Message> {
  /** What it listens on, with the port that it got. */
  readonly address: string;
  /** Where other hosts reach it: of a wildcard the address of this host. */
  readonly contactAddress: string;
  /** Path of the unix socket, if there is one. */
  readonly unixPath: string | undefined;
  readonly comms: ReadonlySet<Comm<In, Out>>;
  /** Makes what deals with one bulk connection; set by `serveBulk`. */
  bulk: ((maxBodyBytes: number) => BulkDoor) | undefined;
  /** What may be reached through this listener (`relay.ts`); nothing unless it is set. */
  relays: ((address: Address) => boolean) | undefined;
  /** Stops listening and closes all connections. */
  close(): Promise<void>;
}

/**
 * Listens on an address. Throws `AuthFailed` when neither a token nor certificates protect it, and
 * `ConnectFailed` when the address cannot be had.
 */
export async function listen<In extends Message, Out extends Message>(
  address: string,
  options: ListenOptions<In, Out>,
): Promise<Listener<In, Out>> {
  const target = parseAddress(address, 0);
  checkProof(target, formatAddress(target), options);
  // What cannot be said is an error here, not at whoever connects.
  encodeHandshake("hello", makeHello(options.hello, "control"));
  const listener = new CommListener(options);
  listener.sockets = await openSockets(target, {
    role: options.hello.role,
    security: options.security,
    backlog: options.backlog ?? 2048,
    pendingMax: options.pendingMax ?? PENDING_MAX,
    handshakeMs: options.handshakeMs ?? DEFAULTS.handshakeMs,
    unixBeside: options.unixBeside ?? true,
    accept: (wire, error) => void listener.greet(wire, error),
    failed: (remote, error) => options.log?.({ kind: "failed", remote, error }),
  });
  return listener;
}

class CommListener<In extends Message, Out extends Message> implements Listener<In, Out> {
  sockets: Sockets | undefined;
  readonly comms: Set<Comm<In, Out>> = new Set();
  bulk: ((maxBodyBytes: number) => BulkDoor) | undefined;
  relays: ((address: Address) => boolean) | undefined;
  readonly #options: ListenOptions<In, Out>;
  /** Handshakes under way, oldest first. */
  readonly #pending: Set<FrameChannel> = new Set();
  /** Connections by session, and by who is at the other end. */
  readonly #bySession: Map<string, Comm<In, Out>> = new Map();
  readonly #byPeer: Map<string, Comm<In, Out>> = new Map();
  readonly #bulkWires: Set<Wire> = new Set();
  readonly #relayed: Set<Wire> = new Set();

  constructor(options: ListenOptions<In, Out>) {
    this.#options = options;
  }

  get address(): string {
    return this.sockets?.address ?? "";
  }

  get contactAddress(): string {
    return this.sockets?.contactAddress ?? "";
  }

  get unixPath(): string | undefined {
    return this.sockets?.unixPath;
  }

  async close(): Promise<void> {
    for (const channel of this.#pending) channel.wire.destroy();
    for (const wire of [...this.#bulkWires, ...this.#relayed]) wire.destroy();
    const closing = [...this.comms].map((comm) => comm.close("the listener was closed"));
    await Promise.all([this.sockets?.close(), ...closing]);
  }

  /** Shakes hands with whoever has connected, unless an error is to be told. Never rejects. */
  async greet(wire: Wire, refusal?: HeddleError): Promise<void> {
    const { handshakeMs = DEFAULTS.handshakeMs, pendingMax = PENDING_MAX, log } = this.#options;
    let door: BulkDoor | undefined;
    const parser = new FrameParser({
      maxBodyBytes: UNPROVED_BODY_MAX,
      place: (header) => door?.place?.(header),
    });
    const channel = new FrameChannel(wire, parser);
    const timer = setTimeout(() => channel.fail(slow(handshakeMs)), handshakeMs);
    this.#pending.add(channel);
    if (this.#pending.size > pendingMax) oldest(this.#pending)?.fail(crowded(pendingMax));
    try {
      if (refusal !== undefined) throw refusal;
      const peer = await greetDialer(channel, this.#options.hello, this.#options.token);
      clearTimeout(timer);
      this.#pending.delete(channel);
      if (peer.purpose === "control") return await this.#takeControl(channel, peer);
      if (peer.purpose === "relay") return await this.#takeRelay(channel, peer);
      door = this.#takeBulk(channel, peer);
    } catch (error) {
      refuse(channel, error, handshakeMs);
      log?.({ kind: "refused", remote: wire.remote, error: error as Error });
    } finally {
      clearTimeout(timer);
      this.#pending.delete(channel);
    }
  }

  #takeBulk(channel: FrameChannel, peer: Hello): BulkDoor {
    const { maxBodyBytes = DEFAULTS.maxBodyBytes } = this.#options;
    const { wire, parser } = channel;
    if (this.bulk === undefined) {
      throw new HeddleError("ConnectFailed", "This listener serves no bulk data");
    }
    const door = this.bulk(maxBodyBytes);
    this.#bulkWires.add(wire);
    parser.maxBodyBytes = maxBodyBytes;
    welcome(channel, { session: "" });
    door.open({ wire, parser, early: channel.release() }, peer);
    const closed = wire.onClosed;
    wire.onClosed = (error) => {
      this.#bulkWires.delete(wire);
      closed(error);
    };
    return door;
  }

  async #takeRelay(channel: FrameChannel, peer: Hello): Promise<void> {
    const { wire } = channel;
    const far = await reachFor(peer, this.relays);
    if (channel.error !== undefined) {
      far.destroy();
      throw channel.error;
    }
    this.#relayed.add(wire).add(far);
    // Nothing of the other side comes before what the dialer says to it, which it does when it
    // has been welcomed.
    channel.release();
    splice(wire, far, () => {
      this.#relayed.delete(wire);
      this.#relayed.delete(far);
    });
    welcome(channel, { session: "" });
  }

  async #takeControl(channel: FrameChannel, peer: Hello): Promise<void> {
    if (peer.resume !== undefined && this.#resume(channel, peer, peer.resume)) return;
    // Whoever was there under this name has a connection that it does not use any more.
    this.#byPeer.get(keyOf(peer))?.abort(replaced(peer));
    const comm = this.#makeComm(peer);
    try {
      await this.#options.accept(comm);
      if (channel.error !== undefined) throw channel.error;
    } catch (error) {
      comm.abort(new HeddleError("CommClosed", `The ${peer.role} ${peer.id} was not taken`));
      throw error;
    }
    welcome(channel, { session: comm.resumePoint.session });
    comm.start(this.#greeted(channel));
  }

  #makeComm(peer: Hello): Comm<In, Out> {
    const { incoming, outgoing, session = {} } = this.#options;
    const sessionOptions = typeof session === "function" ? session(peer) : session;
    const id = randomBytes(16).toString("hex");
    const comm = new Comm<In, Out>({
      incoming: typeof incoming === "function" ? incoming(peer) : incoming,
      outgoing: typeof outgoing === "function" ? outgoing(peer) : outgoing,
      session: new Session(id, nowMs(), sessionOptions),
      sessionOptions,
      peer,
    });
    const key = keyOf(peer);
    this.comms.add(comm);
    this.#bySession.set(id, comm);
    this.#byPeer.set(key, comm);
    comm.stateChanged = (state) => {
      if (state !== "closed") return;
      this.comms.delete(comm);
      this.#bySession.delete(id);
      if (this.#byPeer.get(key) === comm) this.#byPeer.delete(key);
    };
    return comm;
  }

  /** Goes on with the session that the peer names, if that is possible. */
  #resume(channel: FrameChannel, peer: Hello, point: ResumePoint): boolean {
    const comm = this.#bySession.get(point.session);
    if (comm === undefined || keyOf(comm.peer) !== keyOf(peer)) return false;
    // Half-open: this side may not know yet that the old wire is gone.
    const mine = comm.detach();
    if (mine === undefined || !comm.canResume(point)) {
      comm.abort(notResumed(peer));
      return false;
    }
    welcome(channel, { session: point.session, resume: mine });
    comm.attach(this.#greeted(channel), peer, point);
    return true;
  }

  #greeted(channel: FrameChannel): Greeted {
    const { wire, parser } = channel;
    parser.maxBodyBytes = this.#options.maxBodyBytes ?? DEFAULTS.maxBodyBytes;
    return { wire, parser, early: channel.release() };
  }
}

function keyOf({ role, id, incarnation }: Hello): string {
  return JSON.stringify([role, id, incarnation]);
}

function oldest<T>(set: ReadonlySet<T>): T | undefined {
  for (const first of set) return first;
  return undefined;
}

function slow(handshakeMs: number): HeddleError {
  return new HeddleError("Timeout", `The handshake was not over after ${handshakeMs} ms`);
}

function crowded(pendingMax: number): HeddleError {
  return new HeddleError(
    "ConnectFailed",
    `More than ${pendingMax} connections at a time wait for their handshake; try again`,
  );
}

function replaced({ role, id }: Hello): HeddleError {
  return new HeddleError("CommClosed", `The ${role} ${id} has connected again`, {
    fields: { returned: true },
  });
}

function notResumed({ role, id }: Hello): HeddleError {
  return new HeddleError(
    "CommClosed",
    `The ${role} ${id} came back, but more was said meanwhile than is kept for it`,
    { fields: { returned: true } },
  );
}
