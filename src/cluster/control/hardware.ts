/** @file Measures how fast a worker's memory and disk are; runs on the worker. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makePrivateFolder } from "../../config/private-folder.ts";
import { referToAll } from "../../functions/index.ts";
import { workerContext } from "../../threads/worker-context.ts";
import * as self from "./hardware.ts";

/** What a worker can do, in bytes a second by the size of the pieces. */
export interface Rates {
  readonly memory: Readonly<Record<string, number>>;
  readonly disk: Readonly<Record<string, number>>;
}

const MIB = 2 ** 20;
const MEMORY_SIZES = { "2 KiB": 2048, "100 KiB": 102_400, "1 MiB": MIB, "10 MiB": 10 * MIB };
const DISK_SIZES = { "1 MiB": MIB, "10 MiB": 10 * MIB, "50 MiB": 50 * MIB };
/** Each size is measured for so long at least. */
const MEASURE_MS = 100;

export function measureHardware(): Rates {
  return {
    memory: ratesOf(MEMORY_SIZES, copyRate),
    disk: ratesOf(DISK_SIZES, writeRate),
  };
}

function ratesOf(
  sizes: Readonly<Record<string, number>>,
  rate: (bytes: number) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, rate(bytes)]));
}

function copyRate(bytes: number): number {
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes);
  const startMs = performance.now();
  let copied = 0;
  let elapsedMs = 0;
  while (elapsedMs < MEASURE_MS) {
    for (let i = 0; i < 16; i++) to.set(from);
    copied += 16 * bytes;
    elapsedMs = performance.now() - startMs;
  }
  return (copied / elapsedMs) * 1000;
}

/** To the disk itself, as far as the system tells the truth. */
function writeRate(bytes: number): number {
  const own = workerContext()?.localDirectory;
  if (own !== undefined) makePrivateFolder(own);
  const folder = own ?? ".";
  const path = join(folder, `.benchmark-${process.pid}`);
  const piece = new Uint8Array(bytes).fill(1);
  const startMs = performance.now();
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, piece);
    fsyncSync(file);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return (bytes / (performance.now() - startMs)) * 1000;
}

referToAll(import.meta.url, self);
