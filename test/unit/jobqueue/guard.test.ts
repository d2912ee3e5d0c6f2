import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Guard, shellLine } from "../../../src/jobqueue/guard.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-guard-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes its other arguments into a file, a line each. */
const noting = (file: string, ...words: readonly string[]) => ({
  file: "sh",
  args: ["-c", `printf '%s\\n' "$@" > ${join(folder, file)}`, "sh", ...words],
});

test("what is to be run when the program dies is read by a shell as it was meant", () => {
  const words = ["3[0].vm", "it's", '"$HOME"', "a b", "c;d", "*"];
  const line = shellLine(noting("words", ...words));
  execFileSync("sh", ["-c", line]);
  expect(readFileSync(join(folder, "words"), "utf8")).toBe(`${words.join("\n")}\n`);
});

test("the last commands are run when the pipe ends, whatever was said before", async () => {
  const guard = new Guard();
  guard.set([noting("first", "1")]);
  await vi.waitFor(() => expect(guard.pid).toBeDefined());
  guard.set([noting("one", "1"), noting("two", "2")]);
  await new Promise((resolve) => setImmediate(resolve));
  guard.abandon();
  await vi.waitFor(() => expect(existsSync(join(folder, "two"))).toBe(true), { timeout: 10_000 });
  expect(existsSync(join(folder, "one"))).toBe(true);
  expect(existsSync(join(folder, "first"))).toBe(false);
});

test("nothing is run once it is released", async () => {
  const guard = new Guard();
  guard.set([noting("never", "1")]);
  await vi.waitFor(() => expect(guard.pid).toBeDefined());
  const pid = guard.pid ?? 0;
  guard.release();
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 10_000 });
  expect(existsSync(join(folder, "never"))).toBe(false);
});

test("there is no shell while there is nothing to cancel", async () => {
  const guard = new Guard();
  guard.set([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(guard.pid).toBeUndefined();
  guard.release();
});
