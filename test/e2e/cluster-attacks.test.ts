/**
 * @file Attacks on a cluster by who has seen its traffic, or may look at its processes: a recorded
 * handshake is good for nothing, a proof cannot be turned around, and the token is nowhere to be
 * read. Attacks with bytes that make no sense are in `cluster-security.test.ts`.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { referenceOf } from "../../dist/actors/actor.js";
import { Client, isHeddleError } from "../../dist/index.js";
import {
  decodeHandshake,
  encodeHandshake,
  FRAME,
  type Frame,
  FrameParser,
  writeFrame,
} from "../../dist/protocol/index.js";
import { addressOf, type Program, Programs, SMALL } from "../fixtures/programs.ts";

const TOKEN = "a token that must not be found anywhere";
const MAX = 65_536;

let programs: Programs;
let scheduler: Program;
let worker: Program;
let client: Client;
let address: string;

beforeAll(async () => {
  programs = new Programs("attacks", { HEDDLE_TOKEN: TOKEN, HEDDLE_LOG__LEVEL: "debug" });
  scheduler = await programs.scheduler();
  address = addressOf(scheduler);
  worker = await programs.start(["worker", address, "--name", "w", ...SMALL]);
  client = new Client({ address, token: TOKEN });
  await client.waitForWorkers(1);
});

afterAll(async () => {
  await client.close();
  await programs.remove();
});

function portOf(where: string): number {
  return Number(/:(\d+)$/.exec(where)?.[1]);
}

/** A connection that tells of the frames that come. */
class Wire {
  readonly socket: Socket;
  readonly #frames: Frame[] = [];
  readonly #parser = new FrameParser({ maxBodyBytes: MAX });
  #hear: () => void = () => undefined;
  #isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      this.#parser.push(bytes, (frame: Frame) => this.#frames.push(frame));
      this.#hear();
    });
    socket.on("close", () => {
      this.#isClosed = true;
      this.#hear();
    });
  }

  send(type: number, body: Uint8Array): void {
    this.socket.write(Buffer.concat(writeFrame(type, [body])));
  }

  /** The next frame; undefined when there is none any more. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#hear = resolve;
      });
    }
    return this.#frames.shift();
  }
}

/** What an honest client says to a listener that records it and passes all on. */
async function recorded(): Promise<{ hello: Uint8Array; proof: Uint8Array; all: Buffer }> {
  const chunks: Buffer[] = [];
  const relay = createServer((near) => {
    const far = dial(portOf(address), "127.0.0.1");
    near.on("data", (bytes) => chunks.push(bytes));
    near.pipe(far);
    far.pipe(near);
    for (const one of [near, far]) one.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const { port } = relay.address() as { port: number };
  const honest = new Client({ address: `tcp://127.0.0.1:${port}`, token: TOKEN });
  expect(await honest.submit((x: number) => x + 1, 1).result()).toBe(2);
  await honest.close();
  await new Promise((resolve) => relay.close(resolve));
  const all = Buffer.concat(chunks);
  const frames: Frame[] = [];
  new FrameParser({ maxBodyBytes: MAX }).push(all, (frame: Frame) => frames.push(frame));
  return { hello: frames[0]!.body, proof: frames[1]!.body, all };
}

function reasonOf(frame: Frame | undefined): unknown {
  if (frame?.type !== FRAME.refused) return frame?.type;
  return decodeHandshake("refused", frame.body).code;
}

test("a handshake that was recorded is not taken again", async () => {
  const { all } = await recorded();
  const wire = new Wire(dial(portOf(address), "127.0.0.1"));
  wire.socket.write(all);
  expect((await wire.next())?.type).toBe(FRAME.challenge);
  expect(reasonOf(await wire.next())).toBe("AuthFailed");
  expect(await wire.next()).toBeUndefined();
  expect(all.includes(TOKEN)).toBe(false);
});

test("a listener's proof is none of a dialer's, on no connection", async () => {
  const { hello } = await recorded();
  const wire = new Wire(dial(portOf(address), "127.0.0.1"));
  wire.send(FRAME.hello, hello);
  const first = decodeHandshake("challenge", (await wire.next())!.body);
  // Its own proof, sent back.
  wire.send(FRAME.proof, encodeHandshake("proof", { proof: first.proof }));
  expect(reasonOf(await wire.next())).toBe("AuthFailed");
  // The hello that a listener has said, said to it: what it proves then is the other side's.
  const mirror = new Wire(dial(portOf(address), "127.0.0.1"));
  mirror.send(FRAME.hello, first.hello);
  const second = decodeHandshake("challenge", (await mirror.next())!.body);
  mirror.send(FRAME.proof, encodeHandshake("proof", { proof: second.proof }));
  expect(reasonOf(await mirror.next())).toBe("AuthFailed");
});

test("who has put itself in a listener's place learns nothing that opens the cluster", async () => {
  // It asks the true scheduler for its challenge, but answers the client's hello with another one.
  const stolen: Uint8Array[] = [];
  const fake = createServer(async (socket) => {
    const near = new Wire(socket);
    const far = new Wire(dial(portOf(address), "127.0.0.1"));
    const { body } = (await near.next()) as Frame;
    far.send(FRAME.hello, body.slice());
    const { hello, proof } = decodeHandshake("challenge", (await far.next())!.body);
    const changed = hello.slice();
    changed[changed.length - 1]! ^= 1;
    near.send(FRAME.challenge, encodeHandshake("challenge", { hello: changed, proof }));
    const answer = await near.next();
    if (answer?.type === FRAME.proof) stolen.push(answer.body);
    socket.destroy();
    far.socket.destroy();
  });
  await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
  const { port } = fake.address() as { port: number };
  const misled = new Client({ address: `tcp://127.0.0.1:${port}`, token: TOKEN });
  const error = await misled
    .submit(() => 1)
    .result()
    .catch((reason: unknown) => reason);
  expect(isHeddleError(error), String(error)).toBe(true);
  expect(String(error)).not.toContain(TOKEN);
  expect(stolen).toEqual([]);
  await misled.close().catch(() => undefined);
  await new Promise((resolve) => fake.close(resolve));
});

test("the way to an actor asks for the token as every other", async () => {
  class Secret {
    readonly word = "nobody knows";
  }
  const actor = await client.options({ actor: true }).submit(Secret).result();
  expect(await actor.word.result()).toBe("nobody knows");
  const { contact } = referenceOf(actor).handle.place;
  const { hello } = await recorded();
  const wire = new Wire(dial(portOf(contact), "127.0.0.1"));
  wire.send(FRAME.hello, hello);
  expect((await wire.next())?.type).toBe(FRAME.challenge);
  wire.send(FRAME.proof, encodeHandshake("proof", { proof: new Uint8Array(32) }));
  expect(reasonOf(await wire.next())).toBe("AuthFailed");
});

test("the token is in no command line, log, page, dump or error", async () => {
  const pids = [scheduler.pid, worker.pid, ...Object.values(await client.run(() => process.pid))];
  expect(new Set(pids).size).toBe(3);
  const lines = execFileSync("ps", ["-o", "args=", "-p", pids.join(",")], { encoding: "utf8" });
  expect(lines.trim().split("\n")).toHaveLength(3);
  const failed = client.options({ pure: false }).submit((): number => {
    throw new Error("on purpose");
  });
  const error = (await failed.exception()) as Error & { fields: unknown };
  const texts: Record<string, string> = {
    "command lines": lines,
    "the scheduler's log": scheduler.log(),
    "the worker's log": `it says:\n${worker.log()}`,
    "first lines": JSON.stringify([scheduler.first, worker.first]),
    "the cluster's dump": JSON.stringify(await client.dumpClusterState()),
    "what is known of the cluster": JSON.stringify(await client.schedulerInfo()),
    versions: JSON.stringify(await client.getVersions()),
    "an error": `${error.message} ${error.stack} ${JSON.stringify(error.fields)}`,
    "the client": `${String(client)} ${JSON.stringify(client)}`,
    events: JSON.stringify(await client.getEvents()),
  };
  const link = client.dashboardLink ?? "";
  const token = new URL(link).searchParams.get("token") ?? "";
  expect(token.length).toBeGreaterThan(20);
  for (const path of ["/json", "/metrics", "/health"]) {
    const response = await fetch(new URL(path, link), {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    texts[path] = await response.text();
  }
  for (const [where, text] of Object.entries(texts)) {
    expect(text.length, where).toBeGreaterThan(1);
    expect(text.includes(TOKEN), where).toBe(false);
    const mayShowLink = where === "first lines" || where === "what is known of the cluster";
    expect(text.includes(token) && !mayShowLink, where).toBe(false);
  }
  // What opens the status port opens nothing else.
  const other = new Client({ address, token });
  await expect(other.submit(() => 1).result()).rejects.toMatchObject({ code: "AuthFailed" });
  await other.close().catch(() => undefined);
});

test("files that hold the token are the user's alone", () => {
  const found = readdirSync(programs.folder, {
    recursive: true,
    encoding: "utf8",
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(TOKEN));
  expect(found.length).toBeGreaterThan(0);
  const modes = execFileSync("stat", ["-c", "%a", ...found], { encoding: "utf8" });
  expect(modes.trim().split("\n")).toEqual(found.map(() => "600"));
});
