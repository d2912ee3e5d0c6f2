/** @file The folder of a journal is this user's alone, and so is the token in it. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  journalToken,
  makeJournalFolder,
  moveNew,
} from "../../../../src/cluster/journal/journal-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-folder-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe("the folder", () => {
  test("is made for this user alone; a file is none, nor is one that cannot be made", () => {
    const path = join(folder, "new", "one");
    makeJournalFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const file = join(folder, "file");
    writeFileSync(file, "");
    for (const bad of [file, join(file, "below")]) {
      expect(() => makeJournalFolder(bad)).toThrow(
        /file(\/below)? cannot be the folder of a journal: .*Name a folder/,
      );
    }
  });

  test("is refused when others may write to it; that they may look does no harm", () => {
    chmodSync(folder, 0o755);
    makeJournalFolder(folder);
    for (const mode of [0o777, 0o770, 0o722]) {
      chmodSync(folder, mode);
      expect(() => makeJournalFolder(folder)).toThrow(
        expect.objectContaining({
          code: "FileInvalid",
          message: expect.stringContaining(`it has ${mode.toString(8)}`),
        }),
      );
    }
  });

  test("is refused when it is another user's, other than root's", () => {
    const { uid } = statSync(folder);
    vi.spyOn(process, "getuid").mockReturnValue(uid + 1);
    if (uid === 0) makeJournalFolder(folder);
    else expect(() => makeJournalFolder(folder)).toThrow(`it belongs to the user ${uid}`);
  });
});

describe("the token", () => {
  const path = (): string => join(folder, "token");

  test("is made once, readable for this user alone, and stays", () => {
    const token = journalToken(folder);
    expect(token.length).toBeGreaterThan(30);
    expect(readFileSync(path(), "utf8")).toBe(token);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(journalToken(folder)).toBe(token);
    expect(readdirSync(folder)).toEqual(["token"]);
  });

  test("is refused when others may read it", () => {
    journalToken(folder);
    chmodSync(path(), 0o644);
    expect(() => journalToken(folder)).toThrow(/token may be read by other users \(it has 644\)/);
  });

  test("that was not written whole is made anew while the journal is empty, else named", () => {
    writeFileSync(path(), "", { mode: 0o600 });
    writeFileSync(join(folder, "journal-1.log"), "");
    const token = journalToken(folder);
    expect(readFileSync(path(), "utf8")).toBe(token);
    writeFileSync(join(folder, "journal-1.log"), "HEDDLEJ1");
    for (const bad of ["", "short"]) {
      writeFileSync(path(), bad);
      expect(() => journalToken(folder)).toThrow(
        new RegExp(`token holds no token \\(${bad.length} characters\\)`),
      );
    }
  });

  test("that is a folder is named", () => {
    mkdirSync(path(), { mode: 0o700 });
    expect(() => journalToken(folder)).toThrow(
      expect.objectContaining({
        code: "JournalFailed",
        message: expect.stringContaining("token of the journal cannot be read: EISDIR"),
      }),
    );
  });
});

test("a file gets a name only when there is none of that name", () => {
  const [draft, path] = [join(folder, "draft"), join(folder, "name")];
  for (const [text, isMoved] of [
    ["first", true],
    ["second", false],
  ] as const) {
    writeFileSync(draft, text);
    expect(moveNew(draft, path)).toBe(isMoved);
    expect(readdirSync(folder)).toEqual(["name"]);
    expect(readFileSync(path, "utf8")).toBe("first");
  }
});
