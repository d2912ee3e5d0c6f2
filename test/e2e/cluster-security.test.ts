/**
 * @file What strangers and broken peers can do to a running cluster: they are refused, it is
 * written down without secrets, memory stays as it is, and whoever works goes on.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect as dial, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as dialTls } from "node:tls";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Client, type Future, LocalCluster, Security, wait } from "../../dist/cluster/index.js";
import { ownHello } from "../../dist/cluster/own-hello.js";
import { toClient, toScheduler } from "../../dist/cluster/wire/client-messages.js";
import {
  type FromWorker,
  fromWorker,
  type ToWorker,
  toWorker,
} from "../../dist/cluster/wire/worker-messages.js";
import { BulkPool, connect, listen, Relay, serveBulk } from "../../dist/comm/index.js";
import {
  type AnyMessageType,
  encodeHandshake,
  FRAME,
  messageSet,
  writeFrame,
} from "../../dist/protocol/index.js";
import { type Program, startProgram } from "../fixtures/programs.ts";

const TOKEN = "a token that nobody must ever read";
/** Troubles with strangers that are written one by one. */
const SINGLE_LINES = 10;
/** More than noise, and much less than what the attackers announce. */
const GROWTH_MAX_BYTES = 96 * 2 ** 20;

let folder: string;
let scheduler: Program;
let worker: Program;
let client: Client;
let address: string;
/** Where values are fetched. */
let values: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-security-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function program(...args: string[]): Promise<Program> {
  return await startProgram([...args, "--json"], folder, { HOME: folder, HEDDLE_TOKEN: TOKEN });
}

function portOf(where: string): number {
  return Number(/:(\d+)$/.exec(where)?.[1]);
}

function rssBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
}

