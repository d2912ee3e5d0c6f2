/**
 * @file Around a cut in the network: what cannot be reached directly is reached through a process
 * that all reach, with the same handshakes, and what is already known is not tried again.
 */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  BulkPool,
  type BulkPoolOptions,
  parseAddress,
  Relay,
  type RelayOptions,
  Security,
  serveBulk,
} from "../../../src/comm/index.ts";
import { splice } from "../../../src/comm/relay.ts";
import type { Wire } from "../../../src/comm/wire.ts";
import { dialed, helloOf, received, type Station, station, TOKEN, words } from "./helpers.ts";

const SIZES = [0, 1, 1000, 3_000_001];

function pattern(seed: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 255);
}

interface Place {
  readonly address: string;
  readonly values: Map<number, Uint8Array>;
}

/** A process with values, which also takes them. */
async function shelf(at: string, options: { security?: Security } = {}): Promise<Place> {
  const { listener } = await station(at, { hello: helloOf("worker"), ...options });
  const values = new Map<number, Uint8Array>();
  serveBulk(listener, {
    get(id) {
      const bytes = values.get(id);
      return bytes && { bytes };
    },
    put(id, bytes) {
      const target = new Uint8Array(bytes);
      return { target, stored: () => void values.set(id, target), dropped: () => undefined };
    },
  });
  return { address: listener.address, values };
}

/** A scheduler that carries bytes, and counts for whom. */
async function relayStation(
  at: string,
  options: { security?: Security } = {},
): Promise<Station & { asked: number }> {
  const middle = { ...(await station(at, options)), asked: 0 };
  middle.listener.relays = () => ++middle.asked > 0;
  return middle;
}

function poolOf(relay: Relay, options: Partial<BulkPoolOptions> = {}): BulkPool {
  const hello = helloOf("client", "far");
  const pool = new BulkPool({ hello, token: TOKEN, relay, ...options });
  onTestFinished(() => pool.close());
  return pool;
}

/** A port at which somebody listens only while it is open. */
class Gate {
  #server: Server | undefined;
  readonly #sockets: Socket[] = [];
  #port = 0;
  /** Bytes that each connection from now on brings back; the rest is lost on the way. */
  #carriedBytes = Number.POSITIVE_INFINITY;
  readonly #target: string;

  constructor(target: string) {
    this.#target = target;
    onTestFinished(() => this.destroy());
  }

  /** From this call on. */
  open(carriedBytes = Number.POSITIVE_INFINITY): void {
    this.#carriedBytes = carriedBytes;
    const { port, hostname } = new URL(this.#target.replace(/^t..:/, "http:"));
    this.#server ??= createServer((near) => {
      const far = connectSocket(Number(port), hostname);
      this.#sockets.push(near, far);
      near.on("error", () => far.destroy()).pipe(far);
      far.on("error", () => near.destroy());
      let left = this.#carriedBytes;
      far.on("data", (bytes: Buffer) => {
        near.write(bytes.subarray(0, Math.max(0, left)));
        left -= bytes.length;
      });
      far.on("end", () => near.end());
    }).listen(this.#port);
    this.#port = (this.#server.address() as { port: number }).port;
  }

