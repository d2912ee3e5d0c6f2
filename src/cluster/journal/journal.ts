/**
 * @file The journal of a scheduler: a folder with one file of records, written as things happen and
 * read when a scheduler starts. What is appended is in the system's hands at once, so that it
 * outlives the process, and on the disk after `commit`, so that it outlives the machine. A file
 * that has grown much beyond what is still of interest is replaced by one that begins with the
 * state. While the journal cannot be written it says so (`failure`), and tries a new file now and
 * then.
 */
import {
  accessSync,
  constants,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../config/make-folder.ts";
import { HeddleError } from "../../core/errors.ts";
import { joinChunks } from "../../protocol/index.ts";
import { JournalFile, syncFolder } from "./journal-file.ts";
import { type JournalRecord, journalRecords } from "./records.ts";

/** A file of this size is not worth replacing. */
const SMALL_BYTES = 16 * 2 ** 20;
/** A file is replaced when it has grown to so many times of what it began with. */
const GROWTH = 3;
/** A broken journal is tried again after this time. */
const AGAIN_MS = 5000;
const FILE = /^journal-(\d+)\.log$/;

export class Journal {
  readonly path: string;
  /** Hears when the journal cannot be written any more, and (undefined) when it can again. */
  onFailure: (failure: HeddleError | undefined) => void = () => undefined;
  /** Gives the state that a new file begins with; until it is set no file is replaced. */
  state: (() => JournalRecord[]) | undefined;
  #file: JournalFile;
  #number: number;
  /** Size of the file beyond which it is replaced. */
  #mostBytes: number;
  #failure: HeddleError | undefined;
  #committing: Promise<void> | undefined;
  /** What comes while a new file is written. */
  #meanwhile: Uint8Array[] | undefined;
  #againTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(path: string, file: JournalFile, number: number) {
    this.path = path;
    this.#file = file;
    this.#number = number;
    this.#mostBytes = mostBytes(file.bytes);
  }

  /**
   * Opens the journal in a folder, which is made if it is not there, and reads what it holds.
   * Throws `FileInvalid` when there can be no such folder, when another scheduler uses it, or when
   * its file is none of a journal, and `JournalDamaged` when something in the middle of it cannot be read.
   */
  static open(path: string, read: (records: readonly JournalRecord[]) => void): Journal {
    makeJournalFolder(path);
    lock(path);
    const numbers = readdirSync(path).flatMap((name) => {
      const match = FILE.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
    const last = Math.max(0, ...numbers);
    try {
      const file =
        last === 0
          ? JournalFile.create(fileOf(path, 1))
          : JournalFile.resume(fileOf(path, last), (body) => read(journalRecords.decode(body)));
      for (const number of numbers) if (number !== last) rmSync(fileOf(path, number));
      return new Journal(path, file, Math.max(1, last));
    } catch (error) {
      rmSync(join(path, "lock"), { force: true });
      throw error;
    }
  }

  /** Size of a torn end that was cut off when the journal was opened: 0 when it was whole. */
  get tornBytes(): number {
    return this.#file.tornBytes;
  }

  /** Why nothing can be written at the moment. */
  get failure(): HeddleError | undefined {
    return this.#failure;
  }

  /** Size of the file. */
  get bytes(): number {
    return this.#file.bytes;
  }

  append(records: readonly JournalRecord[]): void {
    if (records.length === 0 || this.#isClosed) return;
    const batch = journalRecords.batch();
    for (const record of records) batch.add(record);
    const bodies = batch.take().map((chunks) => joinChunks(chunks));
    this.#meanwhile?.push(...bodies);
    if (this.#failure !== undefined) return;
    try {
      this.#file.append(bodies);
    } catch (error) {
      return this.#failed(error as Error);
    }
    if (this.#file.bytes > this.#mostBytes) this.replace().catch(() => undefined);
  }

  /**
   * Resolves when all that was appended is on the disk, or with the reason why it is not. Calls of
   * one time share one write.
   */
  async commit(): Promise<HeddleError | undefined> {
    // One that is under way may have begun before the last record.
    await this.#committing;
    this.#committing ??= this.#commit();
    await this.#committing;
    return this.#failure;
  }

  async #commit(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#file.sync();
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#committing = undefined;
    }
  }

  /** Begins a new file with the state as it is now; resolves when that has taken over. */
  async replace(): Promise<void> {
    const { state } = this;
    if (state === undefined || this.#meanwhile !== undefined || this.#isClosed) return;
    this.#meanwhile = [];
    const path = fileOf(this.path, this.#number + 1);
    let file: JournalFile | undefined;
    try {
      file = JournalFile.create(`${path}.new`);
      for (const record of state()) file.append([joinChunks(journalRecords.encode([record]))]);
      const began = file.bytes;
      await this.#catchUp(file);
      if (this.#isClosed) throw new HeddleError("CommClosed", "the journal was closed");
      renameSync(`${path}.new`, path);
      this.#takeOver(file, began);
    } catch (error) {
      file?.close();
      rmSync(`${path}.new`, { force: true });
      if (!this.#isClosed) this.#failed(error as Error);
    } finally {
      this.#meanwhile = undefined;
    }
  }

  /** Writes what has come meanwhile; all of it is on the disk when this resolves. */
  async #catchUp(file: JournalFile): Promise<void> {
    await file.sync();
    for (let late = this.#meanwhile ?? []; late.length > 0; late = this.#meanwhile ?? []) {
      this.#meanwhile = [];
      file.append(late);
      await file.sync();
    }
  }

  #takeOver(file: JournalFile, began: number): void {
    const old = this.#file;
    this.#file = file;
    this.#number++;
    this.#mostBytes = mostBytes(began);
    const under = this.#committing;
    this.#committing = (async () => {
      await under;
      try {
        await syncFolder(this.path);
        old.close();
        rmSync(old.path, { force: true });
        this.#works();
      } catch (error) {
        this.#failed(error as Error);
      } finally {
        this.#committing = undefined;
      }
    })();
  }

  /** The journal stays for the next scheduler. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#againTimer);
    this.#file.close();
    rmSync(join(this.path, "lock"), { force: true });
  }

  #failed(cause: Error): void {
    const isFirst = this.#failure === undefined;
    this.#failure = new HeddleError(
      "JournalFailed",
      `the journal in ${this.path} cannot be written (${cause.message}): what the scheduler ` +
        "accepts would be lost with it, so no new work is taken until it can",
      { cause, fields: { path: this.path } },
    );
    if (isFirst) this.onFailure(this.#failure);
    clearTimeout(this.#againTimer);
    this.#againTimer = setTimeout(() => {
      this.replace().catch(() => undefined);
    }, AGAIN_MS);
    this.#againTimer.unref();
  }

  #works(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.onFailure(undefined);
  }
}

function mostBytes(began: number): number {
  return Math.max(SMALL_BYTES, GROWTH * began);
}

function fileOf(path: string, number: number): string {
  return join(path, `journal-${number}.log`);
}

/** One scheduler at a time; what a dead one has left does not count. */
/** Makes the folder of a journal, for this user alone. Throws `FileInvalid` where none can be. */
export function makeJournalFolder(path: string): void {
  let reason = "it is a file";
  try {
    makeFolder(path, { mode: 0o700 });
    accessSync(path, constants.W_OK);
    if (statSync(path).isDirectory()) return;
  } catch (cause) {
    reason = cause instanceof Error ? cause.message : String(cause);
  }
  throw new HeddleError(
    "FileInvalid",
    `${path} cannot be the folder of a journal: ${reason}. Name a folder that this user may write ` +
      "to; one that is not there is made",
    { fields: { path } },
  );
}

function lock(path: string): void {
  const file = join(path, "lock");
  const owner = ownerOf(file);
  if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
    throw new HeddleError(
      "FileInvalid",
      `the journal in ${path} is used by the scheduler with process id ${owner}; ` +
        "end that one first, or choose another folder",
    );
  }
  writeFileSync(file, String(process.pid), { mode: 0o600 });
}

function ownerOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