/** A connection that sends these bytes; resolves when the other side has closed it. */
async function intruder(port: number, send: (socket: Socket) => void): Promise<void> {
  const socket = dial(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("data", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.once("connect", () => send(socket));
  await closed;
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks);
}

/** The first frame of a handshake. */
function hello(role: "client" | "worker" = "client"): Buffer {
  const own = { ...ownHello(role, "intruder", {}), purpose: "control" as const };
  const body = encodeHandshake("hello", { ...own, nonce: randomBytes(32) });
  return joined(writeFrame(FRAME.hello, [body]));
}

/** The header of a frame that never comes. */
function header(bodyBytes: number, type: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(bodyBytes, 0);
  head.writeUInt8(type, 4);
  return head;
}

/** Work of an honest client until it is told to stop: every result is right. */
function workUntil(stop: { now: boolean }): Promise<number> {
  const work = async (): Promise<number> => {
    let rounds = 0;
    for (; !stop.now; rounds++) {
      const calls = client.options({ pure: false }).map((x: number) => x * x, [1, 2, 3, rounds]);
      expect(await calls.results()).toEqual([1, 4, 9, rounds * rounds]);
    }
    return rounds;
  };
  return work();
}

async function whileWorking(attack: () => Promise<void>): Promise<void> {
  const stop = { now: false };
  const work = workUntil(stop);
  try {
    await attack();
  } finally {
    stop.now = true;
  }
  expect(await work).toBeGreaterThan(0);
}

describe("strangers and broken peers", () => {
  beforeEach(async () => {
    scheduler = await program("scheduler", "--port", "0", "--host", "127.0.0.1");
    address = String(scheduler.first["address"]);
    const size = ["--nthreads", "2", "--memory-limit", "1GB"];
    worker = await program("worker", address, "--no-nanny", "--name", "w", ...size);
    client = new Client({ address, token: TOKEN });
    await client.waitForWorkers(1);
    values = Object.keys((await client.schedulerInfo()).workers)[0] as string;
  });

  afterEach(async () => {
    await client.close();
    for (const one of [worker, scheduler]) one.kill("SIGKILL");
    await Promise.all([worker.ended, scheduler.ended]);
  });

  /**
   * Nothing that was logged tells the secret; there is something, though: a line for each of the
   * first few, then their number.
   */
  async function expectLogged(count: number): Promise<void> {
    for (const { log, logged } of [scheduler, worker]) {
      if (count > SINGLE_LINES) await logged(/more connections came to nothing/);
      expect(log()).not.toContain(TOKEN);
      const singles = log().match(/"message":"[^"]* (was refused|broke): /g)?.length ?? 0;
      expect(singles).toBeLessThanOrEqual(SINGLE_LINES);
      const sums = log().matchAll(/"message":"(\d+) more connections came to nothing/g);
      const all = [...sums].reduce((total, [, more]) => total + Number(more), singles);
      expect(all).toBeGreaterThanOrEqual(count);
    }
  }

  test("without the token nobody gets in", async () => {
    await whileWorking(async () => {
      for (const where of [address, values]) {
        const wrong = connect(where, {
          hello: ownHello("client", "wrong", {}),
          token: "some other token of enough characters",
          incoming: toClient,
          outgoing: toScheduler,
        });
        await expect(wrong).rejects.toMatchObject({ code: "AuthFailed" });
        const empty = encodeHandshake("proof", { proof: new Uint8Array() });
        await intruder(portOf(where), (socket) => {
          socket.write(hello());
          socket.write(joined(writeFrame(FRAME.proof, [empty])));
        });
        await intruder(portOf(where), (socket) => {
          socket.write(hello());
          // Messages without a proof.
          socket.write(joined(writeFrame(FRAME.messages, [new Uint8Array(64)])));
        });
      }
    });
    await expectLogged(2);
  });

  test("the scheduler connects clients with hosts of workers, and with no other", async () => {
    const relay = new Relay(address, { direct: false });
    const pool = new BulkPool({ hello: ownHello("client", "relayed", {}), token: TOKEN, relay });
    const place = (_id: number, bytes: number): Uint8Array => new Uint8Array(bytes);
    try {
      const [outcome] = await pool.get(values, [1_000_000], place);
      expect(outcome).toMatchObject({ status: "gone" });
      const elsewhere = address.replace("127.0.0.1", "127.0.0.2");
      await expect(pool.get(elsewhere, [1], place)).rejects.toMatchObject({
        code: "ConnectFailed",
        message: expect.stringContaining(`No connections to ${elsewhere} are made from here`),
      });
    } finally {
      pool.close();
    }
  });

  test("another user of this host gets in by no way", async () => {
    if (process.getuid?.() !== 0) return;
    // What the scheduler leaves for its own user, and where other listeners have their sockets.
    const clusters = join(folder, ".heddle", "clusters");
    const files = readdirSync(clusters).map((name) => join(clusters, name));
    expect(files.length).toBeGreaterThan(0);
    chmodSync(folder, 0o755);
    const lib = new URL("../../dist/cluster/index.js", import.meta.url).href;
    const program = `import { readFileSync } from "node:fs";
      import { Client } from ${JSON.stringify(lib)};
      const codes = ${JSON.stringify(files)}.map((file) => {
        try { return readFileSync(file, "utf8"); } catch ({ code }) { return code; }
      });
      for (const options of [{}, { token: "a guess of enough characters, at least" }]) {
        const client = new Client({ address: ${JSON.stringify(address)}, ...options });
        codes.push(await client.submit(() => 1).result().catch(({ code }) => code));
      }
      console.log(JSON.stringify(codes));
      process.exit(0);`;
    const args = ["--input-type=module", "-e", program];
    const env = { ...process.env, HOME: folder, HEDDLE_TOKEN: undefined };
    await whileWorking(async () => {
      const run = promisify(execFile)(process.execPath, args, { uid: 65_534, gid: 65_534, env });
      const codes = JSON.parse((await run).stdout) as string[];
      expect(codes.slice(0, -2).every((code) => code === "EACCES")).toBe(true);
      expect(codes.slice(-2)).toEqual(["AuthFailed", "AuthFailed"]);
    });
  });

  test("garbage, half frames and huge lengths cost nothing but the connection", async () => {
    const attacks: ((socket: Socket) => void)[] = [
      (socket) => socket.write(randomBytes(2000)),
      (socket) => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      (socket) => socket.end(hello().subarray(0, 30)),
      (socket) => socket.write(header(2 ** 32 - 1, FRAME.hello)),
      (socket) => socket.write(header(2 ** 30, FRAME.messages)),
      (socket) => socket.write(header(2 ** 30, FRAME.bulkPut)),
      (socket) =>
        socket.write(Buffer.concat([hello(), hello(), hello(), hello(), hello(), hello()])),
      (socket) => socket.resetAndDestroy(),
    ];
    const pids = [scheduler.pid, worker.pid];
    const attackAll = async (): Promise<void> => {
      for (const where of [address, values]) {
        await Promise.all(attacks.map(async (attack) => await intruder(portOf(where), attack)));
      }
    };
    await whileWorking(async () => {
      for (let round = 0; round < 5; round++) await attackAll();
      const before = pids.map(rssBytes);
      for (let round = 0; round < 40; round++) await attackAll();
      pids.forEach((pid, i) => {
        expect(rssBytes(pid) - before[i]!).toBeLessThan(GROWTH_MAX_BYTES);
      });
    });
    await expectLogged(20);
  });

  test("hundreds that say one byte at a time hold nobody up, and are thrown out", async () => {
    const whole = hello();
    await whileWorking(async () => {
      const slow = [portOf(address), portOf(values)].flatMap((port) =>
        Array.from({ length: 150 }, () =>
          intruder(port, (socket) => {
            let at = 0;
            const timer = setInterval(() => socket.write(whole.subarray(at, ++at)), 200);
            socket.once("close", () => clearInterval(timer));
          }),
        ),
      );
      const other = new Client({ address, token: TOKEN });
      expect(await other.submit((x: number) => x + 1, 1).result()).toBe(2);
      await other.close();
      await Promise.all(slow);
    });
    await expectLogged(100);
  });

  test("a client that speaks nonsense is disconnected, the others hear nothing of it", async () => {
    const ids = (...all: number[]): Int32Array => Int32Array.from(all);
    const graph = {
      kind: "graph" as const,
      request: 1,
      facts: {
        count: 2,
        templates: [{ name: "f" }],
        template: ids(0, 5),
        depOffsets: ids(0, 0, 1),
        deps: ids(7),
        segments: [{ start: 0, count: 2, name: "s", pure: true }],
        rank: ids(0, 1),
        outputs: ids(1),
      },
      body: new Uint8Array(4),
    };
    const nonsense = [
      graph,
      { ...graph, facts: { ...graph.facts, count: 2 ** 32 - 1 } },
      { kind: "want" as const, ids: ids(-1) },
      { kind: "release" as const, ids: ids(2 ** 31 - 1), seen: 0 },
      { kind: "cancel" as const, ids: ids(-(2 ** 31)), force: true },
      {
        kind: "scatter" as const,
        request: 1,
        name: "s",
        bytes: Float64Array.of(Number.NaN),
      },
      { kind: "coordinate" as const, event: { kind: "ask", request: 1, op: { kind: "acquire" } } },
    ];
    await whileWorking(async () => {
      for (const [i, message] of nonsense.entries()) {
        const comm = await connect(address, {
          hello: ownHello("client", `hostile-${i}`, {}),
          token: TOKEN,
          incoming: toClient,
          outgoing: toScheduler,
        });
        comm.send(message as never);
        await scheduler.logged(new RegExp(`client "?hostile-${i}"? is gone: .*makes no sense`));
        comm.abort(new Error("the end") as never);
      }
      // The messages of a worker are none of a client's.
      const comm = await connect(address, {
        hello: ownHello("client", "masked", {}),
        token: TOKEN,
        incoming: toClient,
        outgoing: fromWorker,
      });
      comm.send({ kind: "lost", ids: ids(0, 1, 2, 3) });
      await scheduler.logged(/client "?masked"? is gone: .*unknown message type/);
      comm.abort(new Error("the end") as never);
    });
  });

  test("a worker that speaks nonsense is disconnected, and nobody else hears of it", async () => {
    const facts = {
      name: "broken",
      host: "nowhere",
      pid: 1,
      threads: 1,
      memoryLimitBytes: 1e9,
      resources: {},
      addresses: ["tcp://127.0.0.1:9"],
    };
    const join = async (name: string) =>
      await connect(address, {
        hello: ownHello("worker", name, { ...facts, name }),
        token: TOKEN,
        incoming: toWorker,
        outgoing: fromWorker,
      });
    const nonsense = [
      { ids: Int32Array.of(0, 1), epochs: Int32Array.of(1) },
      { ids: Int32Array.of(-5), epochs: Int32Array.of(1) },
    ];
    await whileWorking(async () => {
      for (const [i, columns] of nonsense.entries()) {
        const comm = await join(`broken-${i}`);
        comm.send({ kind: "finished", count: 1, bytes: Float64Array.of(8), ...columns });
        await scheduler.logged(new RegExp(`worker "?broken-${i}"? is gone: .*makes no sense`));
        comm.abort(new Error("the end") as never);
      }
      // Reports about what it was never given, and about the past, change nothing.
      const liar = await join("liar");
      for (let id = 0; id < 50; id++) {
        const columns = { ids: Int32Array.of(id), epochs: Int32Array.of(0) };
        liar.send({ kind: "finished", count: 1, bytes: Float64Array.of(8), ...columns });
        liar.send({ kind: "returned", ...columns });
        liar.send({ kind: "lost", ids: columns.ids });
      }
      await liar.close("it has lied enough");
    });
  });

  test("values that are not what they should be are made again", async () => {
    const { name, exposed } = await fraud([
      (bytes) => falseValue(bytes, 2 ** 40),
      (bytes) => falseValue(bytes, Number.NaN),
      (bytes) => falseValue(10 * bytes, 10 * bytes),
      (bytes) => falseValue(bytes - 1, bytes - 1000),
      () => new Uint8Array(3),
      (bytes) => falseValue(4096 * bytes, 4096 * bytes),
    ]);
    const parts = client
      .options({ pure: false, workers: [name], allowOtherWorkers: true })
      .map((n: number) => new Float64Array(1000).fill(n), [1, 2, 3, 4, 5, 6]);
    await wait([...parts]);
    expect(Object.values(await client.whoHas([...parts])).flat()).not.toContain(values);
    const total = client
      .options({ pure: false, workers: ["w"] })
      .submit(
        (all: readonly Float64Array[]) => all.reduce((sum, part) => sum + (part[999] ?? 0), 0),
        [...parts],
      );
    await exposed;
    expect(await total.result()).toBe(21);
  });
});

/** A worker that says it has made whatever it is asked for, and serves anything in its place. */
async function fraud(lies: readonly ((bytes: number) => Uint8Array)[]): Promise<{
  readonly name: string;
  /** Resolves when each lie has been told. */
  readonly exposed: Promise<void>;
}> {
  const name = "fraud";
  const security = { hello: ownHello("worker", name, {}), token: TOKEN };
  const nothing = messageSet<AnyMessageType>([]);
  const listener = await listen("tcp://127.0.0.1:0", {
    ...security,
    incoming: nothing,
    outgoing: nothing,
    accept: () => undefined,
  });
  const facts = {
    name,
    host: "nowhere",
    pid: 1,
    threads: 4,
    memoryLimitBytes: 1e9,
    resources: {},
    addresses: [listener.contactAddress],
  };
  const comm = await connect<ToWorker, FromWorker>(address, {
    ...security,
    hello: ownHello("worker", name, facts),
    incoming: toWorker,
    outgoing: fromWorker,
  });
  comm.onMessages = (messages) => {
    for (const message of messages) {
      if (message.kind !== "lease") continue;
      const { ids, epochs } = message;
      const bytes = new Float64Array(ids.length).fill(FRAUD_BYTES);
      comm.send({ kind: "finished", count: ids.length, ids, epochs, bytes });
    }
  };
  let told = 0;
  const exposed = new Promise<void>((resolve) => {
    serveBulk(listener, {
      get: () => {
        const lie = lies[told++ % lies.length] as (bytes: number) => Uint8Array;
        if (told < lies.length) return { bytes: lie(FRAUD_BYTES) };
        setImmediate(async () => {
          await comm.close("it was found out");
          await listener.close();
          resolve();
        });
        return { bytes: lie(FRAUD_BYTES) };
      },
    });
  });
  return { name, exposed };
}

const FRAUD_BYTES = 100_000;

/** A header that announces so many bytes, and nothing behind it that makes sense. */
function falseValue(bytes: number, announced: number): Uint8Array {
  const value = new Uint8Array(bytes).fill(65);
  const head = new DataView(value.buffer);
  head.setUint32(0, 16, true);
  head.setUint32(4, 64, true);
  head.setFloat64(8, announced, true);
  return value;
}

describe("certificates", () => {
  test("a local cluster whose connections are all encrypted", async () => {
    const security = await Security.temporary();
    const local = new LocalCluster({
      nWorkers: 2,
      threadsPerWorker: 1,
      memoryLimit: "512MiB",
      security,
    });
    const inside = new Client(local);
    try {
      await inside.waitForWorkers(2);
      const { address: at, workers } = await inside.schedulerInfo();
      for (const one of [at, ...Object.keys(workers)]) expect(one).toMatch(/^tls:/);
      const parts = inside.map((n: number) => new Float64Array(50_000).fill(n), [1, 2, 3, 4]);
      const total = inside.submit(
        (all: readonly Float64Array[]) => all.reduce((sum, part) => sum + (part[0] ?? 0), 0),
        [...parts],
      );
      expect(await total.result()).toBe(10);
      expect((await inside.gather([...parts])).map((part) => part[7])).toEqual([1, 2, 3, 4]);
      const [held] = await inside.scatter([new Float64Array(50_000).fill(7)]);
      expect(
        await inside.submit((x: Float64Array) => x[9], held as Future<Float64Array>).result(),
      ).toBe(7);
      // Without encryption, and without a certificate.
      await intruder(portOf(at), (socket) => socket.write(hello()));
      const bare = dialTls({ port: portOf(at), host: "127.0.0.1", rejectUnauthorized: false });
      bare.on("error", () => undefined);
      bare.on("data", () => undefined);
      const closed = new Promise((resolve) => bare.once("close", resolve));
      bare.write(hello());
      await closed;
      expect(await inside.submit((x: number) => x + 1, 1).result()).toBe(2);
      const stranger = new Client({ address: at, security: await Security.temporary() });
      await expect(stranger.submit(() => 1).result()).rejects.toThrow(/certificate/i);
      const expired = new Client({ address: at, security: await Security.temporary({ days: -1 }) });
      await expect(expired.submit(() => 1).result()).rejects.toThrow(/certificate/i);
    } finally {
      await inside.close();
      await local.close();
    }
  });

  test("certificates that have expired let nobody in", async () => {
    const security = await Security.temporary({ days: -1 });
    const local = new LocalCluster({ nWorkers: 1, memoryLimit: "512MiB", security });
    const inside = new Client(local);
    await expect(inside.submit(() => 1).result()).rejects.toThrow(/expired/);
    await inside.close().catch(() => undefined);
    await local.close();
  });
});
