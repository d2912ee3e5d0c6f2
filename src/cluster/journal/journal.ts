/**
 * @file The journal of a scheduler: a folder with one file of records, written as things happen and
 * read when a scheduler starts. What is appended is in the system's hands at once, so that it
 * outlives the process, and on the disk after `commit`, so that it outlives the machine. A file
 * that has grown much beyond what is still of interest is replaced by one that begins with the
 * state. While the journal cannot be written it says so (`failure`), and tries a new file now and
 * then. Only who has the lock (`journal-lock.ts`) tells anybody what is in it; one that was taken
 * from a scheduler that may still be there begins a new file, so that nobody writes to it but us.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HeddleError } from "../../core/errors.ts";
import { joinChunks } from "../../protocol/index.ts";
import { JournalFile, syncFolder } from "./journal-file.ts";
import { asJournalError, moveNew } from "./journal-folder.ts";
import { JournalLock } from "./journal-lock.ts";
import { type JournalRecord, journalRecords } from "./records.ts";

/** A file of this size is not worth replacing. */
const SMALL_BYTES = 16 * 2 ** 20;
/** A file is replaced when it has grown to so many times of what it began with. */
const GROWTH = 3;
/** A broken journal is tried again after this time. */
const AGAIN_MS = 5000;
const FILE = /^journal-(\d+)\.log$/;
/** A new file, before it has taken over. */
const DRAFT = /^journal-\d+\.log\..*new$/;

export class Journal {
  readonly path: string;
  readonly #lock: JournalLock;
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
  /** Another scheduler has it now: nothing is tried again. */
  #isLost = false;

  private constructor(path: string, lock: JournalLock, file: JournalFile, number: number) {
    this.path = path;
    this.#lock = lock;
    lock.onLost = (error) => this.#lost(error);
    this.#file = file;
    this.#number = number;
    this.#mostBytes = mostBytes(file.bytes);
  }

  /**
   * Opens the journal in a folder, which is made if it is not there, and reads what it holds.
   * Throws `FileInvalid` when there can be no such folder, when another scheduler uses it, or when
   * its file is none of a journal, `JournalDamaged` when something in the middle of it cannot be
   * read, and `JournalFailed` for errors of the system. The lock is given back then.
   */
  static open(
    path: string,
    read: (records: readonly JournalRecord[]) => void,
    lock: JournalLock = JournalLock.take(path),
  ): Journal {
    try {
      return asJournalError(path, "read", () => Journal.#open(path, read, lock));
    } catch (error) {
      lock.giveBack();
      throw error;
    }
  }

  static #open(
    path: string,
    read: (records: readonly JournalRecord[]) => void,
    lock: JournalLock,
  ): Journal {
    const names = readdirSync(path);
    for (const name of names) if (DRAFT.test(name)) rmSync(join(path, name));
    const numbers = names.flatMap((name) => {
      const match = FILE.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
    const last = Math.max(0, ...numbers);
    if (last === 0) return new Journal(path, lock, JournalFile.create(fileOf(path, 1)), 1);
    const number = lock.isTakenOver ? last + 1 : last;
    const copy = lock.isTakenOver ? draftOf(path, number) : undefined;
    const decode = (body: Uint8Array): void => read(journalRecords.decode(body));
    const isFirst = numbers.length === 1;
    const file = JournalFile.resume(fileOf(path, last), decode, { isFirst, copy });
    if (copy !== undefined && !moveNew(copy, fileOf(path, number))) throw overtaken(path);
    for (const old of numbers) if (old !== number) rmSync(fileOf(path, old));
    return new Journal(path, lock, file, number);
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
      this.#checkLock();
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#committing = undefined;
    }
  }

  /** Whoever has the lock next reads what was on the disk while this one had it. */
  #checkLock(): void {
    const lost = this.#isClosed || this.#isLost ? undefined : this.#lock.lost();
    if (lost !== undefined) this.#lost(lost);
  }

  /** Begins a new file with the state as it is now; resolves when that has taken over. */
  async replace(): Promise<void> {
    const { state } = this;
    if (state === undefined || this.#meanwhile !== undefined) return;
    if (this.#isClosed || this.#isLost) return;
    this.#meanwhile = [];
    const draft = draftOf(this.path, this.#number + 1);
    let file: JournalFile | undefined;
    try {
      file = JournalFile.create(draft);
      for (const record of state()) file.append([joinChunks(journalRecords.encode([record]))]);
      const began = file.bytes;
      await this.#catchUp(file);
      if (this.#isClosed) throw new HeddleError("CommClosed", "the journal was closed");
      this.#checkLock();
      if (this.#isLost || !moveNew(draft, fileOf(this.path, this.#number + 1))) {
        throw overtaken(this.path);
      }
      this.#takeOver(file, began);
    } catch (error) {
      file?.close();
      rmSync(draft, { force: true });
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
    const oldPath = fileOf(this.path, this.#number);
    this.#file = file;
    this.#number++;
    this.#mostBytes = mostBytes(began);
    const under = this.#committing;
    this.#committing = (async () => {
      await under;
      try {
        await syncFolder(this.path);
        old.close();
        rmSync(oldPath, { force: true });
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
    this.#lock.giveBack();
  }

  #lost(error: HeddleError): void {
    if (this.#isLost || this.#isClosed) return;
    this.#isLost = true;
    clearTimeout(this.#againTimer);
    this.#failure = error;
    this.onFailure(error);
  }

  #failed(cause: Error): void {
    if (this.#isLost) return;
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
    if (this.#failure === undefined || this.#isLost) return;
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

function draftOf(path: string, number: number): string {
  return `${fileOf(path, number)}.${randomBytes(4).toString("hex")}.new`;
}

function overtaken(path: string): HeddleError {
  return new HeddleError("JournalFailed", `another scheduler writes to the journal in ${path}`, {
    fields: { path },
  });
}
