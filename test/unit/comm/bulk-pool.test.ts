/**
 * @file Values on their way: into the memory that waits for them, or a typed error and once more.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import {
  BulkPool,
  type BulkPoolOptions,
  type BulkServerOptions,
  type BulkStore,
  Security,
  serveBulk,
} from "../../../src/comm/index.ts";
import { HeddleError } from "../../../src/core/errors.ts";
import { wasm } from "../../../src/core/wasm.ts";
import { TcpProxy } from "../../lab/tcp-proxy.ts";
import { dialed, helloOf, received, station, TOKEN, words } from "./helpers.ts";

/** Bytes that tell their place. */
function pattern(seed: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 255);
}

interface Shelf {
  readonly address: string;
  readonly values: Map<number, Uint8Array>;
  /** How often each value was asked for, and is held now. */
  readonly asked: number[];
  held: number;
  readonly errors: Error[];
}

/** A process with values. */
async function shelf(
  at = "tcp://127.0.0.1:0",
  options: BulkServerOptions & { store?: Partial<BulkStore>; security?: Security } = {},
): Promise<Shelf> {
  const security = options.security && { security: options.security };
  const { listener } = await station(at, { hello: helloOf("worker"), ...security });
  const here: Shelf = {
    address: listener.address,
    values: new Map(),
    asked: [],
    held: 0,
    errors: [],
  };
  const log = (_remote: string, error: Error): void => void here.errors.push(error);
  const store: BulkStore = {
    get(id) {
      here.asked.push(id);
      const bytes = here.values.get(id);
      if (bytes === undefined) return undefined;
      here.held++;
      return { bytes, release: () => void here.held-- };
    },
    ...options.store,
  };
  serveBulk(listener, store, { log, ...options });
  return here;
}

function poolOf(options: Partial<BulkPoolOptions> = {}): BulkPool {
  const pool = new BulkPool({ hello: helloOf("worker", "other"), token: TOKEN, ...options });
  onTestFinished(() => pool.close());
  return pool;
}

/** Gives places in shared memory and keeps them. */
function places(): {
  place: (id: number, bytes: number) => Uint8Array;
  at: Map<number, Uint8Array>;
} {
  const at = new Map<number, Uint8Array>();
  const place = (id: number, bytes: number): Uint8Array => {
    const target = new Uint8Array(new SharedArrayBuffer(bytes));
    at.set(id, target);
    return target;
  };
  return { place, at };
}

const SIZES = [0, 1, 15, 16, 4096, 65_535, 65_536, 65_537, 1_000_003];

