/**
 * @file A place for bytes that come in any order and are read later: memory while they are few, a
 * file from then on.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { onDisk } from "./run-writer.ts";

/** More than this goes to the file. */
const MEMORY_BYTES = 8 * 1024 * 1024;

export class Spool {
  readonly #path: () => string;
  #file: number | undefined;
  #made = "";
  #memory: Uint8Array[] = [];
  #memoryBytes = 0;
  #flushed = 0;

  /** `path` names the file, should one be needed. */
  constructor(path: () => string) {
    this.#path = path;
  }

  /** Keeps the bytes; returns where they are. */
  add(bytes: Uint8Array): number {
    const at = this.#flushed + this.#memoryBytes;
    this.#memory.push(bytes);
    this.#memoryBytes += bytes.length;
    if (this.#memoryBytes > MEMORY_BYTES) this.#flush();
    return at;
  }

  read(target: Uint8Array, position: number): void {
    if (position >= this.#flushed) return this.#readMemory(target, position - this.#flushed);
    const file = this.#file as number;
    for (let at = 0; at < target.length; ) {
      at += readSync(file, target, at, target.length - at, position + at);
    }
  }

  close(): void {
    this.#memory = [];
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#made, { force: true });
  }

  #readMemory(target: Uint8Array, position: number): void {
    let start = 0;
    for (const bytes of this.#memory) {
      const end = start + bytes.length;
      if (position < end) {
        target.set(bytes.subarray(position - start, position - start + target.length));
        return;
      }
      start = end;
    }
  }

  #flush(): void {
    if (this.#file === undefined) {
      this.#made = this.#path();
      this.#file = onDisk(this.#made, () => openSync(this.#made, "wx+", 0o600));
    }
    const file = this.#file;
    for (const bytes of this.#memory) {
      onDisk(this.#made, () => {
        for (let at = 0; at < bytes.length; ) {
          at += writeSync(file, bytes, at, bytes.length - at, this.#flushed + at);
        }
      });
      this.#flushed += bytes.length;
    }
    this.#memory = [];
    this.#memoryBytes = 0;
  }
}
