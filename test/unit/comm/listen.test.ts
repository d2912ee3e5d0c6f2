/**
 * @file Who is let in, who is not and hears why, and that nothing a stranger does harms the others.
 */
import { connect as connectSocket, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeHello } from "../../../src/comm/greeting.ts";
import { listen, makeToken } from "../../../src/comm/index.ts";
import { HeddleError } from "../../../src/core/errors.ts";
import { encodeHandshake, FRAME, writeFrame } from "../../../src/protocol/index.ts";
import { dialed, helloOf, received, station, TALK, TOKEN, words } from "./helpers.ts";

/** A bare socket to a listener. */
async function stranger(address: string): Promise<Socket> {
  const socket = connectSocket(Number(/:(\d+)$/.exec(address)?.[1]), "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

function ended(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

function header(bodyBytes: number, type: number): Uint8Array {
  const head = new Uint8Array(16);
  new DataView(head.buffer).setUint32(0, bodyBytes, true);
  head[4] = type;
  return head;
}

const HELLO = encodeHandshake("hello", makeHello(helloOf("client"), "control"));
const GREETING = Buffer.concat(writeFrame(FRAME.hello, [HELLO]));
const TOO_MUCH = Buffer.concat(
  Array.from({ length: 50 }, () => writeFrame(FRAME.ping, [new Uint8Array(8)])).flat(),
);

describe("a stranger who", () => {
  it.each([
    ["talks HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "this is HTTP"],
    [
      "talks TLS",
      Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3, 4, 5]),
      "a TLS hand",
    ],
    ["sends garbage", Buffer.alloc(4096, 0xa5), "unknown frame type"],
    ["announces a huge frame", header(2 ** 31, FRAME.hello), "at most 65536 allowed"],
    ["announces a large frame", header(65_537, FRAME.hello), "at most 65536 allowed"],
    ["begins with messages", header(0, FRAME.messages), '"messages" came where "hello" was due'],
    ["begins with a welcome", header(0, FRAME.welcome), '"welcome" came where "hello" was due'],
    [
      "sends a hello of zeros",
      Buffer.concat([header(64, FRAME.hello), Buffer.alloc(64)]),
      "not Hed",
    ],
    ["sends many frames", TOO_MUCH, '"ping" came where "hello" was due'],
    ["goes on without proof", Buffer.concat([GREETING, header(0, FRAME.messages)]), "was due"],
  ])("%s is cut off, and the reason logged", async (_what, bytes, reason) => {
    const { listener, trouble, next } = await station();
    const friend = await dialed(listener.address);
    const socket = await stranger(listener.address);
    const end = ended(socket);
    socket.write(bytes);
    const { kind, remote, error } = await trouble();
    expect([kind, remote]).toEqual(["refused", expect.stringContaining("127.0.0.1")]);
    expect(error.message).toContain(reason);
    await end;
    // Nobody else notices.
    const there = received(await next(), 1);
    friend.send({ kind: "say", words: "still here" });
    expect(words(await there)).toEqual(["still here"]);
  });

  it.each([
    ["says nothing", Buffer.alloc(0)],
    ["stops in a header", Buffer.alloc(7)],
    ["stops in a frame", GREETING.subarray(0, 40)],
    ["stops after the hello", GREETING],
  ])("%s has no more time than others", async (_what, bytes) => {
    const { listener, trouble, comms } = await station(undefined, { handshakeMs: 50 });
    const socket = await stranger(listener.address);
    const end = ended(socket);
    socket.write(bytes);
    expect((await trouble()).error).toMatchObject({ code: "Timeout" });
    await end;
    expect(comms).toEqual([]);
  });

  it("ends in the middle of a frame is logged", async () => {
    const { listener, trouble } = await station();
    const socket = await stranger(listener.address);
    socket.end(GREETING.subarray(0, 40));
    expect((await trouble()).error.message).toContain("the other side closed it");
  });

  it("brings many friends drives out the first of them, and not a worker", async () => {
    const { listener, trouble } = await station(undefined, { pendingMax: 3 });
    const sockets = [];
    for (let i = 0; i < 4; i++) sockets.push(await stranger(listener.address));
    const ends = sockets.map(ended);
    expect((await trouble()).error.message).toContain("More than 3 connections at a time");
    await ends[0];
    expect((await dialed(listener.address)).state).toBe("open");
  });
});

describe("a dialer", () => {
  it("with another token is refused by both sides", async () => {
    const { listener, trouble } = await station();
    const attempt = dialed(listener.address, { token: makeToken() });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    await expect(attempt).rejects.toThrow("the tokens differ");
    await trouble();
  });

  it("that ignores the listener's proof is refused for its own", async () => {
    const { listener, trouble, comms } = await station();
    const socket = await stranger(listener.address);
    const end = ended(socket);
    const proof = encodeHandshake("proof", { proof: new Uint8Array(32) });
    socket.write(Buffer.concat([GREETING, ...writeFrame(FRAME.proof, [proof])]));
    const { error } = await trouble();
    expect(error).toMatchObject({ code: "AuthFailed" });
    expect(error.message).toContain("its proof is wrong");
    await end;
    expect(comms).toEqual([]);
  });

  it("without a token does not even connect", async () => {
    const { listener } = await station();
    const attempt = dialed(listener.address, { token: undefined });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    await expect(attempt).rejects.toThrow("HEDDLE_TOKEN");
  });

  it("does not go on with a listener that knows no token", async () => {
    const { createServer } = await import("node:net");
    const hello = encodeHandshake("hello", makeHello(helloOf("scheduler"), "control"));
    const challenge = encodeHandshake("challenge", { hello, proof: new Uint8Array() });
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on("data", (bytes) => {
        heard.push(bytes);
        socket.write(Buffer.concat(writeFrame(FRAME.challenge, [challenge])));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const attempt = dialed(`tcp://127.0.0.1:${port}`);
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    await expect(attempt).rejects.toThrow("it has none");
    // Its hello, and neither a proof nor the token.
    expect(heard.map((bytes) => bytes[4])).toEqual([FRAME.hello]);
    expect(Buffer.concat(heard).includes(TOKEN)).toBe(false);
  });

  it("of another version is refused, and both versions are named", async () => {
    const { listener } = await station();
    const hello = { ...helloOf("worker"), version: "0.0.9" };
    const attempt = dialed(listener.address, { hello });
    await expect(attempt).rejects.toMatchObject({
      code: "VersionMismatch",
      fields: { ours: "0.1.0", theirs: "0.0.9" },
    });
    await expect(attempt).rejects.toThrow(/worker.*0\.0\.9.*scheduler.*0\.1\.0/);
  });

  it("with other code is refused where both sides mind", async () => {
    const { listener } = await station(undefined, {
      hello: { ...helloOf("scheduler"), codeHash: "aa" },
    });
    await dialed(listener.address, { hello: helloOf("client") });
    const hello = { ...helloOf("worker"), codeHash: "bb" };
    await expect(dialed(listener.address, { hello })).rejects.toThrow("runs other code (bb)");
  });

  it("hears the code and the message with which it is not accepted", async () => {
    const { listener, trouble } = await station(undefined, {
      accept: ({ peer }) => {
        throw new HeddleError("InvalidArgument", `No more ${peer.role}s`, { fields: { max: 3 } });
      },
    });
    const attempt = dialed(listener.address);
    await expect(attempt).rejects.toMatchObject({ code: "InvalidArgument", fields: { max: 3 } });
    await expect(attempt).rejects.toThrow("No more workers");
    await trouble();
    expect(listener.comms.size).toBe(0);
  });

  it("hears nothing of an error that is a bug at the listener", async () => {
    const { listener } = await station(undefined, {
      accept: () => {
        throw new TypeError("secret path");
      },
    });
    await expect(dialed(listener.address)).rejects.not.toThrow("secret");
  });

  it("that connects twice as the same process has one connection", async () => {
    const { listener, next } = await station();
    await dialed(listener.address);
    const first = await next();
    await dialed(listener.address);
    await next();
    expect(first.state).toBe("closed");
    expect(listener.comms.size).toBe(1);
  });
});

describe("a peer that has proved itself and", () => {
  it("sends garbage loses its connection and no more", async () => {
    const { listener, next } = await station();
    const { openGreeted } = await import("../../../src/comm/connect.ts");
    const { parseAddress } = await import("../../../src/comm/addresses.ts");
    const options = { hello: helloOf("worker"), token: TOKEN };
    const { greeted } = await openGreeted(parseAddress(listener.address), options, "control", {});
    const far = await next();
    const end = new Promise((resolve) => {
      far.onClosed = resolve;
    });
    greeted.wire.write(writeFrame(FRAME.messages, [new Uint8Array(24).fill(9)], { seq: 1 }));
    expect(await end).toMatchObject({ code: "ProtocolError" });
    expect(listener.comms.size).toBe(0);
  });
});

describe("listen", () => {
  it("refuses to listen without a secret", async () => {
    const options = { hello: helloOf("scheduler"), incoming: TALK, outgoing: TALK };
    const attempt = listen("tcp://127.0.0.1:0", { ...options, accept: () => undefined });
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
    const short = listen("tcp://127.0.0.1:0", { ...options, token: "x", accept: () => undefined });
    await expect(short).rejects.toThrow("at least 16 characters, not one of 1");
  });

  it("refuses a hello that nobody could read", async () => {
    const hello = { ...helloOf("scheduler"), facts: "x".repeat(40_000) };
    await expect(station(undefined, { hello })).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  it("takes the first free port of a range, and says when there is none", async () => {
    const first = await station();
    const port = Number(/:(\d+)$/.exec(first.listener.address)?.[1]);
    const second = await station(`tcp://127.0.0.1:${port}-${port + 40}`);
    expect(second.listener.address).not.toBe(first.listener.address);
    await expect(station(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: "ConnectFailed",
      fields: { reason: "EADDRINUSE" },
    });
    await expect(station("tcp://192.0.2.1:0")).rejects.toThrow("not an address of this host");
  });

  it("tells where a wildcard is reached", async () => {
    const { listener } = await station("tcp://:0");
    expect(listener.address).toMatch(/^tcp:\/\/0\.0\.0\.0:\d+$/);
    expect(listener.contactAddress).not.toContain("0.0.0.0");
    expect((await dialed(listener.contactAddress)).state).toBe("open");
  });

  it("speaks IPv6", async () => {
    const { listener } = await station("tcp://[::1]:0");
    expect(listener.address).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
    expect((await dialed(listener.address, { preferUnix: false })).state).toBe("open");
  });
});
