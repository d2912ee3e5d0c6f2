/**
 * @file The folder of a journal: for its user alone, since whoever writes there decides what the
 * scheduler believes to be work; and the token that stays the same from one scheduler to the next.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { checkToken, makeToken } from "../../comm/token.ts";
import { makeFolder } from "../../config/make-folder.ts";
import { accessOf } from "../../config/private-folder.ts";
import { HeddleError, shortPath } from "../../core/errors.ts";

const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
]);
const ROOT = 0;

/** Does something with a file of the journal; errors of the system become `JournalFailed`. */
export function asJournalError<T>(path: string, verb: "read" | "written", run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    throw new HeddleError(
      "JournalFailed",
      `${shortPath(path)} of the journal cannot be ${verb}: ${(cause as Error).message}`,
      { cause, fields: { path } },
    );
  }
}

/**
 * Makes the folder of a journal, for this user alone. Throws `FileInvalid` where none can be, or
 * where others may write to it.
 */
export function makeJournalFolder(path: string): void {
  let reason = "it is a file";
  try {
    makeFolder(path, { mode: 0o700 });
    accessSync(path, constants.W_OK);
    const stat = statSync(path);
    if (stat.isDirectory()) {
      const access = writersOf(stat);
      if (access === undefined) return;
      reason = `others may write to it (${access}), and so decide what is run`;
    }
  } catch (cause) {
    reason = cause instanceof Error ? cause.message : String(cause);
  }
  throw new HeddleError(
    "FileInvalid",
    `${shortPath(path)} cannot be the folder of a journal: ${reason}. Name a folder that this ` +
      "user, and no other, may write to; one that is not there is made",
    { fields: { path } },
  );
}

/** What lets others but root write to a folder; undefined when nothing does. */
function writersOf({ uid, mode }: Stats): string | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  if (uid !== own && uid !== ROOT) return `it belongs to the user ${uid}`;
  return (mode & 0o022) === 0 ? undefined : `it has ${(mode & 0o777).toString(8)}`;
}

/**
 * The token that is kept in a journal's folder, made when there is none. Throws `FileInvalid` when
 * others may read it or it is none, and the errors of `makeJournalFolder`.
 */
export function journalToken(folder: string): string {
  makeJournalFolder(folder);
  const path = join(folder, "token");
  const found = readToken(path);
  if (found !== undefined && (found !== "" || isBegun(folder))) return checked(path, found);
  const token = makeToken();
  return asJournalError(path, "written", () => {
    const draft = `${path}.${randomBytes(4).toString("hex")}.part`;
    // Torn off when it was first written.
    if (found === "") rmSync(path, { force: true });
    writeFresh(draft, token);
    return moveNew(draft, path) ? token : checked(path, readToken(path) ?? "");
  });
}

/**
 * Gives a file its name, unless there is one of that name: then it is removed, and the result is
 * false.
 */
export function moveNew(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (NO_LINKS.has(code) && !existsSync(path)) {
      renameSync(draft, path);
      return true;
    }
    if (code !== "EEXIST" && !NO_LINKS.has(code)) throw error;
    rmSync(draft, { force: true });
    return false;
  }
  rmSync(draft, { force: true });
  return true;
}

/** Undefined when there is none. */
function readToken(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return asJournalError(path, "read", () => {
    const file = openSync(path, "r");
    try {
      const access = accessOf(fstatSync(file));
      if (access === undefined) return readFileSync(file, "utf8").trim();
      throw new HeddleError(
        "FileInvalid",
        `the token in ${shortPath(path)} may be read by other users (${access}); chmod 600 it, or ` +
          "remove it for a new one, which workers and clients then need",
        { fields: { path } },
      );
    } finally {
      closeSync(file);
    }
  });
}

function checked(path: string, token: string): string {
  try {
    return checkToken(token);
  } catch (cause) {
    throw new HeddleError(
      "FileInvalid",
      `${shortPath(path)} holds no token (${token.length} characters): put the right one back, or ` +
        "remove the file for a new one, which workers and clients then need",
      { cause, fields: { path } },
    );
  }
}

/** Whether a scheduler has written anything here. */
function isBegun(folder: string): boolean {
  const names = asJournalError(folder, "read", () => readdirSync(folder));
  return names.some(
    (name) => /^journal-\d+\.log$/.test(name) && statSync(join(folder, name)).size > 0,
  );
}

function writeFresh(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
