/**
 * @file Who writes a journal: one scheduler at a time, also where the folder is shared by machines
 * or containers that cannot see each other's processes. A scheduler makes the file `lock-<n>`,
 * which only one can, and says in it which process it is; it touches the file every second. The
 * highest number counts. A scheduler that starts takes the next number when the last one was given
 * back, when its process has ended, or, of a process that it cannot see, when it has watched the
 * file for a while and nobody touched it. Numbers are never used again, so whoever was believed
 * dead and is not finds a higher one, or its own file gone, and stops: it looks after each write,
 * before it tells anybody, and its successor reads only after having the lock.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, ownIdentity, type ProcessIdentity } from "../../config/process-identity.ts";
import { HeddleError } from "../../core/errors.ts";
import { asJournalError, makeJournalFolder } from "./journal-folder.ts";

const NAME = /^lock-(\d+)$/;
const BEAT_MS = 1000;
/** A holder that cannot be seen, and touches its lock no more for so long, is believed dead. */
const SILENT_MS = 15_000;
const LOOK_MS = 200;

/** A lock as it was found. */
interface Found {
  readonly number: number;
  readonly text: string;
  readonly touchedMs: number;
  /** Undefined when the text cannot be understood: it may be being written. */
  readonly holder: ProcessIdentity | undefined;
  readonly isGivenBack: boolean;
}

export interface WatchOptions {
  /** Hears, before it is watched, which lock stands in the way. */
  readonly say?: (about: { readonly holder: string; readonly seconds: number }) => void;
  readonly silentMs?: number;
  readonly lookMs?: number;
}

export class JournalLock {
  /** Whether the last holder did not give it back: it may still believe that it has it. */
  readonly isTakenOver: boolean;
  /** Hears, once, that another scheduler has the journal now. */
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #folder: string;
  readonly #number: number;
  readonly #text: string;
  readonly #beats: NodeJS.Timeout;

  private constructor(folder: string, number: number, text: string, isTakenOver: boolean) {
    this.#folder = folder;
    this.#number = number;
    this.#text = text;
    this.isTakenOver = isTakenOver;
    this.#beats = setInterval(() => this.#beat(), BEAT_MS);
    this.#beats.unref();
  }

  /**
   * Takes the lock of a journal's folder, which is made if need be, and watches the last holder
   * where that cannot be seen. Throws `FileInvalid` when another scheduler has it.
   */
  static async watchAndTake(folder: string, options: WatchOptions = {}): Promise<JournalLock> {
    const { say, silentMs = SILENT_MS, lookMs = LOOK_MS } = options;
    makeJournalFolder(folder);
    for (let last = lastLock(folder); last !== undefined && judge(last) === "unknown"; ) {
      say?.({ holder: nameOf(last), seconds: Math.ceil(silentMs / 1000) });
      const next = await watch(folder, last, silentMs, lookMs);
      if (next === last) return JournalLock.take(folder, last);
      last = next;
    }
    return JournalLock.take(folder);
  }

  /**
   * Takes the lock at once. Throws `FileInvalid` when another scheduler has it, or may have; `dead`
   * is a lock whose holder is known to be none.
   */
  static take(folder: string, dead?: Found): JournalLock {
    makeJournalFolder(folder);
    for (;;) {
      const last = lastLock(folder);
      const isDead = last?.number === dead?.number && last?.text === dead?.text;
      if (last !== undefined && !isDead && judge(last) !== "free") throw inUse(folder, last);
      const number = (last?.number ?? 0) + 1;
      const text = JSON.stringify({ ...ownIdentity(), id: randomBytes(8).toString("hex") });
      if (!create(folder, number, text)) continue;
      const numbers = lockNumbers(folder);
      if (Math.max(...numbers) > number) {
        // What was found was of yesterday; another one is further.
        rmSync(fileOf(folder, number), { force: true });
        continue;
      }
      for (const old of numbers) if (old < number) rmSync(fileOf(folder, old), { force: true });
      return new JournalLock(folder, number, text, last?.isGivenBack === false);
    }
  }