describe("get", () => {
  const cases = [
    ["tcp", { preferUnix: false }],
    ["unix", {}],
    ["inproc", {}],
    ["tls", {}],
  ] as const;
  it.each(cases)("brings values of all sizes over %s", async (scheme, options) => {
    const at = scheme === "inproc" ? "inproc://*" : `${scheme === "tls" ? "tls" : "tcp"}://[::1]:0`;
    const security = scheme === "tls" ? { security: await Security.temporary() } : {};
    const here = await shelf(at, security);
    for (const [id, bytes] of SIZES.entries()) here.values.set(id, pattern(id, bytes));
    const pool = poolOf({ ...options, ...security });
    const { place, at: there } = places();
    const arrived: number[] = [];
    const ids = [...SIZES.keys(), 77];
    const outcomes = await pool.get(here.address, ids, place, {
      arrived: (id) => arrived.push(id),
    });
    expect(outcomes.map(({ status }) => status)).toEqual([...SIZES.map(() => "here"), "gone"]);
    expect(outcomes.map(({ bytes }) => bytes)).toEqual([...SIZES, 0]);
    expect(arrived).toEqual([...SIZES.keys()]);
    for (const [id, bytes] of here.values) {
      expect(Buffer.compare(there.get(id) as Uint8Array, bytes)).toBe(0);
    }
    expect(here.held).toBe(0);
  });

  it("fills wasm memory where it is told to, and nothing beside it", async () => {
    const here = await shelf();
    here.values.set(5, pattern(5, 300_000));
    const memory = new wasm.Memory({ initial: 16, maximum: 64, shared: true });
    const target = new Uint8Array(memory.buffer, 4096, 300_000);
    await poolOf().get(here.address, [5], () => target);
    expect(Buffer.compare(target, pattern(5, 300_000))).toBe(0);
    expect(new Uint8Array(memory.buffer, 0, 4096).every((byte) => byte === 0)).toBe(true);
    expect(new Uint8Array(memory.buffer, 304_096, 4096).every((byte) => byte === 0)).toBe(true);
  });

  it("goes on from an offset", async () => {
    const here = await shelf();
    here.values.set(1, pattern(1, 100_000));
    const { place, at } = places();
    const offsets = [99_000, 100_000];
    const outcomes = await poolOf().get(here.address, [1, 1], place, { offsets });
    expect(outcomes).toMatchObject([{ bytes: 100_000 }, { bytes: 100_000 }]);
    expect(at.get(1)).toHaveLength(0);
    const beyond = await poolOf().get(here.address, [1], place, { offsets: [100_001] });
    expect(beyond[0]).toMatchObject({ status: "failed" });
    expect(beyond[0]?.message).toContain("asked for from 100001 on");
  });

  it("asks for parts in words of the store, and goes on from an offset in one", async () => {
    const whole = pattern(1, 1000);
    const here = await shelf(undefined, {
      store: {
        get(_id, _peer, part) {
          const [from, to] = part as [number, number];
          return { bytes: whole.subarray(from, to) };
        },
      },
    });
    const { place, at } = places();
    const parts = [
      [10, 20],
      [900, 1000],
    ];
    const options = { parts, offsets: [0, 40] };
    const outcomes = await poolOf().get(here.address, [1, 2], place, options);
    expect(outcomes).toMatchObject([{ bytes: 10 }, { bytes: 100 }]);
    expect(Buffer.compare(at.get(1)!, whole.subarray(10, 20))).toBe(0);
    expect(Buffer.compare(at.get(2)!, whole.subarray(940, 1000))).toBe(0);
    const odd = poolOf().get(here.address, [1, 2], place, { parts: [[0, 1]] });
    await expect(odd).rejects.toMatchObject({ code: "TransferFailed" });
    expect(here.errors[0]?.message).toContain("parts that are not as many");
  });

  it("waits for stores that fetch from elsewhere, one value after the other", async () => {
    let busy = 0;
    let busiest = 0;
    const here = await shelf(undefined, {
      inFlightBytes: 1,
      store: {
        async get(id) {
          busiest = Math.max(busiest, ++busy);
          await new Promise(setImmediate);
          if (id === 3) throw new HeddleError("SpillFailed", "The disk is broken");
          if (id === 4) throw new TypeError("a secret");
          return { bytes: pattern(id, 500_000), release: () => void busy-- };
        },
      },
    });
    const { place } = places();
    const outcomes = await poolOf().get(here.address, [1, 2, 3, 4, 5], place);
    expect(outcomes).toMatchObject([
      { status: "here" },
      { status: "here" },
      { status: "failed", message: "The disk is broken" },
      { status: "failed", message: "The other side failed" },
      { status: "here" },
    ]);
    // The two that failed were never released, and no two were held at once.
    expect(busiest).toBeLessThanOrEqual(3);
  });

  it("uses connections again, and no more than allowed", async () => {
    const here = await shelf();
    here.values.set(1, pattern(1, 1000));
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    const pool = poolOf({ connectionsMax: 2 });
    const { place } = places();
    for (let i = 0; i < 5; i++) await pool.get(proxy.address, [1], place);
    expect(proxy.connections).toBe(1);
    await Promise.all(Array.from({ length: 20 }, () => pool.get(proxy.address, [1], place)));
    expect(proxy.connections).toBe(2);
    expect(here.asked).toHaveLength(25);
  });

  it("opens another connection when an idle one has been closed meanwhile", async () => {
    const here = await shelf();
    here.values.set(1, pattern(1, 1000));
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    const pool = poolOf();
    const { place } = places();
    await pool.get(proxy.address, [1], place);
    proxy.cut();
    const [outcome] = await pool.get(proxy.address, [1], place);
    expect(outcome).toMatchObject({ status: "here" });
  });

  it("answers nothing to nothing", async () => {
    const here = await shelf();
    expect(await poolOf().get(here.address, [], () => new Uint8Array())).toEqual([]);
  });

  it("does not hold up messages", async () => {
    const { listener, next } = await station(undefined, { hello: helloOf("worker") });
    const bytes = pattern(1, 30_000_000);
    let isReleased = false;
    serveBulk(listener, {
      get: () => ({
        bytes,
        release() {
          isReleased = true;
        },
      }),
    });
    const comm = await dialed(listener.address);
    const there = received(await next(), 1);
    // The receiver has asked, and reads nothing of it as long as this thread does not let it.
    const { place } = places();
    const pulled = poolOf().get(listener.address, [1, 1, 1, 1], place);
    comm.send({ kind: "say", words: "first" });
    expect(words(await there)).toEqual(["first"]);
    expect(isReleased).toBe(false);
    await pulled;
  });
});

