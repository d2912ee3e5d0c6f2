/**
 * @file Connecting: open a wire, shake hands, and come back when it breaks. A connection that is
 * silent for long is tried anew beside the old one, since a network that has healed carries a new
 * connection seconds before TCP repeats what was lost.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import {
  FrameParser,
  type FrameParserOptions,
  type Hello,
  type Message,
  type MessageSet,
  type ResumePoint,
  Session,
  type SessionOptions,
  UNPROVED_BODY_MAX,
  type Welcome,
} from "../protocol/index.ts";
import { type Address, formatAddress, parseAddress } from "./addresses.ts";
import { Comm, type Greeted, nowMs } from "./comm.ts";
import { type CommOptions, checkProof, DEFAULTS } from "./comm-options.ts";
import { type DialOptions, dial, secureOver } from "./dial.ts";
import { FrameChannel } from "./frame-channel.ts";
import { greetListener, makeHello } from "./greeting.ts";
import { type Relay, relayFacts } from "./relay.ts";
import { SocketWire, type Wire } from "./wire.ts";

/** How a wire to a listener is made. */
export interface DialerOptions extends CommOptions {
  /** Name that the listener's certificate must have; any of the authority unless given. */
  readonly serverName?: string;
  /** Reach a tcp address of this host over the unix socket beside it (true). */
  readonly preferUnix?: boolean;
  /** Reaches what cannot be reached directly. */
  readonly relay?: Relay | undefined;
}

