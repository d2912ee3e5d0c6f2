/**
 * @file Memory of the engine: what is dropped goes, what does not fit goes to disk, and disks fail.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, wait } from "heddle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const MIB = 2 ** 20;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-memory-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function worker(client: Client) {
  const facts = Object.values((await client.schedulerInfo()).workers)[0];
  if (facts === undefined) throw new Error("the engine has no worker");
  return facts;
}

/** `count` values of a MiB, each full of its number. */
function mebibytes(client: Client, count: number) {
  return client
    .options({ pure: false })
    .map((i: number) => new Uint8Array(2 ** 20).fill(i), numbers(count));
}

describe("results that are dropped", () => {
  test("without using or release: 100 times the limit passes through", async () => {
    await Client.with({ threads: 2, memoryLimit: 16 * MIB }, async (client) => {
      let largest = 0;
      for (let i = 0; i < 1600; i += 16) {
        // Nothing is fetched, so only the engine can know that memory is short.
        await wait(mebibytes(client, 16));
        const { memoryBytes, spilledBytes } = await worker(client);
        largest = Math.max(largest, memoryBytes + spilledBytes);
      }
      // Many of them have been found while the loop ran.
      expect(largest).toBeLessThan(1500 * MIB);
    });
  });

  test("with using, and with release, go at once", async () => {
    await Client.with({ threads: 2, memoryLimit: 64 * MIB }, async (client) => {
      {
        using list = mebibytes(client, 8);
        expect((await list.results()).map((bytes) => bytes[0])).toEqual(numbers(8));
        expect((await worker(client)).memoryBytes).toBeGreaterThanOrEqual(8 * MIB);
      }
      const inUse = async () => (await worker(client)).memoryBytes;
      await expect.poll(inUse).toBeLessThan(3 * MIB);
      const again = mebibytes(client, 8);
      const one = client.submit((bytes: Uint8Array) => bytes.slice(), again.at(3) as never);
      await one.result();
      again.release();
      again.release();
      await expect.poll(inUse).toBeLessThan(5 * MIB);
      expect(((await one.result()) as Uint8Array)[7]).toBe(3);
    });
  });
});

describe("more than fits", () => {
  let client: Client;
  beforeAll(() => {
    client = new Client({ threads: 2, memoryLimit: 16 * MIB });
  });
  afterAll(async () => await client.close());

  test("is gathered all the same, together and one by one", async () => {
    const list = mebibytes(client, 64);
    const together = await list.results();
    expect(together.map((bytes) => bytes[2 ** 20 - 1])).toEqual(numbers(64));
    const single = await Promise.all(list.map((future) => future.result()));
    expect(single.map((bytes) => bytes[0])).toEqual(numbers(64));
    expect((await worker(client)).peakBytes).toBeLessThan(32 * MIB);
    list.release();
  });

  test("is scattered", async () => {
    const parts = numbers(40).map((i) => new Uint8Array(MIB).fill(i));
    using list = client.scatter(parts);
    const firsts = client.map((bytes: Uint8Array) => bytes[5] as number, list);
    expect(await firsts.results()).toEqual(numbers(40));
  });

  test("in small pieces", async () => {
    const list = client.map((i: number) => "x".repeat(20_000) + i, numbers(2000));
    const ends = client.map((text: string) => Number(text.slice(20_000)), list);
    expect(await ends.results()).toEqual(numbers(2000));
    expect((await worker(client)).spilledBytes).toBeGreaterThan(8 * MIB);
    list.release();
  });

  test("as one task says so with both numbers", async () => {
    const error = await client
      .submit(() => new Uint8Array(40 * 2 ** 20))
      .result()
      .then(
        () => expect.unreachable("it should have failed"),
        (reason: Error) => reason,
      );
    expect(error.message).toContain("MemoryLimit");
    expect(error.message).toMatch(/4194\d{4}.*16777216/);
    expect(await client.submit(() => 1).result()).toBe(1);
  });
});

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Makes more than fits where the disk refuses, and gives what the engine said about it. */
async function withDisk(localDirectory: string): Promise<string[]> {
  const warnings: string[] = [];
  const listen = (warning: Error): void => {
    warnings.push(warning.message);
  };
  process.on("warning", listen);
  try {
    await Client.with({ threads: 2, memoryLimit: 16 * MIB, localDirectory }, async (client) => {
      using list = mebibytes(client, 24);
      const values = client.map((bytes: Uint8Array) => bytes[9] as number, list);
      expect(await values.results()).toEqual(numbers(24));
    });
    // Warnings are emitted in the next turn.
    await new Promise(setImmediate);
  } finally {
    process.off("warning", listen);
  }
  return warnings;
}

describe("a disk", () => {
  test("that cannot be written to is said once, and work goes on in memory", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    const warnings = await withDisk(path);
    expect(warnings.filter((text) => text.includes("stay in memory"))).toHaveLength(1);
    expect(warnings.some((text) => text.includes("the limit is 16777216"))).toBe(true);
  });

  test("that is full: work goes on in memory", async (context) => {
    const path = join(folder, "tiny");
    mkdirSync(path);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", path]);
    if (mounted.status !== 0) return context.skip("mounting needs rights");
    try {
      const warnings = await withDisk(path);
      expect(warnings.some((text) => text.includes("ENOSPC"))).toBe(true);
    } finally {
      execFileSync("umount", [path]);
    }
  });

  test("that loses or truncates files: their values are computed again", async () => {
    const localDirectory = join(folder, "lossy");
    await Client.with({ threads: 2, memoryLimit: 8 * MIB, localDirectory }, async (client) => {
      using list = mebibytes(client, 24);
      await wait(list);
      const files = filesBelow(localDirectory);
      expect(files.length).toBeGreaterThan(2);
      files.forEach((path, i) => {
        if (i % 2 === 0) rmSync(path);
        else truncateSync(path, 1000);
      });
      const values = client.map((bytes: Uint8Array) => bytes[MIB_LAST] as number, list);
      expect(await values.results()).toEqual(numbers(24));
      expect((await list.results()).map((bytes) => bytes[0])).toEqual(numbers(24));
    });
  });
});

const MIB_LAST = 2 ** 20 - 1;

describe("address space", () => {
  test.skipIf(process.platform !== "linux")("that is limited gives smaller arenas", () => {
    const script = fileURLToPath(new URL("./fixtures/engine/address-space.mjs", import.meta.url));
    const command = `ulimit -v 5000000; "$0" --disable-wasm-trap-handler "$1"`;
    const output = execFileSync("bash", ["-c", command, process.execPath, script], {
      encoding: "utf8",
    });
    expect(output).toBe("0 1000000 2000000 3000000 4000000 5000000\n");
  });
});
