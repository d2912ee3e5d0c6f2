/**
 * @file What bare Node sockets need to move arrays between processes: unix sockets, read by
 * `onread` straight into new memory, the fastest that Node offers. No names, no checks, no tasks;
 * memory is new each time, as it is for values that a program did not have before.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./measure.mjs";

/** Reads arrays of so many bytes each from a connection; `seen` gets them when all are there. */
function reading(count, bytes, seen) {
  const arrays = [];
  let at = bytes;
  const next = () => {
    if (at === bytes && arrays.length < count) {
      arrays.push(new Uint8Array(bytes));
      at = 0;
    }
    return at < bytes ? arrays.at(-1).subarray(at) : new Uint8Array(64);
  };
  const callback = (moved) => {
    at += moved;
    if (at === bytes && arrays.length === count) seen(arrays);
    return true;
  };
  return { buffer: next, callback };
}

/** The other process: takes arrays and gives them back, or brings one from its neighbour. */
function serve(path, count, bytes) {
  const own = new Uint8Array(bytes).fill(7);
  const server = createServer({ pauseOnConnect: true });
  server.listen(path, () => process.send("listens"));
  // A server's sockets cannot be read with onread: who wants that connects.
  server.on("connection", (socket) => {
    socket.write(own);
    socket.resume();
  });
  process.on("message", ({ from, exchange }) => {
    const startMs = performance.now();
    const isDone = (arrays) => {
      if (exchange === true) for (const array of arrays) socket.write(array);
      else {
        socket.destroy();
        process.send({ ms: performance.now() - startMs, last: arrays.at(-1).at(-1) });
      }
    };
    const onread = reading(exchange === true ? count : 1, bytes, isDone);
    const socket = connect({ path: from, onread });
  });
}

async function started(count, bytes) {
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  const paths = [0, 1].map((i) => join(folder, `${i}.sock`));
  const children = paths.map((path) => fork(import.meta.filename, [path, `${count}`, `${bytes}`]));
  await Promise.all(children.map((child) => once(child, "message")));
  const end = () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  };
  return { children, paths, folder, end };
}

/** So many arrays to each of two processes and back; MB/s of both ways together. */
export async function bareExchange(count, bytes) {
  const { children, folder, end } = await started(count, bytes);
  const given = Array.from({ length: 2 * count }, (_, i) => new Uint8Array(bytes).fill(i));
  const startMs = performance.now();
  const answers = await Promise.all(
    children.map(async (child, c) => {
      const path = join(folder, `back-${c}.sock`);
      const server = createServer().listen(path);
      await once(server, "listening");
      child.send({ from: path, exchange: true });
      const [socket] = await once(server, "connection");
      const mine = given.slice(c * count, (c + 1) * count);
      for (const array of mine) socket.write(array);
      const back = mine.map(() => new Uint8Array(bytes));
      let at = 0;
      for await (const part of socket) {
        for (let from = 0; from < part.length; ) {
          const array = back[Math.floor(at / bytes)];
          const moved = Math.min(part.length - from, bytes - (at % bytes));
          array.set(part.subarray(from, from + moved), at % bytes);
          from += moved;
          at += moved;
        }
        if (at === count * bytes) break;
      }
      server.close();
      return back;
    }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  end();
  check(answers[1].at(-1).at(-1) === given.at(-1)[0], "a value is wrong");
  return (4 * count * bytes) / 1e6 / seconds;
}

/** One array from a process to another; MB/s. */
export async function bareArray(bytes) {
  const { children, paths, end } = await started(1, bytes);
  children[1].send({ from: paths[0] });
  const [{ ms, last }] = await once(children[1], "message");
  end();
  check(last === 7, "a value is wrong");
  return bytes / 1e6 / (ms / 1000);
}

if (process.argv[1] === import.meta.filename) {
  serve(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
}