/** Options of {@link connect}. */
export interface ConnectOptions<In extends Message, Out extends Message> extends DialerOptions {
  readonly incoming: MessageSet<In>;
  readonly outgoing: MessageSet<Out>;
  /** Time for the first connection, over as many attempts as it takes (30,000); 0: one attempt. */
  readonly connectMs?: number;
  /** Time for coming back, after which the connection is closed (60,000). */
  readonly reconnectMs?: number;
  /** Gives up the first connection. */
  readonly signal?: AbortSignal;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;

/** Failures that may pass; everything else is final. */
const PASSING: readonly string[] = ["ConnectFailed", "Timeout"];

/**
 * Connects to a listener, trying again until it is there. Throws `ConnectFailed` when that takes
 * too long, `AuthFailed` when one side does not prove that it belongs to the cluster,
 * `VersionMismatch` and `ProtocolMismatch` for other versions, and what else the listener refuses
 * with.
 */
export async function connect<In extends Message, Out extends Message>(
  address: string,
  options: ConnectOptions<In, Out>,
): Promise<Comm<In, Out>> {
  const target = parseAddress(address);
  const { connectMs = 30_000 } = options;
  checkProof(target, formatAddress(target), options);
  const { greeted, peer, welcome } = await retrying(
    connectMs,
    options.signal,
    async (signal, leftMs) => {
      const { handshakeMs: usual = DEFAULTS.handshakeMs } = options;
      // 0 stands for one attempt, however long that takes.
      const handshakeMs = connectMs === 0 ? usual : Math.min(usual, leftMs);
      return await openGreeted(target, { ...options, handshakeMs }, "control", { signal });
    },
  );
  const sessionOptions = dialerSession(options.session ?? {});
  const comm = new Comm<In, Out>({
    incoming: options.incoming,
    outgoing: options.outgoing,
    session: new Session(welcome.session, nowMs(), sessionOptions),
    sessionOptions,
    peer,
  });
  comeBack(comm, target, options);
  comm.start(greeted);
  return comm;
}

/**
 * The listener judges whether the dialer is dead; the dialer keeps what it may have to send again
 * for as long as silence is allowed.
 */
function dialerSession(options: SessionOptions): SessionOptions {
  const { deadMs = 60_000, lostMs = 2000 } = options;
  return { ...options, lostMs: Math.max(deadMs, lostMs) };
}

/** How one wire is opened. */
interface Opening {
  readonly signal?: AbortSignal;
  readonly resume?: () => ResumePoint | undefined;
  readonly place?: FrameParserOptions["place"];
}

/** A wire whose two ends know each other. */
interface Opened {
  readonly greeted: Greeted;
  readonly peer: Hello;
  readonly welcome: Welcome;
}

/**
 * Opens a wire and shakes hands once: directly where that is possible; else through the relay, if
 * there is one.
 */
export async function openGreeted(
  address: Address,
  options: DialerOptions,
  purpose: Hello["purpose"],
  how: Opening,
): Promise<Opened & { readonly isRelayed: boolean }> {
  const { relay, handshakeMs = DEFAULTS.handshakeMs } = options;
  const { signal } = how;
  const hasRelay = relay?.carries(address) === true;
  let direct: unknown;
  if (!hasRelay || !relay.isCut(address)) {
    try {
      const withinMs = hasRelay ? Math.min(handshakeMs, relay.directMs) : handshakeMs;
      const wire = await dialIn(withinMs, address, options, signal);
      const opened = await greetOver(wire, address, options, purpose, how);
      relay?.reached(address);
      return { ...opened, isRelayed: false };
    } catch (error) {
      if (!hasRelay || !isPassing(error) || signal?.aborted) throw error;
      direct = error;
    }
  }
  try {
    const wire = await dialThrough(relay as Relay, address, options, signal);
    const opened = await greetOver(wire, address, options, purpose, how);
    if (direct !== undefined) relay?.cut(address, direct);
    return { ...opened, isRelayed: true };
  } catch (error) {
    if (!isPassing(error) || signal?.aborted) throw error;
    throw (relay as Relay).unreached(address, direct, error);
  }
}

/** The handshake over a wire that is there; a network that lets one in may yet carry no answer. */
async function greetOver(
  wire: Wire,
  address: Address,
  options: DialerOptions,
  purpose: Hello["purpose"],
  how: Opening,
): Promise<Opened> {
  const { handshakeMs = DEFAULTS.handshakeMs, maxBodyBytes = DEFAULTS.maxBodyBytes } = options;
  const late = AbortSignal.timeout(handshakeMs);
  const signal = how.signal === undefined ? late : AbortSignal.any([late, how.signal]);
  const parser = new FrameParser({
    maxBodyBytes: UNPROVED_BODY_MAX,
    ...(how.place !== undefined && { place: how.place }),
  });
  const channel = new FrameChannel(wire, parser);
  const giveUp = (): void =>
    channel.fail(late.aborted ? tooLate(address, handshakeMs) : (signal.reason as Error));
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const hello = makeHello(options.hello, purpose, how.resume?.());
    const { peer, welcome } = await greetListener(channel, hello, options.token, maxBodyBytes);
    return { greeted: { wire, parser, early: channel.release() }, peer, welcome };
  } catch (error) {
    wire.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function dialIn(
  withinMs: number,
  address: Address,
  options: DialerOptions,
  given: AbortSignal | undefined,
): Promise<Wire> {
  const late = AbortSignal.timeout(withinMs);
  const signal = given === undefined ? late : AbortSignal.any([late, given]);
  try {
    return await dial(address, dialOptions(options, signal));
  } catch (error) {
    throw late.aborted ? tooLate(address, withinMs) : error;
  }
}

/** A connection to the relay, which has become one to the address. */
async function dialThrough(
  relay: Relay,
  address: Address,
  options: DialerOptions,
  signal: AbortSignal | undefined,
): Promise<Wire> {
  const { address: through } = relay;
  const own = { ...options.hello, facts: relayFacts(address) };
  const { greeted } = await openGreeted(
    parseAddress(through),
    { ...options, relay: undefined, hello: own },
    "relay",
    signal === undefined ? {} : { signal },
  );
  const { wire } = greeted;
  if (!(wire instanceof SocketWire)) return wire;
  wire.remote = `${formatAddress(address)} through ${through}`;
  if (address.scheme !== "tls") return wire;
  const { handshakeMs = DEFAULTS.handshakeMs } = options;
  const late = AbortSignal.timeout(handshakeMs);
  const any = signal === undefined ? late : AbortSignal.any([late, signal]);
  return await secureOver(wire, address, dialOptions(options, any));
}

function dialOptions(options: DialerOptions, signal: AbortSignal): DialOptions {
  return {
    role: options.hello.role,
    security: options.security,
    serverName: options.serverName,
    preferUnix: options.preferUnix ?? true,
    signal,
  };
}

function isPassing(error: unknown): boolean {
  return isHeddleError(error) && PASSING.includes(error.code);
}

function tooLate(address: Address, handshakeMs: number): HeddleError<"Timeout"> {
  const shown = formatAddress(address);
  return new HeddleError("Timeout", `${shown} did not answer within ${handshakeMs} ms`, {
    fields: { address: shown },
  });
}

/** Tries until it works, the time is over or the failure is final. */
async function retrying<T>(
  forMs: number,
  given: AbortSignal | undefined,
  attempt: (signal: AbortSignal, leftMs: number) => Promise<T>,
): Promise<T> {
  const signal = given ?? new AbortController().signal;
  const endMs = nowMs() + forMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt(signal, Math.max(1, Math.ceil(endMs - nowMs())));
    } catch (error) {
      // Not all at the same time: a scheduler that comes back hears of many.
      const pauseMs = waitMs * (0.5 + Math.random() / 2);
      if (!isPassing(error) || signal.aborted || nowMs() + pauseMs > endMs) throw error;
      await pause(pauseMs, signal);
    }
  }
}