describe("a broken transfer", () => {
  it.each([200, 70_000, 1_500_000])(
    "tells after %i bytes what has come, and is asked for again",
    async (bytes) => {
      const here = await shelf();
      for (const id of [0, 1, 2]) here.values.set(id, pattern(id, 600_000));
      const proxy = await TcpProxy.start(here.address);
      onTestFinished(() => proxy.close());
      const pool = poolOf();
      const { place, at } = places();
      proxy.cutAfterBytes = bytes + 600;
      const failed: unknown = await pool.get(proxy.address, [0, 1, 2], place).catch((e) => e);
      expect(failed).toMatchObject({ code: "TransferFailed" });
      const { done, next } = (failed as HeddleError).fields as {
        done: number[];
        next?: { id: number; bytes: number };
      };
      for (const id of done) expect(Buffer.compare(at.get(id)!, here.values.get(id)!)).toBe(0);
      // Only what is missing, from where it broke off.
      const first = next ?? { id: done.length, bytes: 0 };
      expect(first.id).toBe(done.length);
      const rest = [0, 1, 2].slice(first.id);
      const offsets = rest.map((id) => (id === first.id ? first.bytes : 0));
      const partial = at.get(first.id);
      const again = await pool.get(
        proxy.address,
        rest,
        (id, size) =>
          id === first.id && partial !== undefined ? partial.subarray(-size) : place(id, size),
        { offsets },
      );
      expect(again.every(({ status }) => status === "here")).toBe(true);
      for (const [id, value] of here.values) expect(Buffer.compare(at.get(id)!, value)).toBe(0);
      expect(here.held).toBe(0);
    },
  );

  it.each([
    ["who asked", 60_000, 100],
    ["who serves", 100, 60_000],
  ])("that stands still is given up by %s, and what is held let go", async (_who, there, near) => {
    const here = await shelf(undefined, { stallMs: there });
    here.values.set(1, new Uint8Array(50_000_000));
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    const { place } = places();
    const pulled = poolOf({ stallMs: near }).get(proxy.address, [1], (id, bytes) => {
      proxy.silence();
      return place(id, bytes);
    });
    const failed = pulled.catch((error: unknown) => error);
    if (there < near) {
      while (here.errors.length === 0) await new Promise(setImmediate);
      expect(here.errors[0]).toMatchObject({ code: "Timeout" });
      proxy.cut();
    }
    expect(await failed).toMatchObject({ code: "TransferFailed" });
    if (near < there) expect(String(await failed)).toContain("nothing moved for 100 ms");
    // What is silent passes on no end either.
    proxy.cut();
    while (here.held > 0) await new Promise(setImmediate);
  });

  it("can be broken off by who asked", async () => {
    const here = await shelf();
    here.values.set(1, new Uint8Array(50_000_000));
    const { place } = places();
    const controller = new AbortController();
    const pulled = poolOf().get(
      here.address,
      [1],
      (id, bytes) => {
        controller.abort(new HeddleError("Cancelled", "not wanted"));
        return place(id, bytes);
      },
      { signal: controller.signal },
    );
    await expect(pulled).rejects.toMatchObject({ code: "Cancelled" });
    while (here.held > 0) await new Promise(setImmediate);
  });

  it("that was not begun leaves the connection that it waited for alone", async () => {
    const here = await shelf();
    here.values.set(1, pattern(1, 1000));
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    const pool = poolOf({ connectionsMax: 1 });
    const { place } = places();
    const controller = new AbortController();
    const first = pool.get(proxy.address, [1], place);
    const second = pool.get(proxy.address, [1], place, { signal: controller.signal });
    const third = pool.get(proxy.address, [1], place);
    controller.abort(new HeddleError("Cancelled", "not wanted"));
    await expect(second).rejects.toMatchObject({ code: "Cancelled" });
    expect(await first).toMatchObject([{ status: "here" }]);
    expect(await third).toMatchObject([{ status: "here" }]);
    expect(proxy.connections).toBe(1);
  });

  it("because its place has another size is the caller's error", async () => {
    const here = await shelf();
    here.values.set(1, pattern(1, 10));
    const pulled = poolOf().get(here.address, [1], () => new Uint8Array(9));
    await expect(pulled).rejects.toThrow("has 9 bytes instead of 10");
  });

  it("because nobody listens is a failed connection", async () => {
    const { listener } = await station();
    await listener.close();
    const pulled = poolOf().get(listener.address, [1], () => new Uint8Array());
    await expect(pulled).rejects.toMatchObject({ code: "ConnectFailed" });
  });

  it("because the other knows another token is refused", async () => {
    const here = await shelf();
    const pool = poolOf({ token: "another token, long enough" });
    const pulled = pool.get(here.address, [1], () => new Uint8Array());
    await expect(pulled).rejects.toMatchObject({ code: "AuthFailed" });
    expect(here.asked).toEqual([]);
  });
});

