/** @file Connections between real processes: many, killed, of another user, and under attack. */
import { type ChildProcess, fork } from "node:child_process";
import { connect as connectSocket } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeToken } from "../../src/comm/index.ts";
import {
  becomes,
  closed,
  dialed,
  helloOf,
  received,
  station,
  words,
} from "../unit/comm/helpers.ts";

const PEER = fileURLToPath(new URL("fixtures/comm-peer.mjs", import.meta.url));

interface Peer {
  readonly child: ChildProcess;
  /** The next thing that it tells. */
  readonly tells: () => Promise<Record<string, unknown>>;
}

function start(args: readonly string[], token: string, options: { uid?: number } = {}): Peer {
  const child = fork(PEER, [...args], {
    env: { ...process.env, HEDDLE_TOKEN: token },
    execArgv: ["--expose-gc"],
    ...options,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    child,
    tells: () => new Promise((resolve) => child.once("message", (told) => resolve(told as never))),
  };
}

async function scheduler(token: string): Promise<Peer & { address: string }> {
  const peer = start(["scheduler"], token);
  const { address } = await peer.tells();
  return { ...peer, address: String(address) };
}

describe("a scheduler in a process of its own", () => {
  it("serves 100 connections from four processes", async () => {
    const token = makeToken();
    const { address, child, tells } = await scheduler(token);
    const workers = [1, 2, 3, 4].map(() => start(["worker", address, "25"], token));
    const told = await Promise.all(workers.map((worker) => worker.tells()));
    for (const each of told) expect(each).toEqual({ connected: 25, pulled: "here", last: 7 });
    child.send("count");
    expect(await tells()).toMatchObject({ comms: 100, refused: 0 });
    for (const worker of workers) worker.child.kill("SIGKILL");
    // Killed processes are missed one by one, without a word from them.
    for (let comms = 100; comms > 0; ) {
      const count = tells();
      child.send("count");
      comms = Number((await count)["comms"]);
      await new Promise(setImmediate);
    }
  });

  it("does not keep a process alive that has pulled a value", async () => {
    const token = makeToken();
    const { address } = await scheduler(token);
    const { child, tells } = start(["puller", address], token);
    const exit = new Promise((resolve) => child.once("exit", resolve));
    expect(await tells()).toEqual({ pulled: "here", last: 7 });
    expect(await exit).toBe(0);
  });

  it("does not let in processes of another user of the same host", async () => {
    if (process.getuid?.() !== 0) return;
    const { address } = await scheduler(makeToken());
    const stranger = start(["worker", address, "1"], makeToken(), { uid: 65_534 });
    expect(await stranger.tells()).toMatchObject({ code: "AuthFailed" });
  });

  it("stays as it was under a thousand strangers", async () => {
    const token = makeToken();
    const { address, child, tells } = await scheduler(token);
    const port = Number(/:(\d+)$/.exec(address)?.[1]);
    const friend = await dialed(address, { token, hello: helloOf("client") });
    const attack = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, k) => strike(port, i + k)));
      }
    };
    const memory = async (): Promise<number> => {
      const told = tells();
      child.send("count");
      return Number((await told)["memory"]);
    };
    await attack(200);
    const before = await memory();
    await attack(1000);
    // Once the sockets are closed and forgotten; if they are not, the test does not end.
    while ((await memory()) - before > 4e6) await new Promise(setImmediate);
    const echo = received(friend, 1);
    friend.send({ kind: "say", words: "still here" });
    expect(words(await echo)).toEqual(["still here"]);
  });
});

/** Connects, sends nonsense of one of several kinds, and waits until it is cut off. */
function strike(port: number, kind: number): Promise<void> {
  const announces = Buffer.alloc(16);
  announces.writeUInt32LE([65_536, 2 ** 32 - 1, 65_537][kind % 3] ?? 0, 0);
  announces[4] = 1;
  const garbage = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * kind + 13) & 255));
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1", () => {
      socket.write(kind % 2 === 0 ? announces : garbage);
      // One that announces an allowed size and sends half of it goes away itself.
      if (kind % 6 === 0) socket.end(Buffer.alloc(30_000));
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });
}

describe("a peer that", () => {
  it("is killed is lost after its time, and known as lost before", async () => {
    const token = makeToken();
    const { address, child } = await scheduler(token);
    const comm = await dialed(address, { token, hello: helloOf("client"), reconnectMs: 200 });
    const lost = becomes(comm, "lost");
    const end = closed(comm);
    child.kill("SIGKILL");
    await lost;
    expect(await end).toMatchObject({ code: "CommClosed" });
  });

  it("is frozen is suspect, and goes on where it stopped", async () => {
    const token = makeToken();
    const { address, child } = await scheduler(token);
    const session = { pingMs: 30, suspectMs: 100 };
    const comm = await dialed(address, { token, hello: helloOf("client"), session });
    const suspect = becomes(comm, "suspect");
    child.kill("SIGSTOP");
    comm.send({ kind: "say", words: "while frozen" });
    await suspect;
    const echo = received(comm, 1);
    const open = becomes(comm, "open");
    child.kill("SIGCONT");
    expect(words(await echo)).toEqual(["while frozen"]);
    await open;
  });

  it("connects before there is a listener waits for it", async () => {
    const first = await station();
    await first.listener.close();
    const waiting = dialed(first.listener.address, { connectMs: 60_000 });
    const second = await station(first.listener.address);
    expect((await waiting).state).toBe("open");
    expect(second.listener.comms.size).toBe(1);
  });
});
