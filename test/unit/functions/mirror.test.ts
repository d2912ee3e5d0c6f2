/** @file Modules are laid out where nobody else could have put anything before. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { processFolder } from "../../../src/config/process-folder.ts";
import { mirrorOf } from "../../../src/functions/mirror.ts";

const file = join(tmpdir(), "heddle-mirror-test", "fn.mjs");
const url = pathToFileURL(file).href;
const text = "export const whose = 'ours';";

function layOut(): string {
  const place = { specifier: url, id: "local-0123", export: "whose" };
  return fileURLToPath(mirrorOf(place as never, [{ url, hash: "", text }] as never));
}

test("a folder that somebody else made for this process is passed by", () => {
  const shared = join(tmpdir(), processFolder("modules"));
  const planted = join(shared, "local-0123", file);
  mkdirSync(dirname(planted), { recursive: true, mode: 0o777 });
  writeFileSync(planted, "export const whose = 'theirs';");
  onTestFinished(() => rmSync(shared, { recursive: true }));
  vi.spyOn(process, "getuid").mockReturnValue((process.getuid?.() ?? 0) + 1);
  const laidOut = layOut();
  vi.restoreAllMocks();
  expect(laidOut.startsWith(shared)).toBe(false);
  expect(readFileSync(laidOut, "utf8")).toBe(text);
  const own = laidOut.slice(0, -join("local-0123", file).length - 1);
  onTestFinished(() => rmSync(own, { recursive: true }));
  expect(basename(own)).toMatch(/^heddle-.*-[0-9a-f]{16}$/);
  expect(statSync(own).mode & 0o777).toBe(0o700);
  // The same folder from now on.
  expect(layOut()).toBe(laidOut);
  expect(existsSync(planted)).toBe(true);
});