describe("put", () => {
  function taking(taken: Map<number, Uint8Array>, dropped: number[] = []): Partial<BulkStore> {
    return {
      async put(id, bytes, peer, facts) {
        await Promise.resolve();
        if (id === 9) throw new HeddleError("MemoryLimit", `No room for ${JSON.stringify(facts)}`);
        expect(peer.id).toBe("other");
        const target = new Uint8Array(new SharedArrayBuffer(bytes));
        return {
          target,
          stored: () => void taken.set(id, target),
          dropped: () => void dropped.push(id),
        };
      },
    };
  }

  it("brings values into the room that the receiver makes", async () => {
    const taken = new Map<number, Uint8Array>();
    const here = await shelf(undefined, { store: taking(taken) });
    const values = SIZES.map((bytes, id) => ({ id, bytes: pattern(id, bytes) }));
    values.splice(4, 0, { id: 9, bytes: pattern(9, 5) });
    const outcomes = await poolOf().put(here.address, values, { pin: true });
    expect(outcomes.map(({ status }) => status)).toEqual(
      values.map(({ id }) => (id === 9 ? "refused" : "stored")),
    );
    expect(outcomes[4]?.message).toBe('No room for {"pin":true}');
    expect(taken.size).toBe(SIZES.length);
    for (const { id, bytes } of values) {
      if (id !== 9) expect(Buffer.compare(taken.get(id)!, bytes)).toBe(0);
    }
  });

  it("that breaks off gives the room back", async () => {
    const taken = new Map<number, Uint8Array>();
    const dropped: number[] = [];
    const here = await shelf(undefined, { store: taking(taken, dropped) });
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    proxy.cutAfterBytes = 500_000;
    const values = [0, 1, 2].map((id) => ({ id, bytes: pattern(id, 400_000) }));
    const pushed = poolOf().put(proxy.address, values);
    await expect(pushed).rejects.toMatchObject({ code: "TransferFailed", fields: { done: [0] } });
    while (dropped.length === 0) await new Promise(setImmediate);
    expect(dropped).toEqual([1]);
    expect([...taken.keys()]).toEqual([0]);
  });

  it("waits longer for room than for bytes", async () => {
    const taken = new Map<number, Uint8Array>();
    const quick = taking(taken);
    const put = async (...given: Parameters<NonNullable<BulkStore["put"]>>) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return await (quick.put as NonNullable<BulkStore["put"]>)(...given);
    };
    const here = await shelf(undefined, { store: { ...quick, put } });
    const value = { id: 1, bytes: pattern(1, 10) };
    const [outcome] = await poolOf({ stallMs: 100 }).put(here.address, [value], { pin: true });
    expect(outcome).toMatchObject({ status: "stored" });
  });

  it("that stands still once there is room is given up as soon as any other", async () => {
    const quick = taking(new Map());
    const put = async (...given: Parameters<NonNullable<BulkStore["put"]>>) => {
      const room = await (quick.put as NonNullable<BulkStore["put"]>)(...given);
      // Silent as soon as the first bytes have come.
      const look = (): void => {
        if (room.target[0] === 1) proxy.silence();
        else setImmediate(look);
      };
      look();
      return room;
    };
    const here = await shelf(undefined, { store: { ...quick, put }, stallMs: 60_000 });
    const proxy = await TcpProxy.start(here.address);
    onTestFinished(() => proxy.close());
    const value = { id: 1, bytes: new Uint8Array(50_000_000).fill(1) };
    const failed = poolOf({ stallMs: 100 }).put(proxy.address, [value], { pin: true });
    await expect(failed).rejects.toThrow("nothing moved for 100 ms");
    proxy.cut();
  });

  it("is refused where nothing is taken", async () => {
    const here = await shelf();
    const [outcome] = await poolOf().put(here.address, [{ id: 1, bytes: pattern(1, 10) }]);
    expect(outcome).toMatchObject({ status: "refused", message: "No values are taken here." });
  });
});