  /**
   * Why this is not the holder any more; undefined while it is. Errors of the system are thrown.
   */
  lost(): HeddleError | undefined {
    const path = fileOf(this.#folder, this.#number);
    if (readIfThere(path) === this.#text && !existsSync(fileOf(this.#folder, this.#number + 1))) {
      return undefined;
    }
    const next = lastLock(this.#folder);
    const by = next === undefined || next.number <= this.#number ? "" : ` (${nameOf(next)})`;
    return new HeddleError(
      "JournalFailed",
      `another scheduler has taken over the journal in ${this.#folder}${by}, since this one was ` +
        "not to be heard of, or its lock was removed: this one takes no new work; end it",
      { fields: { path: this.#folder } },
    );
  }

  /** Gives the lock back, if this is still the holder. */
  giveBack(): void {
    clearInterval(this.#beats);
    try {
      if (this.lost() !== undefined) return;
      const file = openSync(fileOf(this.#folder, this.#number), "r+");
      const text = JSON.stringify({ ...JSON.parse(this.#text), isGivenBack: true });
      writeSync(file, text, 0);
      ftruncateSync(file, Buffer.byteLength(text));
      closeSync(file);
    } catch {
      // Whoever comes next sees that the process has ended.
    }
  }

  #beat(): void {
    try {
      const error = this.lost();
      if (error === undefined) {
        const now = Date.now() / 1000;
        utimesSync(fileOf(this.#folder, this.#number), now, now);
      } else {
        clearInterval(this.#beats);
        this.onLost(error);
      }
    } catch {
      // The disk may answer again; nothing is told meanwhile that is not on it.
    }
  }
}

/** Whether a lock may be taken from its holder. */
function judge({ holder, isGivenBack }: Found): "free" | "used" | "unknown" {
  if (isGivenBack) return "free";
  if (holder === undefined) return "unknown";
  const own = ownIdentity();
  const isHere =
    own.boot !== "" &&
    (["host", "boot", "namespace"] as const).every((part) => holder[part] === own[part]);
  if (!isHere) return "unknown";
  return isRunning(holder.pid, holder.start) ? "used" : "free";
}

/**
 * Resolves to the lock itself when nobody has touched it for so long, and to what has taken its
 * place. Throws `FileInvalid` as soon as it is touched.
 */
async function watch(
  folder: string,
  lock: Found,
  silentMs: number,
  lookMs: number,
): Promise<Found | undefined> {
  const endMs = performance.now() + silentMs;
  while (performance.now() < endMs) {
    await sleep(lookMs);
    const now = lastLock(folder);
    if (now?.number !== lock.number || now.text !== lock.text) return now;
    if (now.touchedMs !== lock.touchedMs) throw inUse(folder, now);
  }
  return lock;
}

function lastLock(folder: string): Found | undefined {
  for (;;) {
    const number = Math.max(0, ...lockNumbers(folder));
    if (number === 0) return undefined;
    const found = readLock(folder, number);
    // Gone since it was listed: there is a higher one.
    if (found !== undefined) return found;
  }
}

function lockNumbers(folder: string): number[] {
  return asJournalError(folder, "read", () => readdirSync(folder)).flatMap((name) => {
    const match = NAME.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
}

function readLock(folder: string, number: number): Found | undefined {
  const path = fileOf(folder, number);
  return asJournalError(path, "read", () => {
    let file: number;
    try {
      // Opened anew each time: a network's file system asks its server then.
      file = openSync(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    try {
      const text = readFileSync(file, "utf8");
      return { number, text, touchedMs: fstatSync(file).mtimeMs, ...parse(text) };
    } finally {
      closeSync(file);
    }
  });
}

function parse(text: string): Pick<Found, "holder" | "isGivenBack"> {
  try {
    const holder = JSON.parse(text) as ProcessIdentity & { readonly isGivenBack?: boolean };
    return { holder, isGivenBack: holder.isGivenBack === true };
  } catch {
    return { holder: undefined, isGivenBack: false };
  }
}

/** Makes a lock; false when another was faster. */
function create(folder: string, number: number, text: string): boolean {
  const path = fileOf(folder, number);
  return asJournalError(path, "written", () => {
    let file: number;
    try {
      file = openSync(path, "wx", 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    try {
      writeSync(file, text);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESTALE") return undefined;
    throw error;
  }
}

function inUse(folder: string, lock: Found): HeddleError {
  return new HeddleError(
    "FileInvalid",
    `the journal in ${folder} is used by the scheduler with ${nameOf(lock)}; end that one first, ` +
      `or choose another folder (in a copy of a journal's folder remove lock-${lock.number})`,
    { fields: { path: folder } },
  );
}

function nameOf({ holder }: Found): string {
  if (holder === undefined) return "a process id that cannot be read";
  return `process id ${holder.pid} on ${holder.host}`;
}

function fileOf(folder: string, number: number): string {
  return join(folder, `lock-${number}`);
}
