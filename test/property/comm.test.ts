/**
 * @file What holds for connections whatever happens: messages arrive once and in order over any
 * sequence of cuts, values arrive whole over any cut and question, and no bytes of a stranger do
 * more than end its own connection.
 */
import { connect as connectSocket } from "node:net";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeHello } from "../../src/comm/greeting.ts";
import { BulkPool, serveBulk } from "../../src/comm/index.ts";
import { isHeddleError } from "../../src/core/errors.ts";
import { encodeHandshake, FRAME, writeFrame } from "../../src/protocol/index.ts";
import { TcpProxy } from "../lab/tcp-proxy.ts";
import { dialed, helloOf, received, station, type TalkComm, TOKEN } from "../unit/comm/helpers.ts";

async function proxied(target: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(target);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Sends numbered messages of the given sizes, a few in each turn. */
async function sendAll(comm: TalkComm, sizes: readonly number[]): Promise<void> {
  for (const [n, size] of sizes.entries()) {
    comm.send({ kind: "data", n, bytes: new Uint8Array(size).fill(n) });
    if (n % 7 === 6) await new Promise(setImmediate);
  }
}

/** Cuts after so many bytes, again and again, each time when the connection is back. */
function cutAgain(proxy: TcpProxy, comm: TalkComm, cuts: readonly number[]): void {
  let next = 0;
  const arm = (): void => {
    const bytes = cuts[next++];
    if (bytes !== undefined) proxy.cutAfterBytes = bytes;
  };
  comm.onReconnected = arm;
  arm();
}

describe("messages", () => {
  it("arrive once and in order, whatever is cut", async () => {
    const { listener, next } = await station();
    const proxy = await proxied(listener.address);
    const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 });
    const cuts = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 4 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(sizes, sizes, cuts, async (to, fro, at) => {
        const comm = await dialed(proxy.address, { hello: helloOf("worker", `w${run++}`) });
        const far = await next();
        const there = received(far, to.length);
        const here = received(comm, fro.length);
        cutAgain(proxy, comm, at);
        await Promise.all([sendAll(comm, to), sendAll(far, fro)]);
        for (const [got, sent] of [
          [await there, to],
          [await here, fro],
        ] as const) {
          const seen = got.map((each) => (each.kind === "data" ? [each.n, each.bytes.length] : []));
          expect(seen).toEqual(sent.map((size, n) => [n, size]));
          expect(
            got.every((each) => each.kind === "data" && each.bytes.every(isByteOf(each.n))),
          ).toBe(true);
        }
        proxy.cutAfterBytes = Number.POSITIVE_INFINITY;
        await comm.close();
      }),
      { numRuns: 40 },
    );
    expect(proxy.connections).toBeGreaterThan(run);
  });
});

function isByteOf(n: number): (byte: number) => boolean {
  return (byte) => byte === (n & 255);
}

describe("values", () => {
  it("arrive whole when what broke off is asked for again", async () => {
    const { listener } = await station();
    const values = new Map<number, Uint8Array>();
    let held = 0;
    serveBulk(listener, {
      get(id) {
        const bytes = values.get(id);
        if (bytes === undefined) return undefined;
        held++;
        return { bytes, release: () => void held-- };
      },
    });
    const proxy = await proxied(listener.address);
    const pool = new BulkPool({ hello: helloOf("client"), token: TOKEN });
    onTestFinished(() => pool.close());
    const size = fc.integer({ min: 0, max: 400_000 });
    const cut = fc.integer({ min: 1, max: 900_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 8 }), cut, async (sizes, at) => {
        values.clear();
        for (const [id, bytes] of sizes.entries()) {
          values.set(id, new Uint8Array(bytes).fill(id + 1));
        }
        proxy.cutAfterBytes = at;
        const places = await pullAll(pool, proxy.address, sizes);
        proxy.cutAfterBytes = Number.POSITIVE_INFINITY;
        for (const [id, value] of values) {
          expect(Buffer.compare(places.get(id) ?? Buffer.alloc(0), value)).toBe(0);
        }
        while (held > 0) await new Promise(setImmediate);
      }),
      { numRuns: 40 },
    );
    expect(proxy.connections).toBeGreaterThan(5);
  });
});

/** Pulls all values, those that broke off once more from where they stopped. */
async function pullAll(
  pool: BulkPool,
  address: string,
  sizes: readonly number[],
): Promise<Map<number, Uint8Array>> {
  const places = new Map<number, Uint8Array>();
  let ids = [...sizes.keys()];
  let offset = 0;
  while (ids.length > 0) {
    const offsets = ids.map((_, i) => (i === 0 ? offset : 0));
    try {
      await pool.get(
        address,
        ids,
        (id, bytes) => {
          const whole = places.get(id) ?? new Uint8Array(sizes[id] ?? 0);
          places.set(id, whole);
          return whole.subarray(whole.length - bytes);
        },
        { offsets },
      );
      return places;
    } catch (error) {
      if (!isHeddleError(error, "TransferFailed")) continue;
      const { done, next } = error.fields as { done: number[]; next?: { bytes: number } };
      const before = done.length === 0 ? offset : 0;
      ids = ids.slice(done.length);
      offset = before + (next?.bytes ?? 0);
    }
  }
  return places;
}

describe("a stranger", () => {
  it("loses its connection for any bytes, and nobody else notices", async () => {
    const { listener, next, comms } = await station(undefined, { handshakeMs: 100 });
    const friend = await dialed(listener.address, { handshakeMs: 5000 });
    const far = await next();
    const port = Number(/:(\d+)$/.exec(listener.address)?.[1]);
    const hello = encodeHandshake("hello", makeHello(helloOf("client"), "control"));
    const greeting = Buffer.concat(writeFrame(FRAME.hello, [hello]));
    const garbage = fc.uint8Array({ maxLength: 300 });
    // Also a true greeting of which some bytes were changed, and one that goes on with garbage.
    const changed = fc
      .tuple(fc.nat(greeting.length - 1), fc.nat(255), garbage)
      .map(([at, byte, rest]) => {
        const bytes = Buffer.concat([greeting, rest]);
        bytes[at] = byte;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(garbage, changed), async (bytes) => {
        await new Promise<void>((resolve) => {
          const socket = connectSocket(port, "127.0.0.1", () => socket.end(bytes));
          socket.on("error", () => undefined);
          socket.on("close", () => resolve());
          socket.resume();
        });
      }),
      { numRuns: 200 },
    );
    expect(comms).toEqual([far]);
    const there = received(far, 1);
    friend.send({ kind: "say", words: "still here" });
    expect(await there).toHaveLength(1);
  });
});
