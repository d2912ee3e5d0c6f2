/**
 * @file Data four times the memory limit on real threads: the heap stays under the limit, nothing
 * is left afterwards, in memory or on disk, and a disk that refuses is said and never hung on.
 * Resident sets are measured by `bench/larger-than-memory.mjs`.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, isHeddleError } from "heddle";
import * as da from "heddle/array";
import * as bags from "heddle/bag";
import * as dd from "heddle/dataframe";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const MIB = 2 ** 20;
const LIMIT_MIB = 64;
const SIDE = 5824; // Squared, in float64: four times the limit.

let folder = "";
let client: Client;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-larger-"));
});
afterEach(async () => {
  await client.close();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

function open(options: { localDirectory?: string } = {}): void {
  client = new Client({
    threads: 2,
    memoryLimit: LIMIT_MIB * MIB,
    localDirectory: folder,
    ...options,
  });
}

async function worker() {
  const [only] = Object.values((await client.schedulerInfo()).workers);
  return only!;
}

/** The heap has stayed under the limit, and is empty again. */
async function checkMemory(): Promise<void> {
  expect((await worker()).peakBytes).toBeLessThanOrEqual(LIMIT_MIB * MIB);
  await checkEmpty();
}

async function checkEmpty(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { memoryBytes, spilledBytes } = await worker();
      expect([memoryBytes, spilledBytes]).toEqual([0, 0]);
    },
    { timeout: 10_000 },
  );
}

describe("four times the limit", () => {
  test("x + x.T of an array that is kept", async () => {
    open();
    const drawn = da.random.defaultRng(1).random([SIDE, SIDE], { chunks: SIDE / 16 });
    const x = await drawn.persist();
    const twice = await x.add(x.T).sum().compute();
    const once = await x.sum().compute();
    expect(twice / once).toBeCloseTo(2, 9);
    const { peakBytes, spilledBytes } = await worker();
    expect(peakBytes).toBeLessThanOrEqual(LIMIT_MIB * MIB);
    expect(spilledBytes).toBeGreaterThan(2 * LIMIT_MIB * MIB);
  });

  test("rows to columns", async () => {
    open();
    const strip = SIDE / 32;
    const x = da.random.defaultRng(1).random([SIDE, SIDE], { chunks: [strip, SIDE] });
    const columns = x.rechunk([SIDE, strip]);
    expect(columns.graph.layers.some((layer) => layer.kind === "exchange")).toBe(true);
    const sums = (await columns.sum({ axis: 0 }).compute()).toArray() as number[];
    const total = sums.reduce((a, b) => a + b, 0);
    expect(total / (await x.sum().compute())).toBeCloseTo(1, 9);
    await checkMemory();
  });

  test("a join of frames", async () => {
    open();
    const rows = (LIMIT_MIB * 4 * MIB) / 64;
    const side = (name: string) =>
      dd.sql<{ id: number; v: number }>(
        `select ${name === "a" ? "i" : `${rows} - 1 - i`} as id, i * 1.0 as v, ` +
          `i * 2.0 as w, i * 3.0 as u from range(${rows}) t(i)`,
      );
    const joined = side("a").merge(side("b"), { on: "id" });
    const [row] = (
      await joined.agg((r) => ({ n: r.id.count(), top: r.id.max() })).compute()
    ).toRecords();
    expect([Number(row?.n), Number(row?.top)]).toEqual([rows, rows - 1]);
    await checkMemory();
  });

  test("a bag by groups", async () => {
    open();
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(30);
    const count = Math.round((LIMIT_MIB * 4 * MIB) / 1050);
    const items = bags
      .range(count, { npartitions: 40 })
      .map((i) => ({ id: i, key: (i * 7919) % 100, note: text.slice(i % 100, (i % 100) + 1000) }));
    const groups = items.groupby("key").map(([key, list]) => [key, list.length] as const);
    const sizes = await groups.compute();
    expect(sizes).toHaveLength(100);
    expect(sizes.reduce((sum, [, size]) => sum + size, 0)).toBe(count);
    await checkMemory();
  });

  test("very many small results", async () => {
    open();
    const count = (LIMIT_MIB * 4 * MIB) / 16_000;
    const texts = client.map(
      (i: number) => "x".repeat(16_000) + i,
      Array.from({ length: count }, (_, i) => i),
    );
    const lengths = await client.gather(client.map((text: string) => text.length, texts));
    expect(lengths.every((length) => length > 16_000)).toBe(true);
    const { peakBytes, spilledBytes } = await worker();
    expect(spilledBytes).toBeGreaterThan(2 * LIMIT_MIB * MIB);
    // Beyond the limit may be what every thread is filling.
    expect(peakBytes).toBeLessThanOrEqual((LIMIT_MIB + 2) * MIB);
    texts.release();
    await checkEmpty();
  });
});

describe("a disk that refuses", () => {
  /** A file where the folder should be: nothing can be written below it. */
  function blocked(): string {
    const path = join(folder, "file");
    writeFileSync(path, "");
    return path;
  }

  test("results stay in memory, with a warning, and the limit is exceeded", async () => {
    open({ localDirectory: blocked() });
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    const side = 2300; // Two thirds of the limit, twice.
    const x = await da.random.defaultRng(1).random([side, side], { chunks: 500 }).persist();
    const y = await x.add(1).persist();
    expect(await y.sub(x).mean().compute()).toBeCloseTo(1, 9);
    process.off("warning", listen);
    expect(warnings.join("\n")).toMatch(/values stay in memory: .*ENOTDIR/);
    rmSync(join(folder, "file"));
  });

  test("an exchange fails and says where", async () => {
    open({ localDirectory: blocked() });
    const groups = bags.range(1000, { npartitions: 4 }).groupby((i) => i % 10);
    const error = await groups.compute().catch((caught: unknown) => caught);
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    expect(isHeddleError((error as Error).cause, "SpillFailed")).toBe(true);
    rmSync(join(folder, "file"));
  });

  test("a task whose inputs never fit fails", async () => {
    open();
    const parts = client.map(
      (i: number) => new Uint8Array(8 * 2 ** 20).fill(i),
      Array.from({ length: 20 }, (_, i) => i),
    );
    const sum = client.submit((all: Uint8Array[]) => all.length, [...parts] as never);
    const error = await sum.result().catch((caught: unknown) => caught);
    expect(String((error as Error).message)).toMatch(/inputs of a task take \d+ bytes together/);
    expect(isHeddleError(error, "MemoryLimit")).toBe(true);
  });
});