/** Waits, or rejects when the signal comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Gives a comm a new wire whenever it has lost the old one, or hears nothing over it. */
function comeBack<In extends Message, Out extends Message>(
  comm: Comm<In, Out>,
  address: Address,
  options: ConnectOptions<In, Out>,
): void {
  let trying: AbortController | undefined;
  comm.keepsAfterDeath = () => true;
  comm.stateChanged = (state) => {
    if (state === "suspect" || state === "lost") {
      trying ??= start();
    } else {
      trying?.abort(new HeddleError("Cancelled", "The connection is no longer wanted"));
      trying = undefined;
    }
  };

  function start(): AbortController {
    const controller = new AbortController();
    const { signal } = controller;
    const { reconnectMs = 60_000 } = options;
    retrying(reconnectMs, signal, openAgain(comm, address, options)).then(
      ({ greeted, peer, welcome }) => {
        if (signal.aborted) return greeted.wire.destroy();
        trying = undefined;
        comm.attach(greeted, peer, welcome.resume ?? { session: welcome.session });
      },
      (error: unknown) => {
        if (!signal.aborted) comm.abort(givenUp(comm.peer, error, reconnectMs));
      },
    );
    return controller;
  }
}

/** Named by who comes back without a session that could go on: it must not be taken for new. */
const NO_SESSION: ResumePoint = { session: "none", received: 0, floor: 0 };

/** Attempts to come back with the session that the comm has, or without when that is too late. */
function openAgain<In extends Message, Out extends Message>(
  comm: Comm<In, Out>,
  address: Address,
  options: DialerOptions,
): (signal: AbortSignal) => ReturnType<typeof openGreeted> {
  let isTooLate = false;
  const resume = (): ResumePoint => {
    // The old wire was in use until the new one was there: a suspect might have spoken again.
    const point = comm.detach();
    return isTooLate || point === undefined ? NO_SESSION : point;
  };
  return async (signal) => {
    const opened = await openGreeted(address, options, "control", { signal, resume });
    const { greeted, welcome } = opened;
    if (welcome.resume === undefined || comm.canResume(welcome.resume)) return opened;
    // Since the hello more was sent than is kept.
    isTooLate = true;
    greeted.wire.destroy();
    throw new HeddleError("ConnectFailed", "More was said meanwhile than is kept");
  };
}

function givenUp(peer: Hello, error: unknown, reconnectMs: number): HeddleError {
  if (isHeddleError(error) && !PASSING.includes(error.code)) return error;
  const why = error instanceof Error ? error.message : String(error);
  const message = `The ${peer.role} ${peer.id} was not reached again in ${reconnectMs} ms`;
  return new HeddleError("CommClosed", `${message}: ${why}`, { cause: error });
}
