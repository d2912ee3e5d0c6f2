/**
 * @file What a call through a cluster costs before anything is done for it: one byte goes from this
 * thread over TCP to a thread (where a scheduler would be), over TCP to a process (a worker), over
 * a message port to its thread (a task), and the same way back: six wake-ups of sleeping threads.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { median } from "./measure.mjs";

const forward = (from, to) => from.on("data", (bytes) => to.write(bytes));

/** The thread in the middle: what one connection says goes to the other. */
function relay() {
  const sockets = [];
  const server = createServer({ noDelay: true }, (socket) => {
    if (sockets.push(socket) < 2) return;
    forward(sockets[0], sockets[1]);
    forward(sockets[1], sockets[0]);
    parentPort.postMessage("ready");
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
}

/** The process: each byte goes to its thread and back. */
function work(port) {
  const thread = new Worker(import.meta.filename, { argv: ["task"] });
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("data", (bytes) => thread.postMessage(bytes[0]));
  thread.on("message", (value) => socket.write(Uint8Array.of(value)));
}

/** Median milliseconds of a round trip, one after the other. */
export async function bareRelay(count) {
  const middle = new Worker(import.meta.filename, { argv: ["relay"] });
  const [port] = await once(middle, "message");
  const isReady = once(middle, "message");
  const worker = fork(import.meta.filename, ["work", `${port}`]);
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
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
  return median(times);
}

const role = process.argv[2];
if (!isMainThread && role === "relay") relay();
else if (!isMainThread && role === "task")
  parentPort.on("message", (n) => parentPort.postMessage(n));
else if (process.argv[1] === import.meta.filename && role === "work") work(Number(process.argv[3]));
