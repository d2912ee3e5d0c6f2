/**
 * @file A file that only grows, of records `[u32 length][u32 checksum][bytes]`, after eight bytes
 * that say what it is. What was being written when the process or the machine stopped is cut off
 * when the file is read again: that is the end of the file, behind which nothing whole follows.
 * Where something does, the file is damaged, and left as it is.
 */
import {
  closeSync,
  copyFileSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { HeddleError } from "../../core/errors.ts";
import { checksum } from "../../heap/checksum.ts";
import { wholeRecordsAfter } from "./salvage.ts";

const MAGIC: Uint8Array = new TextEncoder().encode("HEDDLEJ1");
const HEADER_BYTES = 8;

const syncData = promisify(fdatasync);

export interface ResumeOptions {
  /** Whether there was no file before: then one of no records may not even have its beginning. */
  readonly isFirst?: boolean;
  /** Goes on in a copy, which must not be there, and leaves the file as it is. */
  readonly copy?: string | undefined;
}

export class JournalFile {
  /** What it was made as: it may have been given another name. */
  readonly path: string;
  readonly #fd: number;
  #bytes: number;
  /** Size of the torn end that was cut off when the file was read. */
  readonly tornBytes: number;

  private constructor(path: string, fd: number, bytes: number, tornBytes = 0) {
    this.path = path;
    this.#fd = fd;
    this.#bytes = bytes;
    this.tornBytes = tornBytes;
  }

  /** An empty file; one that is there is replaced. */
  static create(path: string): JournalFile {
    const file = new JournalFile(path, openSync(path, "w", 0o600), MAGIC.length);
    file.#write(MAGIC, 0);
    return file;
  }

  /**
   * Reads all records of a file in order, cuts off an end that is not whole, and goes on there.
   * Throws `FileInvalid` when this is no journal, and `JournalDamaged` when whole records follow
   * one that is not; the file is then as it was.
   */
  static resume(
    path: string,
    read: (record: Uint8Array) => void,
    { isFirst = false, copy }: ResumeOptions = {},
  ): JournalFile {
    const fd = openSync(path, "r+");
    const { size } = fstatSync(fd);
    let at = MAGIC.length;
    let count = 0;
    try {
      if (isFirst && size < at && isMagic(readAt(fd, 0, size))) {
        closeSync(fd);
        return JournalFile.create(path);
      }
      if (size < at || !isMagic(readAt(fd, 0, at))) {
        throw new HeddleError("FileInvalid", `${path} is not a journal of this version of Heddle`);
      }
      for (let body = recordAt(fd, at, size); body !== undefined; body = recordAt(fd, at, size)) {
        read(body);
        at += HEADER_BYTES + body.length;
        count++;
      }
      const rest = readAt(fd, at, size - at) ?? new Uint8Array(0);
      const following = wholeRecordsAfter(rest);
      if (following > 0) throw damaged(path, at, { count, following, bytes: size - at });
      if (copy !== undefined) return JournalFile.#continueIn(copy, path, fd, at, size - at);
      ftruncateSync(fd, at);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return new JournalFile(path, fd, at, size - at);
  }

  /** What a file holds up to `bytes`, in a new one that nobody else writes to. */
  static #continueIn(
    copy: string,
    path: string,
    fd: number,
    bytes: number,
    tornBytes: number,
  ): JournalFile {
    copyFileSync(path, copy);
    const own = openSync(copy, "r+");
    try {
      ftruncateSync(own, bytes);
      fsyncSync(own);
    } catch (error) {
      closeSync(own);
      throw error;
    }
    closeSync(fd);
    return new JournalFile(copy, own, bytes, tornBytes);
  }

  /** Its size. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends records; what cannot be written whole is not there. Throws errors of the system. */
  append(records: readonly Uint8Array[]): void {
    for (const record of records) {
      const header = new Uint32Array([record.length, checksum(record)]);
      try {
        this.#write(new Uint8Array(header.buffer), this.#bytes);
        this.#write(record, this.#bytes + HEADER_BYTES);
      } catch (error) {
        this.#cut();
        throw error;
      }
      this.#bytes += HEADER_BYTES + record.length;
    }
  }

  /** Resolves when everything that was appended before is on the disk. */
  async sync(): Promise<void> {
    await syncData(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#fd, bytes, at, bytes.length - at, position + at);
    }
  }

  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      // Whoever reads the file finds the torn record.
    }
  }
}

/** The names in a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether these are the first bytes of a journal. */
function isMagic(bytes: Uint8Array | undefined): boolean {
  return bytes?.every((byte, i) => byte === MAGIC[i]) === true;
}

function damaged(
  path: string,
  at: number,
  { count, following, bytes }: { count: number; following: number; bytes: number },
): HeddleError {
  return new HeddleError(
    "JournalDamaged",
    `${path} is damaged at byte ${at}: ${count} records before it are whole, and at least ` +
      `${following} behind it, in ${bytes} bytes that cannot be understood without it. The file ` +
      "was left as it is. Put back a copy of the folder that is whole, or move the file away to " +
      `begin with nothing; to go on with what is before the damage, keep a copy and cut the file ` +
      `there: truncate -s ${at} ${path}`,
    { fields: { path, at, count, following, bytes } },
  );
}

function recordAt(fd: number, at: number, size: number): Uint8Array | undefined {
  const header = readAt(fd, at, HEADER_BYTES);
  if (header === undefined) return undefined;
  const [length, sum] = new Uint32Array(header.buffer) as unknown as readonly [number, number];
  // Torn off, or no length at all.
  if (at + HEADER_BYTES + length > size) return undefined;
  const body = readAt(fd, at + HEADER_BYTES, length);
  return body !== undefined && checksum(body) === sum ? body : undefined;
}

/** So many bytes, in a buffer of their own; undefined when there are fewer. */
function readAt(fd: number, at: number, count: number): Uint8Array | undefined {
  const bytes = new Uint8Array(count);
  for (let got = 0; got < count; ) {
    const more = readSync(fd, bytes, got, count - got, at + got);
    if (more === 0) return undefined;
    got += more;
  }
  return bytes;
}
