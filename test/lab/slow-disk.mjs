/**
 * @file Makes the disk slow for the process that is started with `--import` of this, and for its
 * threads: each operation on a file takes `SLOW_DISK_MS` more.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const MS = Number(process.env.SLOW_DISK_MS ?? 5);
const nothing = new Int32Array(new SharedArrayBuffer(4));
const later = () => new Promise((resolve) => setTimeout(resolve, MS));

for (const name of ["writeSync", "writevSync", "readSync", "fdatasyncSync", "fsyncSync"]) {
  const plain = fs[name];
  fs[name] = (...args) => {
    Atomics.wait(nothing, 0, 0, MS);
    return plain(...args);
  };
}
for (const name of ["fdatasync", "fsync", "write", "writev", "read"]) {
  const plain = fs[name];
  fs[name] = (...args) => setTimeout(() => plain(...args), MS);
}
const probe = await fs.promises.open(process.execPath);
const handles = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ["read", "write", "writev", "readv", "writeFile", "readFile", "sync"]) {
  const plain = handles[name];
  handles[name] = async function (...args) {
    await later();
    return await plain.apply(this, args);
  };
}
syncBuiltinESMExports();
globalThis.isDiskSlow = true;
