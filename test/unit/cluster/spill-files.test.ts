/** @file Values on disk: several to a file, which goes with the last of them. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { spillCodec } from "../../../src/cluster/spill-codec.ts";
import { SpillFiles } from "../../../src/cluster/spill-files.ts";
import { processFolder } from "../../../src/config/process-folder.ts";

/** Removing a file takes so long. */
const removing = vi.hoisted(() => ({ ms: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof import("node:fs/promises")>();
  const rm: typeof fs.rm = async (...given) => {
    await new Promise((resolve) => setTimeout(resolve, removing.ms));
    await fs.rm(...given);
  };
  return { ...fs, rm };
});

let parent = "";
let folder = "";
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "heddle-spill-files-"));
  folder = join(parent, "values");
});
afterEach(() => {
  chmodSync(parent, 0o700);
  rmSync(parent, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function textOf(files: SpillFiles, id: number): Promise<string> {
  const target = new Uint8Array(files.lengthOf(id));
  await files.read(id, target);
  return new TextDecoder().decode(target);
}

test("values of one file are read by themselves", async () => {
  const files = new SpillFiles(folder);
  await files.write([7, 3, 5], [bytes("seven"), bytes(""), bytes("five!")]);
  await files.write([1], [bytes("one")]);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(files.bytes).toBe(13);
  expect(await textOf(files, 5)).toBe("five!");
  expect(await textOf(files, 7)).toBe("seven");
  expect(await textOf(files, 3)).toBe("");
  expect(await textOf(files, 1)).toBe("one");
  files.close();
  expect(existsSync(folder)).toBe(false);
});

test("a value is written when the files that are not needed have gone", async () => {
  const files = new SpillFiles(folder);
  await files.write([1], [bytes("a")]);
  removing.ms = 50;
  files.drop(1);
  await files.write([2], [bytes("b")]);
  expect(readdirSync(folder)).toHaveLength(1);
  removing.ms = 0;
});

test("a file goes with its last value", async () => {
  const files = new SpillFiles(folder);
  await files.write([1, 2], [bytes("a"), bytes("b")]);
  files.drop(1);
  files.drop(1);
  expect([files.has(1), files.has(2), files.bytes]).toEqual([false, true, 1]);
  expect(await textOf(files, 2)).toBe("b");
  files.drop(2);
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]));
  expect(files.bytes).toBe(0);
});

test("a value spilled twice is read as it was spilled last", async () => {
  const files = new SpillFiles(folder);
  await files.write([1], [bytes("old")]);
  files.drop(1);
  await files.write([1], [bytes("new")]);
  expect(await textOf(files, 1)).toBe("new");
});

test("what cannot be written leaves nothing behind", async () => {
  writeFileSync(folder, "a file where the folder should be");
  const files = new SpillFiles(folder);
  await expect(files.write([1], [bytes("a")])).rejects.toThrow(/it is no folder/);
  expect([files.has(1), files.bytes]).toEqual([false, 0]);
});

test("a value written at once", async () => {
  const files = new SpillFiles(folder);
  expect(files.writeNow(9, bytes("now"))).toBe(true);
  expect(await textOf(files, 9)).toBe("now");
  files.close();
  writeFileSync(folder, "");
  expect(new SpillFiles(folder).writeNow(9, bytes("now"))).toBe(false);
});

test("no more than is allowed lies on disk; what does not fit leaves nothing there", async () => {
  const files = new SpillFiles(folder, 10);
  await files.write([1], [bytes("123456")]);
  await expect(files.write([2], [bytes("12345")])).rejects.toMatchObject({ code: "SpillFailed" });
  // What is on its way counts, too.
  const both = [files.write([3], [bytes("123")]), files.write([4], [bytes("456")])];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
  ]);
  expect(files.writeNow(5, bytes("12"))).toBe(false);
  expect(files.writeNow(6, bytes("1"))).toBe(true);
  expect(files.bytes).toBe(10);
  expect([files.has(2), files.has(4), files.has(5)]).toEqual([false, false, false]);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(await textOf(files, 1)).toBe("123456");
  files.drop(1);
  expect(files.writeNow(5, bytes("12"))).toBe(true);
});

test("values are compressed where that is wished and gains something", async () => {
  const files = new SpillFiles(folder, Number.POSITIVE_INFINITY, spillCodec("auto"));
  const shared = new Uint8Array(new SharedArrayBuffer(100_000));
  shared.forEach((_, i) => {
    shared[i] = i % 7;
  });
  const noise = new Uint8Array(10_000).map(() => Math.random() * 256);
  await files.write([1, 2, 3], [shared, noise, bytes("short")]);
  expect(files.bytes).toBeLessThan(20_000);
  expect(files.bytes).toBeGreaterThan(10_005);
  expect(statSync(join(folder, String(readdirSync(folder)[0]))).size).toBe(files.bytes);
  for (const [id, value] of [
    [1, shared],
    [2, noise],
  ] as const) {
    const target = new Uint8Array(new SharedArrayBuffer(files.lengthOf(id) + 8));
    await files.read(id, target);
    expect(Buffer.compare(target.subarray(0, -8), value)).toBe(0);
  }
  expect(await textOf(files, 3)).toBe("short");
  expect(files.writeNow(4, shared)).toBe(true);
  for (const id of [1, 2, 3, 4]) files.drop(id);
  expect(files.bytes).toBe(0);
  expect(spillCodec("none")).toBeUndefined();
});

test("a folder that somebody else has made is not used", async () => {
  folder = join(parent, processFolder());
  mkdirSync(folder, { mode: 0o777 });
  const spy = vi.spyOn(process, "getuid").mockReturnValue((process.getuid?.() ?? 0) + 1);
  const files = new SpillFiles(folder);
  expect(files.writeNow(1, bytes("secret"))).toBe(false);
  await expect(files.write([2], [bytes("secret")])).rejects.toMatchObject({ code: "AuthFailed" });
  spy.mockRestore();
  expect(readdirSync(folder)).toEqual([]);
});
