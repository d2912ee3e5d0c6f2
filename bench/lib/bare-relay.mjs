/**
 * @file What a call through a cluster costs before anything is done for it: one byte goes from this
 * thread over a unix socket to a thread (where a scheduler would be), over another to a process (a
 * worker), over a message port to its thread (a task), and the same way back: six wake-ups.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { median } from "./measure.mjs";

const forward = (from, to) => from.on("data", (bytes) => to.write(bytes));

/** The thread in the middle: what one connection says goes to the other. */
function relay() {
  const sockets = [];
  const server = createServer((socket) => {
    if (sockets.push(socket) < 2) return;
    forward(sockets[0], sockets[1]);
    forward(sockets[1], sockets[0]);
    parentPort.postMessage("ready");
  });
  server.listen(workerData, () => parentPort.postMessage("listens"));
}

/** The process: each byte goes to its thread and back. */
function work(path) {
  const thread = new Worker(import.meta.filename, { argv: ["task"] });
  const socket = connect(path);
  socket.on("data", (bytes) => thread.postMessage(bytes[0]));
  thread.on("message", (value) => socket.write(Uint8Array.of(value)));
}

/** Median milliseconds of a round trip, one after the other. */
export async function bareRelay(count) {
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  const path = join(folder, "relay.sock");
  const middle = new Worker(import.meta.filename, { argv: ["relay"], workerData: path });
  await once(middle, "message");
  const isReady = once(middle, "message");
  const worker = fork(import.meta.filename, ["work", path]);
  const socket = connect(path);
  await isReady;
  const times = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    socket.write(Uint8Array.of(1));
    await once(socket, "data");
    times.push(performance.now() - startMs);
  }
  socket.destroy();
  worker.kill("SIGKILL");
  await middle.terminate();
  rmSync(folder, { recursive: true });
  return median(times);
}

const role = process.argv[2];
if (!isMainThread && role === "relay") relay();
else if (!isMainThread && role === "task")
  parentPort.on("message", (n) => parentPort.postMessage(n));
else if (process.argv[1] === import.meta.filename && role === "work") work(process.argv[3]);
