/** @file Connections that break: what is sent again, what starts afresh, who gives up when. */
import { describe, expect, it, onTestFinished } from "vitest";
import { TcpProxy } from "../../lab/tcp-proxy.ts";
import {
  becomes,
  closed,
  dialed,
  helloOf,
  received,
  station,
  type TalkComm,
  TOKEN,
  words,
} from "./helpers.ts";

async function proxied(target: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(target);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Sends `count` numbered messages with some bytes. */
function sendMany(comm: TalkComm, from: number, count: number, bytes = 1000): void {
  for (let n = from; n < from + count; n++) {
    comm.send({ kind: "data", n, bytes: new Uint8Array(bytes).fill(n) });
  }
}

describe("a connection", () => {
  it.each(["tcp://127.0.0.1:0", "inproc://*"])("carries messages both ways over %s", async (at) => {
    const { listener, next } = await station(at);
    const comm = await dialed(listener.address);
    const far = await next();
    expect(comm.peer).toMatchObject({ role: "scheduler", facts: { from: "scheduler" } });
    expect(far.peer).toMatchObject({ role: "worker", id: "worker", purpose: "control" });
    const there = received(far, 2);
    const here = received(comm, 1);
    comm.send({ kind: "say", words: "a" });
    comm.send({ kind: "data", n: 7, bytes: new Uint8Array(300_000).fill(7) });
    far.send({ kind: "say", words: "b" });
    expect(words(await there)).toEqual(["a", "#7"]);
    expect(words(await here)).toEqual(["b"]);
    const ends = Promise.all([closed(far), closed(comm)]);
    await comm.close();
    expect(await ends).toEqual([undefined, undefined]);
    expect(listener.comms.size).toBe(0);
  });

  it("delivers what the other side says with its welcome to handlers set afterwards", async () => {
    const { listener } = await station(undefined, {
      accept: (comm) => comm.send({ kind: "say", words: "early" }),
    });
    const comm = await dialed(listener.address);
    expect(words(await received(comm, 1))).toEqual(["early"]);
  });

  it("sends one turn's messages in one frame", async () => {
    const { listener, next } = await station();
    const comm = await dialed(listener.address);
    const far = await next();
    const batches: number[] = [];
    const all = new Promise<void>((resolve) => {
      far.onMessages = (messages) => {
        batches.push(messages.length);
        resolve();
      };
    });
    sendMany(comm, 0, 50, 10);
    await all;
    expect(batches).toEqual([50]);
  });

  it("sends what does not press with the next message that does, in order, or soon", async () => {
    const { listener, next } = await station();
    const comm = await dialed(listener.address);
    const far = await next();
    const batches: string[][] = [];
    let heard = (): void => undefined;
    far.onMessages = (messages) => {
      batches.push(words(messages));
      heard();
    };
    const batch = async (): Promise<void> => await new Promise((resolve) => (heard = resolve));
    comm.sendSoon({ kind: "say", words: "a" });
    comm.send({ kind: "say", words: "b" });
    await batch();
    comm.sendSoon({ kind: "say", words: "c" });
    await batch();
    expect(batches).toEqual([["a", "b"], ["c"]]);
    comm.sendSoon({ kind: "say", words: "d" });
    await Promise.all([batch(), comm.close()]);
    expect(batches.at(-1)).toEqual(["d"]);
  });

  it("throws where something is sent that is not a message", async () => {
    const { listener } = await station();
    const comm = await dialed(listener.address);
    expect(() => comm.send({ kind: "nonsense" } as never)).toThrow('Message "nonsense" is not');
    expect(comm.state).toBe("open");
  });

  it("makes the sender wait while the receiver does not read", async () => {
    const { listener, next } = await station();
    const comm = await dialed(listener.address);
    const far = await next();
    far.pause();
    sendMany(comm, 0, 64, 1_000_000);
    comm.flush();
    const before = comm.queuedBytes;
    expect(before).toBeGreaterThan(20e6);
    const drained = new Promise<void>((resolve) => {
      comm.onDrain = resolve;
    });
    const all = received(far, 64);
    far.resume();
    expect((await all).length).toBe(64);
    await drained;
    expect(comm.queuedBytes).toBe(0);
  });
});

describe("a cut connection", () => {
  it.each([1, 17, 5000, 40_000, 333_333])(
    "goes on after %i bytes, and nothing is lost or doubled",
    async (bytes) => {
      const { listener, next, comms } = await station();
      const proxy = await proxied(listener.address);
      const comm = await dialed(proxy.address);
      const far = await next();
      const there = received(far, 600);
      const here = received(comm, 600);
      const back = new Promise<boolean>((resolve) => {
        comm.onReconnected = ({ fresh }) => resolve(fresh);
      });
      proxy.cutAfterBytes = bytes;
      sendMany(comm, 0, 300);
      sendMany(far, 0, 300);
      expect(await back).toBe(false);
      sendMany(comm, 300, 300);
      sendMany(far, 300, 300);
      const expected = Array.from({ length: 600 }, (_, n) => `#${n}`);
      expect(words(await there)).toEqual(expected);
      expect(words(await here)).toEqual(expected);
      expect(comms).toHaveLength(1);
      expect(proxy.connections).toBeGreaterThan(1);
    },
  );

  it("keeps what is sent meanwhile", async () => {
    const { listener, next } = await station();
    const proxy = await proxied(listener.address);
    const comm = await dialed(proxy.address);
    const far = await next();
    const lost = Promise.all([becomes(comm, "lost"), becomes(far, "lost")]);
    proxy.refuses = true;
    proxy.cut();
    await lost;
    const there = received(far, 1);
    const here = received(comm, 1);
    comm.send({ kind: "say", words: "to" });
    far.send({ kind: "say", words: "fro" });
    comm.flush();
    expect(comm.queuedBytes).toBeGreaterThan(0);
    proxy.refuses = false;
    expect(words(await there)).toEqual(["to"]);
    expect(words(await here)).toEqual(["fro"]);
    expect([comm.state, far.state]).toEqual(["open", "open"]);
  });

  it("starts afresh when more was said than is kept", async () => {
    const { listener, next, comms } = await station(undefined, { session: { windowBytes: 1000 } });
    const proxy = await proxied(listener.address);
    const comm = await dialed(proxy.address);
    const far = await next();
    const lost = becomes(far, "lost");
    const end = closed(far);
    const back = new Promise<boolean>((resolve) => {
      comm.onReconnected = ({ fresh }) => resolve(fresh);
    });
    proxy.refuses = true;
    proxy.cut();
    await lost;
    sendMany(far, 0, 5);
    far.flush();
    proxy.refuses = false;
    expect(await back).toBe(true);
    expect(await end).toMatchObject({ code: "CommClosed" });
    expect(comms).toHaveLength(2);
    const again = received(await next(), 1);
    comm.send({ kind: "say", words: "anew" });
    expect(words(await again)).toEqual(["anew"]);
  });

  it("starts afresh when too much is said while it comes back", async () => {
    const { listener, next } = await station();
    const proxy = await proxied(listener.address);
    const comm = await dialed(proxy.address, { session: { windowBytes: 1000 } });
    await next();
    const back = new Promise<boolean>((resolve) => {
      comm.onReconnected = ({ fresh }) => resolve(fresh);
    });
    const lost = becomes(comm, "lost");
    proxy.silence();
    proxy.cut();
    await lost;
    // It has said how far back it can go, and waits for the answer.
    while (proxy.connections < 2) await new Promise(setImmediate);
    sendMany(comm, 0, 5);
    comm.flush();
    proxy.heal();
    expect(await back).toBe(true);
    const there = received(await next(), 1);
    comm.send({ kind: "say", words: "anew" });
    expect(words(await there)).toEqual(["anew"]);
  });

  it("starts afresh at a listener that was started again", async () => {
    const first = await station();
    const proxy = await proxied(first.listener.address);
    const comm = await dialed(proxy.address);
    await first.next();
    const back = new Promise<boolean>((resolve) => {
      comm.onReconnected = ({ fresh }) => resolve(fresh);
    });
    proxy.refuses = true;
    proxy.cut();
    await first.listener.close();
    const second = await station(first.listener.address);
    proxy.refuses = false;
    expect(await back).toBe(true);
    const there = received(await second.next(), 1);
    comm.send({ kind: "say", words: "anew" });
    expect(words(await there)).toEqual(["anew"]);
  });

  it("is given up by both when it does not come back", async () => {
    const { listener, next } = await station(undefined, { session: { lostMs: 50 } });
    const proxy = await proxied(listener.address);
    const comm = await dialed(proxy.address, { reconnectMs: 100 });
    const far = await next();
    const ends = Promise.all([closed(far), closed(comm)]);
    proxy.refuses = true;
    proxy.cut();
    const [there, here] = await ends;
    expect(there).toMatchObject({ code: "CommClosed", fields: { role: "worker", id: "worker" } });
    expect(here).toMatchObject({ code: "CommClosed" });
    expect(String(here)).toContain("was not reached again in 100 ms");
  });

  it("is not resumed by a stranger who knows its session", async () => {
    const { listener, next } = await station();
    const comm = await dialed(listener.address);
    const far = await next();
    const session = far.resumePoint;
    const { openGreeted } = await import("../../../src/comm/connect.ts");
    const { parseAddress } = await import("../../../src/comm/addresses.ts");
    const { greeted, welcome } = await openGreeted(
      parseAddress(listener.address),
      { hello: helloOf("worker", "another"), token: TOKEN },
      "control",
      { resume: () => session },
    );
    expect(welcome.resume).toBeUndefined();
    expect(welcome.session).not.toBe(session.session);
    greeted.wire.destroy();
    expect([comm.state, far.state]).toEqual(["open", "open"]);
  });
});

describe("a silent connection", () => {
  const session = { pingMs: 20, suspectMs: 60, deadMs: 60_000, lostMs: 60_000 };

  it("is suspect, and trusted again once it speaks", async () => {
    const { listener, next } = await station(undefined, { session });
    const proxy = await proxied(listener.address);
    await dialed(proxy.address);
    const far = await next();
    const suspect = becomes(far, "suspect");
    proxy.silence();
    await suspect;
    const open = becomes(far, "open");
    proxy.heal();
    await open;
  });

  it("is replaced by a new one where that is possible", async () => {
    const { listener, next } = await station();
    const proxy = await proxied(listener.address);
    const comm = await dialed(proxy.address, { session });
    const far = await next();
    const back = new Promise<boolean>((resolve) => {
      comm.onReconnected = ({ fresh }) => resolve(fresh);
    });
    proxy.silence();
    comm.send({ kind: "say", words: "held back" });
    const there = received(far, 1);
    await becomes(comm, "suspect");
    // The old connection stays mute for ever; only a new one carries anything.
    proxy.thaw();
    expect(await back).toBe(false);
    expect(words(await there)).toEqual(["held back"]);
  });

  it("does not mean that a peer is suspect which this side does not read", async () => {
    const { listener, next } = await station(undefined, { session });
    const comm = await dialed(listener.address, { session });
    const far = await next();
    const states: string[] = [];
    far.onState = (state) => states.push(state);
    comm.onState = (state) => states.push(state);
    far.pause();
    comm.pause();
    // Longer than suspectMs by the clock that judges it.
    const startMs = performance.now();
    while (performance.now() - startMs < 200) await new Promise(setImmediate);
    far.resume();
    comm.resume();
    expect(states).toEqual([]);
  });
});