  shut(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Nobody comes in any more, and whoever is there hears nothing. */
  silence(): void {
    this.shut();
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  destroy(): void {
    this.shut();
    for (const socket of this.#sockets) socket.destroy();
  }

  get address(): string {
    return this.#target.replace(/\d+$/, String(this.#port));
  }
}

/** A shelf whose port is open only for who asks through the relay. */
async function hidden(
  options: RelayOptions = {},
  scheme = "tcp",
  secret: { security?: Security } = {},
): Promise<{
  here: Place;
  gate: Gate;
  middle: Station & { asked: number };
  warnings: string[];
  relay: Relay;
}> {
  const here = await shelf(`${scheme}://127.0.0.1:0`, secret);
  const gate = new Gate(here.address);
  gate.open();
  gate.shut();
  const middle = await relayStation(`${scheme}://127.0.0.1:0`, secret);
  middle.listener.relays = () => {
    middle.asked++;
    gate.open();
    return true;
  };
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const relay = new Relay(middle.listener.address, { warn, ...options });
  return { here, gate, middle, warnings, relay };
}

/** Comparing large arrays number by number takes a test minutes. */
function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

async function read(pool: BulkPool, address: string, ids: number[]): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  const place = (id: number, bytes: number): Uint8Array => {
    found[id] = new Uint8Array(bytes);
    return found[id];
  };
  await pool.get(address, ids, place);
  return ids.map((id) => found[id]!);
}

describe("a relay", () => {
  it.each(["tcp", "tls"])("carries values both ways over %s", async (scheme) => {
    const options = scheme === "tls" ? { security: await Security.temporary() } : {};
    const here = await shelf(`${scheme}://127.0.0.1:0`, options);
    for (const [id, bytes] of SIZES.entries()) here.values.set(id, pattern(id, bytes));
    const middle = await relayStation(`${scheme}://127.0.0.1:0`, options);
    const pool = poolOf(new Relay(middle.listener.address, { direct: false }), options);
    const ids = [...SIZES.keys()];
    const found = await read(pool, here.address, ids);
    expect(ids.filter((id) => !isEqual(found[id], here.values.get(id)))).toEqual([]);
    await pool.put(here.address, [{ id: 9, bytes: pattern(9, 5_000_000) }]);
    expect(isEqual(here.values.get(9), pattern(9, 5_000_000))).toBe(true);
    // One connection was made, and used twice.
    expect(middle.asked).toBe(1);
  });

  it("carries messages", async () => {
    const far = await station("tcp://127.0.0.1:0", { hello: helloOf("worker") });
    const middle = await relayStation("tcp://127.0.0.1:0");
    const relay = new Relay(middle.listener.address, { direct: false });
    const near = await dialed(far.listener.address, { relay });
    const there = await far.next();
    const heard = received(there, 1);
    near.send({ kind: "say", words: "around the corner" });
    expect(words(await heard)).toEqual(["around the corner"]);
    expect(near.peer.role).toBe("worker");
  });

  it("is used where the direct way fails, at once the next time, and said once", async () => {
    const { here, gate, middle, warnings, relay } = await hidden();
    here.values.set(1, pattern(1, 1000));
    const options = { preferUnix: false };
    expect(await read(poolOf(relay, options), gate.address, [1])).toEqual([here.values.get(1)]);
    // The gate is open now, but that it was shut is remembered.
    expect(await read(poolOf(relay, options), gate.address, [1])).toEqual([here.values.get(1)]);
    expect(middle.asked).toBe(2);
    expect(warnings).toEqual([expect.stringContaining(`${gate.address} cannot be reached`)]);
  });

  it("takes over from a connection that has fallen silent", async () => {
    const { here, gate, middle, relay } = await hidden({ directMs: 50 });
    here.values.set(1, pattern(1, 1000));
    const pool = poolOf(relay);
    gate.open();
    await read(pool, gate.address, [1]);
    expect(middle.asked).toBe(0);
    gate.silence();
    expect(await read(pool, gate.address, [1])).toEqual([here.values.get(1)]);
    expect(middle.asked).toBeGreaterThan(0);
  });

  it.each(["tcp", "tls"])("is used where %s connections are taken and not answered", async (of) => {
    const secret = of === "tls" ? { security: await Security.temporary() } : {};
    const { here, gate, middle, warnings, relay } = await hidden({ directMs: 200 }, of, secret);
    here.values.set(1, pattern(1, 1000));
    gate.open(0);
    const pool = poolOf(relay, { ...secret, preferUnix: false, handshakeMs: 1000 });
    expect(await read(pool, gate.address, [1])).toEqual([here.values.get(1)]);
    expect(middle.asked).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("did not answer within")]);
  });

  it("is used the next time where small messages come through and values do not", async () => {
    const { here, gate, middle, warnings, relay } = await hidden({ directMs: 50 });
    here.values.set(1, pattern(1, 1_000_000));
    gate.open(20_000);
    const pool = poolOf(relay, { preferUnix: false, stallMs: 1000 });
    await expect(read(pool, gate.address, [1])).rejects.toMatchObject({ code: "TransferFailed" });
    expect(middle.asked).toBe(0);
    const [value] = await read(pool, gate.address, [1]);
    expect(isEqual(value, here.values.get(1))).toBe(true);
    expect(middle.asked).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("nothing moved for 1000 ms")]);
  });

  it("is left for the direct way when that may be open again", async () => {
    const { here, gate, middle, relay } = await hidden({ rememberMs: 0 });
    here.values.set(1, pattern(1, 1000));
    const pool = poolOf(relay);
    await read(pool, gate.address, [1]);
    await read(pool, gate.address, [1]);
    expect(middle.asked).toBe(1);
  });

  it("is taken for longer each time, and spoken of again after the direct way was open", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const said: string[] = [];
    const warn = (message: string): void => void said.push(message);
    const relay = new Relay("tcp://127.0.0.1:8786", { rememberMs: 1000, warn });
    const address = parseAddress("tcp://127.0.0.1:1");
    const cutFor = (ms: number): void => {
      relay.cut(address, undefined);
      vi.advanceTimersByTime(ms - 1);
      expect(relay.isCut(address)).toBe(true);
      vi.advanceTimersByTime(1);
      expect(relay.isCut(address)).toBe(false);
    };
    for (const ms of [1000, 2000, 4000]) cutFor(ms);
    expect(said).toHaveLength(1);
    relay.reached(address);
    cutFor(1000);
    expect(said).toHaveLength(2);
  });

  it("is not used where the direct way works, or others are not wanted", async () => {
    const here = await shelf("tcp://127.0.0.1:0");
    here.values.set(1, pattern(1, 1000));
    const middle = await relayStation("tcp://127.0.0.1:0");
    await read(poolOf(new Relay(middle.listener.address)), here.address, [1]);
    const only = poolOf(new Relay(middle.listener.address, { direct: true }));
    await expect(read(only, "tcp://127.0.0.1:1", [1])).rejects.toMatchObject({
      code: "ConnectFailed",
    });
    expect(middle.asked).toBe(0);
  });

  it("says what cannot be reached either way", async () => {
    const middle = await relayStation("tcp://127.0.0.1:0");
    const pool = poolOf(new Relay(middle.listener.address));
    await expect(read(pool, "tcp://127.0.0.1:1", [1])).rejects.toMatchObject({
      code: "ConnectFailed",
      message: expect.stringMatching(
        /^Cannot connect from here to tcp:\/\/127\.0\.0\.1:1, directly \(.*\) nor through the scheduler/,
      ),
    });
    expect(middle.asked).toBe(1);
  });

  it("makes only connections that are allowed, for those who prove themselves", async () => {
    const here = await shelf("tcp://127.0.0.1:0");
    const { listener } = await station("tcp://127.0.0.1:0");
    const relay = new Relay(listener.address, { direct: false });
    await expect(read(poolOf(relay), here.address, [1])).rejects.toMatchObject({
      code: "ConnectFailed",
      message: expect.stringContaining("are made from here"),
    });
    listener.relays = () => true;
    const stranger = poolOf(relay, { token: "another token of another cluster" });
    await expect(read(stranger, here.address, [1])).rejects.toMatchObject({ code: "AuthFailed" });
  });

  it("reads no faster than the other side takes", () => {
    const make = () => {
      const taken: (() => void)[] = [];
      const write = (_: unknown, written: () => void): void => void taken.push(written);
      const nothing = (): void => undefined;
      const [pause, resume] = [vi.fn(), vi.fn()];
      const wire = { write, pause, resume, watch: nothing, end: nothing, destroy: nothing };
      return { taken, pause, resume, wire: wire as unknown as Wire };
    };
    const [from, to] = [make(), make()];
    splice(from.wire, to.wire, () => undefined);
    const piece = new Uint8Array(2 ** 18);
    for (let i = 0; i < 4; i++) from.wire.onBytes(piece);
    expect(from.pause).not.toHaveBeenCalled();
    from.wire.onBytes(piece);
    expect(from.pause).toHaveBeenCalledOnce();
    for (const written of to.taken.splice(0, 2)) written();
    expect(from.resume).not.toHaveBeenCalled();
    for (const written of to.taken.splice(0)) written();
    expect(from.resume).toHaveBeenCalledOnce();
  });
});
