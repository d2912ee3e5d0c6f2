/**
 * @file Values on disk. What is spilled together lies in one file, one value after the other; the
 * file goes with the last of them. So a large value has a file of its own, and thousands of small
 * ones cost one.
 */
import { rmSync, writeFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder } from "../config/private-folder.ts";
import { assert, HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import { removeFolder } from "./folders.ts";
import type { SpillCodec } from "./spill-codec.ts";

interface SpillFile {
  readonly path: string;
  /** Values in it that are still needed. */
  live: number;
}

interface Place {
  readonly file: SpillFile;
  readonly offset: number;
  /** Bytes of the value. */
  readonly bytes: number;
  /** Bytes of the value in the file: fewer where it is compressed. */
  readonly stored: number;
}

/** Smaller values are not compressed: each costs a call of the thread pool. */
const COMPRESSED_MIN = 4096;

export class SpillFiles {
  /** Bytes on disk of all values. */
  bytes = 0;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #codec: SpillCodec | undefined;
  /** On their way to files. */
  #writingBytes = 0;
  #isMade = false;
  /** Numbers the files: a name is never used twice, because files are removed in their own time. */
  #count = 0;
  readonly #places = new Map<number, Place>();
  /** Files that are being removed. */
  readonly #going = new Set<Promise<void>>();

  constructor(
    directory: string,
    maxBytes: number = Number.POSITIVE_INFINITY,
    codec?: SpillCodec | undefined,
  ) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#codec = codec;
  }

  has(id: number): boolean {
    return this.#places.has(id);
  }

  lengthOf(id: number): number {
    return this.#placeOf(id).bytes;
  }

  /**
   * Writes values into a new file; all of them, or none. Throws `SpillFailed` when there would be
   * more than is allowed, and the errors of the disk.
   */
  async write(ids: readonly number[], values: readonly Uint8Array[]): Promise<void> {
    const size = values.reduce((sum, value) => sum + value.length, 0);
    this.#checkRoom(size);
    this.#writingBytes += size;
    try {
      // On a full disk there is room when these have gone.
      await Promise.all(this.#going);
      await this.#write(ids, values);
    } finally {
      this.#writingBytes -= size;
    }
  }

  async #write(ids: readonly number[], values: readonly Uint8Array[]): Promise<void> {
    const stored = await Promise.all(values.map(async (value) => await this.#packed(value)));
    const path = this.#newPath();
    const bytes = joined(stored);
    const handle = await open(path, "wx", 0o600);
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await handle.write(bytes, at)).bytesWritten;
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    this.#note(path, ids, values, stored);
  }

  /** The value as it goes to the disk: itself where compression gains nothing. */
  async #packed(value: Uint8Array): Promise<Uint8Array> {
    if (this.#codec === undefined || value.length < COMPRESSED_MIN) return value;
    const packed = await this.#codec.compress(value);
    return packed.length < value.length ? packed : value;
  }

  /** Writes one value before it returns; false when the disk refuses. */
  writeNow(id: number, value: Uint8Array): boolean {
    let path = "";
    try {
      this.#checkRoom(value.length);
      path = this.#newPath();
      writeFileSync(path, value, { mode: 0o600, flag: "wx" });
    } catch {
      if (path !== "") rmSync(path, { force: true });
      return false;
    }
    this.#note(path, [id], [value], [value]);
    return true;
  }

  /** Fills `target` with the value. */
  async read(id: number, target: Uint8Array): Promise<void> {
    const { file, offset, bytes, stored } = this.#placeOf(id);
    if (stored === bytes) return await readAt(file.path, offset, target.subarray(0, bytes));
    const packed = new Uint8Array(stored);
    await readAt(file.path, offset, packed);
    const value = await this.#codec?.decompress(packed);
    if (value?.length !== bytes) throw new RangeError("a spilled value is not what was written");
    target.set(value);
  }

  /** The value on disk is not needed any more. */
  drop(id: number): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.bytes -= place.stored;
    place.file.live--;
    if (place.file.live === 0) this.#remove(place.file.path);
  }

  #remove(path: string): void {
    const gone = rm(path, { force: true }).catch(() => undefined);
    this.#going.add(gone);
    gone.finally(() => this.#going.delete(gone));
  }

  close(): void {
    removeFolder(this.#directory);
  }

  #checkRoom(bytes: number): void {
    const { bytes: there } = this;
    if (there + this.#writingBytes + bytes <= this.#maxBytes) return;
    throw new HeddleError(
      "SpillFailed",
      `${formatBytes(bytes)} more on disk would be more than worker.memory.max-spill, ` +
        `${formatBytes(this.#maxBytes)}; ${formatBytes(there)} are there`,
    );
  }

  #newPath(): string {
    if (!this.#isMade) makePrivateFolder(this.#directory);
    this.#isMade = true;
    return join(this.#directory, `${this.#count++}.values`);
  }

  /** The values lie one after the other in a file that is complete. */
  #note(
    path: string,
    ids: readonly number[],
    values: readonly Uint8Array[],
    packed: readonly Uint8Array[],
  ): void {
    const file: SpillFile = { path, live: ids.length };
    let offset = 0;
    ids.forEach((id, i) => {
      const stored = (packed[i] as Uint8Array).length;
      this.#places.set(id, { file, offset, bytes: (values[i] as Uint8Array).length, stored });
      offset += stored;
    });
    this.bytes += offset;
  }

  #placeOf(id: number): Place {
    const place = this.#places.get(id);
    assert(place, `the value ${id} is not on disk`);
    return place;
  }
}

/** Fills `target` from a file. */
async function readAt(path: string, offset: number, target: Uint8Array): Promise<void> {
  const handle = await open(path, "r");
  try {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await handle.read(target, at, target.length - at, offset + at);
      if (bytesRead === 0) throw new RangeError(`the file of a spilled value ends at byte ${at}`);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** Several values as one stretch of bytes; a single one is not copied. */
function joined(values: readonly Uint8Array[]): Uint8Array {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + value.length, 0));
  let at = 0;
  for (const value of values) {
    bytes.set(value, at);
    at += value.length;
  }
  return bytes;
}
