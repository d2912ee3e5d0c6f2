/** @file Folders among those of others: what somebody else has made is not used. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { checkPrivate, makePrivateFolder } from "../../../src/config/private-folder.ts";
import { processFolder } from "../../../src/config/process-folder.ts";

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "heddle-private-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** From now on all that is there is somebody else's. */
function becomeAnother(): void {
  const uid = process.getuid?.() ?? 0;
  const spy = vi.spyOn(process, "getuid").mockReturnValue(uid + 1);
  onTestFinished(() => spy.mockRestore());
}

test("a folder is made for its user alone, and used again", () => {
  const folder = join(folderOfTest(), "a", "b");
  makePrivateFolder(folder);
  expect(modeOf(folder)).toBe(0o700);
  makePrivateFolder(folder);
});

test("what is open to others, a link or a file is refused", () => {
  const base = folderOfTest();
  mkdirSync(join(base, "open"), { mode: 0o755 });
  expect(() => makePrivateFolder(join(base, "open"))).toThrow(/mode 700: .*\(it has 755\)/);
  mkdirSync(join(base, "closed"), { mode: 0o700 });
  symlinkSync(join(base, "closed"), join(base, "link"));
  expect(() => makePrivateFolder(join(base, "link"))).toThrow("(it is no folder)");
  writeFileSync(join(base, "file"), "");
  expect(() => makePrivateFolder(join(base, "file"))).toThrow("(it is no folder)");
});

test("a folder of somebody else is refused, whatever is asked for in it", () => {
  const base = folderOfTest();
  const own = join(base, processFolder("modules"));
  makePrivateFolder(own);
  becomeAnother();
  for (const path of [own, join(own, "files"), join(own, "files", "deeper")]) {
    expect(() => makePrivateFolder(path)).toThrow(
      expect.objectContaining({ code: "AuthFailed", fields: { path: own } }),
    );
  }
  expect(() => checkPrivate(base)).toThrow("it belongs to the user");
});

test("a process's own folder is closed where a task made it", () => {
  const own = join(folderOfTest(), processFolder());
  mkdirSync(join(own, "files"), { recursive: true });
  chmodSync(own, 0o755);
  makePrivateFolder(join(own, "files"));
  expect(modeOf(own)).toBe(0o700);
});
