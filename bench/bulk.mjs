/**
 * @file How fast values travel between two processes, against bare Node sockets in the same run:
 * arrays of 100 MB pulled and pushed over tcp and over unix sockets, and the rate and round trip of
 * control messages over tcp. `node bench/bulk.mjs [--json] [--rounds N]`.
 *
 * Each figure is the best of the rounds; the variants take turns, so that what else the machine
 * does hits all alike. A bare pair is measured twice: with `data` events, as most programs read,
 * and with `onread` into one buffer, the fastest that Node offers.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkPool, connect, listen, makeToken, serveBulk } from "../dist/comm/index.js";
import { f64s, i32s, message, messageSet, u32 } from "../dist/protocol/index.js";

const BYTES = 100e6;
const VALUES = 4;
const WORDS = messageSet([
  message("done", 1, { ids: i32s, values: f64s }),
  message("echo", 2, { n: u32 }),
  message("count", 3, { n: u32 }),
]);
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

function hello(role) {
  return { role, id: role, incarnation: "1", version: "0", codeHash: "", facts: {} };
}

/** The other process: serves values and bare sockets, echoes messages. */
async function serve(token, folder) {
  const value = new Uint8Array(new SharedArrayBuffer(BYTES)).fill(7);
  const target = new Uint8Array(new SharedArrayBuffer(BYTES));
  const listener = await listen("tcp://127.0.0.1:0", {
    hello: hello("worker"),
    token,
    incoming: WORDS,
    outgoing: WORDS,
    accept(comm) {
      let tasks = 0;
      comm.onMessages = (messages) => {
        for (const each of messages) {
          if (each.kind === "echo") comm.send(each);
          else tasks += each.kind === "count" ? 1 : each.ids.length;
        }
        if (tasks >= 1e6) {
          tasks = 0;
          comm.send({ kind: "echo", n: 0 });
        }
      };
    },
  });
  serveBulk(listener, {
    get: () => ({ bytes: value }),
    put: () => ({ target, stored: () => undefined, dropped: () => undefined }),
  });
  const bare = createServer((socket) => {
    // One byte asks for all values; a byte in each MB would cost as much.
    socket.on("data", () => {
      for (let i = 0; i < VALUES; i++) socket.write(value);
    });
  });
  const path = join(folder, "bare.sock");
  const bareUnix = createServer((socket) => bare.emit("connection", socket));
  await new Promise((resolve) => bare.listen(0, "127.0.0.1", resolve));
  await new Promise((resolve) => bareUnix.listen(path, resolve));
  process.send({ address: listener.address, port: bare.address().port, path });
}

/** Seconds for all values over a bare socket. */
function bareSeconds(where, reads, target) {
  return new Promise((resolve, reject) => {
    let left = BYTES * VALUES;
    let startMs = 0;
    let at = 0;
    const moved = (bytes) => {
      left -= bytes;
      at = (at + bytes) % BYTES;
      if (left > 0) return true;
      socket.destroy();
      resolve((performance.now() - startMs) / 1e3);
      return true;
    };
    const onread = { buffer: () => target.subarray(at), callback: moved };
    const socket = connectSocket(reads === "onread" ? { ...where, onread } : where, () => {
      startMs = performance.now();
      socket.write("x");
    });
    if (reads === "data") socket.on("data", (bytes) => moved(bytes.length));
    socket.on("error", reject);
  });
}

async function poolSeconds(pool, address, how, target) {
  const ids = Array.from({ length: VALUES }, (_, i) => i);
  const startMs = performance.now();
  const outcomes =
    how === "get"
      ? await pool.get(address, ids, () => target)
      : await pool.put(
          address,
          ids.map((id) => ({ id, bytes: target })),
        );
  if (!outcomes.every(({ status }) => status === (how === "get" ? "here" : "stored"))) {
    throw new Error(JSON.stringify(outcomes));
  }
  return (performance.now() - startMs) / 1e3;
}

/** Notices a second, of 64 tasks in a message and of one; microseconds of a round trip. */
async function control(address, token, preferUnix) {
  const comm = await connect(address, {
    hello: hello("scheduler"),
    token,
    incoming: WORDS,
    outgoing: WORDS,
    preferUnix,
  });
  const answer = () =>
    new Promise((resolve) => {
      comm.onMessages = resolve;
    });
  const trips = [];
  for (let n = 0; n < 2000; n++) {
    const startMs = performance.now();
    comm.send({ kind: "echo", n });
    await answer();
    trips.push((performance.now() - startMs) * 1e3);
  }
  trips.sort((a, b) => a - b);
  const ids = new Int32Array(64);
  const values = new Float64Array(64);
  const tasksPerSecond = await rate(() => {
    for (let i = 0; i < 16; i++) comm.send({ kind: "done", ids, values });
    return 16 * 64;
  });
  const messagesPerSecond = await rate(() => {
    for (let n = 0; n < 1000; n++) comm.send({ kind: "count", n });
    return 1000;
  });
  await comm.close();
  return { roundTripUs: trips[trips.length >> 1], tasksPerSecond, messagesPerSecond };

  /** Until the other side has counted a million; the sender waits when too much is on its way. */
  async function rate(sendSome) {
    const startMs = performance.now();
    const counted = answer();
    for (let sent = 0; sent < 1e6; ) {
      sent += sendSome();
      await new Promise(setImmediate);
      while (comm.queuedBytes > 2 ** 22) await new Promise(setImmediate);
    }
    await counted;
    return 1e9 / (performance.now() - startMs);
  }
}

async function measure() {
  const token = makeToken();
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  const child = fork(import.meta.filename, ["serve", folder], {
    env: { ...process.env, HEDDLE_TOKEN: token },
  });
  const { address, port, path } = await new Promise((resolve) => child.once("message", resolve));
  const target = new Uint8Array(new SharedArrayBuffer(BYTES)).fill(1);
  const pools = {
    tcp: new BulkPool({ hello: hello("client"), token, preferUnix: false }),
    unix: new BulkPool({ hello: hello("client"), token }),
  };
  const tcp = { host: "127.0.0.1", port };
  const variants = {
    "bare tcp, data": () => bareSeconds(tcp, "data", target),
    "bare tcp, onread": () => bareSeconds(tcp, "onread", target),
    "get tcp": () => poolSeconds(pools.tcp, address, "get", target),
    "put tcp": () => poolSeconds(pools.tcp, address, "put", target),
    "bare unix, data": () => bareSeconds({ path }, "data", target),
    "bare unix, onread": () => bareSeconds({ path }, "onread", target),
    "get unix": () => poolSeconds(pools.unix, address, "get", target),
    "put unix": () => poolSeconds(pools.unix, address, "put", target),
  };
  const gigabytes = {};
  for (let round = 0; round < option("rounds", 5); round++) {
    for (const [name, run] of Object.entries(variants)) {
      const rate = (BYTES * VALUES) / 1e9 / (await run());
      gigabytes[name] = Math.max(gigabytes[name] ?? 0, rate);
    }
  }
  const messages = {
    tcp: await control(address, token, false),
    unix: await control(address, token, true),
  };
  for (const pool of Object.values(pools)) pool.close();
  child.kill();
  rmSync(folder, { recursive: true });
  return { gigabytesPerSecond: gigabytes, messages };
}

if (process.argv[2] === "serve") await serve(process.env.HEDDLE_TOKEN, process.argv[3]);
else {
  const result = await measure();
  if (process.argv.includes("--json")) console.log(JSON.stringify(result, null, 2));
  else {
    console.table(result.gigabytesPerSecond);
    console.table(result.messages);
  }
  process.exit(0);
}
