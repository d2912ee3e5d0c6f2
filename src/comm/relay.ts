/**
 * @file Ways around a cut in the network: who reaches the scheduler but not a worker (a laptop
 * outside the cluster's network, a worker behind another one's firewall) reaches it through the
 * scheduler. The scheduler dials in its place and carries bytes between the two, whatever they say:
 * both ends shake hands with each other, and a TLS session is theirs alone. The idea is HTTP's
 * CONNECT.
 */
import { HeddleError } from "../core/errors.ts";
import type { Hello } from "../protocol/index.ts";
import { type Address, formatAddress, parseAddress } from "./addresses.ts";
import { dial } from "./dial.ts";
import type { Wire } from "./wire.ts";

/** Options of a {@link Relay}. */
export interface RelayOptions {
  /** Whether to reach others directly: when that works, always, or never ("auto"). */
  readonly direct?: "auto" | boolean;
  /** Time for a direct connection, before the other way is taken (3,000). */
  readonly directMs?: number;
  /** How long a direct connection is not tried again at first (60,000); each time twice as long. */
  readonly rememberMs?: number;
  /** Who dials, for messages ("here"). */
  readonly from?: string;
  /** Hears, once for each address, what is reached through the relay only, or not at all. */
  readonly warn?: (message: string) => void;
}

/** Bytes on their way through a relay, for each direction of each connection. */
const IN_FLIGHT_BYTES = 2 ** 20;
/** Connections on which nothing moves for so long are of no use: pools close theirs earlier. */
const IDLE_MS = 300_000;
/** Time that the relay has to reach the other side: less than the handshake with it may take. */
const REACH_MS = 3000;

/** The longest that a direct connection is not tried again. */
const LONGEST_MS = 900_000;

interface Cut {
  readonly untilMs: number;
  readonly lengthMs: number;
}

/** What a dialer knows of addresses that it reaches through a process that all reach. */
export class Relay {
  /** Where the process listens that carries the bytes. */
  readonly address: string;
  /** Time for a direct connection. */
  readonly directMs: number;
  readonly #direct: "auto" | boolean;
  readonly #rememberMs: number;
  readonly #from: string;
  readonly #warn: (message: string) => void;
  /** Until when direct connections are not tried, by address. */
  readonly #cuts = new Map<string, Cut>();
  readonly #warned = new Set<string>();

  constructor(address: string, options: RelayOptions = {}) {
    this.address = address;
    const { direct = "auto", directMs = 3000, rememberMs = 60_000 } = options;
    this.#direct = direct;
    this.directMs = directMs;
    this.#rememberMs = rememberMs;
    this.#from = options.from ?? "here";
    this.#warn = options.warn ?? (() => undefined);
  }

  /** Whether the address may be reached through the relay. */
  carries(address: Address): boolean {
    if (this.#direct === true) return false;
    if (address.scheme !== "tcp" && address.scheme !== "tls") return false;
    return formatAddress(address) !== this.address;
  }

  /** Whether it is known that the address cannot be reached directly. */
  isCut(address: Address): boolean {
    if (!this.carries(address)) return false;
    if (this.#direct === false) return true;
    return performance.now() < (this.#cuts.get(formatAddress(address))?.untilMs ?? 0);
  }

  /** The address is reached directly: a later cut is another one. */
  reached(address: Address): void {
    if (this.#cuts.size === 0) return;
    const shown = formatAddress(address);
    if (this.#cuts.delete(shown)) this.#warned.delete(shown);
  }

  /** The address is reached through the relay only, after the direct attempt failed so. */
  cut(address: Address, failure: unknown): void {
    const shown = formatAddress(address);
    const nowMs = performance.now();
    const before = this.#cuts.get(shown);
    // Several connections fail at the same time: that is one failure.
    if (before !== undefined && nowMs < before.untilMs) return;
    const lengthMs =
      before === undefined ? this.#rememberMs : Math.min(LONGEST_MS, 2 * before.lengthMs);
    this.#cuts.set(shown, { untilMs: nowMs + lengthMs, lengthMs });
    this.#say(
      shown,
      `${shown} cannot be reached from ${this.#from} (${reasonOf(failure)}): values from and to ` +
        `there go through the scheduler at ${this.address}, which takes longer`,
    );
  }

  /** An error for an address that is reached neither directly nor through the relay. */
  unreached(address: Address, direct: unknown, relayed: unknown): Error {
    const shown = formatAddress(address);
    // It may be that the direct way is open again.
    this.#cuts.delete(shown);
    const first = direct === undefined ? "" : `directly (${reasonOf(direct)}) nor `;
    const error = new HeddleError(
      "ConnectFailed",
      `Cannot connect from ${this.#from} to ${shown}, ${first}through the scheduler at ` +
        `${this.address} (${reasonOf(relayed)}): is the worker's host up, and do its firewall and its contact ` +
        "address let this host or the scheduler's in?",
      { cause: relayed, fields: { address: shown } },
    );
    this.#say(`${shown} at all`, error.message);
    return error;
  }

  #say(about: string, message: string): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.#warn(message);
  }
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure ?? "it is known");
}

/** What a dialer says of itself when it wants to be connected with another address. */
export function relayFacts(address: Address): unknown {
  return { relay: formatAddress(address) };
}

/**
 * Reaches what a dialer has asked for, if `allows` it. Throws `ConnectFailed` and `Timeout`, which
 * the dialer is told.
 */
export async function reachFor(
  { facts, role }: Hello,
  allows: ((address: Address) => boolean) | undefined,
): Promise<Wire> {
  const asked = (facts as { readonly relay?: unknown } | null)?.relay;
  const target = parseAddress(typeof asked === "string" ? asked : "");
  const isNetwork = target.scheme === "tcp" || target.scheme === "tls";
  if (!isNetwork || allows?.(target) !== true) {
    throw new HeddleError("ConnectFailed", `No connections to ${asked} are made from here`);
  }
  // TLS is between the two ends.
  const preferUnix = target.scheme === "tcp";
  const signal = AbortSignal.timeout(REACH_MS);
  try {
    return await dial({ ...target, scheme: "tcp" }, { role, preferUnix, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new HeddleError("Timeout", `${asked} did not answer within ${REACH_MS} ms`);
  }
}

/** Carries bytes between two wires until either ends. */
export function splice(a: Wire, b: Wire, closed: () => void): void {
  let isOver = false;
  const end = (other: Wire): void => {
    other.end();
    if (!isOver) closed();
    isOver = true;
  };
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    carry(from, to);
    from.onClosed = () => end(to);
    from.watch(IDLE_MS, () => from.destroy());
  }
}

/** Reads no faster than the other side takes. */
function carry(from: Wire, to: Wire): void {
  let inFlightBytes = 0;
  let isPaused = false;
  const written = (bytes: number): void => {
    inFlightBytes -= bytes;
    if (!isPaused || inFlightBytes > IN_FLIGHT_BYTES / 2) return;
    isPaused = false;
    from.resume();
  };
  from.onBytes = (bytes) => {
    const { length } = bytes;
    inFlightBytes += length;
    if (!isPaused && inFlightBytes > IN_FLIGHT_BYTES) {
      isPaused = true;
      from.pause();
    }
    // The bytes are only good during the call.
    to.write([bytes.slice()], () => written(length));
  };
}
