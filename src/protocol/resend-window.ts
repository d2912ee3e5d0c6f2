/**
 * @file Frames that the peer may not have, kept until it acknowledges them. The window is bounded:
 * when it is full the oldest go, and with them the possibility to go on from before them.
 */
import { bytesOfChunks } from "./frames.ts";

/** A frame of messages with its number. */
export interface Kept {
  readonly seq: number;
  readonly body: readonly Uint8Array[];
  readonly bytes: number;
}

/** A queue of consecutively numbered frames; adding and releasing take constant time. */
export class ResendWindow {
  readonly #limitBytes: number;
  /** The first `#from` places are empty. */
  #frames: (Kept | undefined)[] = [];
  #from = 0;
  #last: number;
  #bytes = 0;

  /** `origin` is the number before that of the first frame. */
  constructor(limitBytes: number, origin: number) {
    this.#limitBytes = limitBytes;
    this.#last = origin;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the last frame added. */
  get last(): number {
    return this.#last;
  }

  /** Only what follows this number can be sent again. */
  get floor(): number {
    return this.#last - (this.#frames.length - this.#from);
  }

  /** Adds the next frame, returns its number. */
  add(body: readonly Uint8Array[]): number {
    const kept = { seq: ++this.#last, body, bytes: bytesOfChunks(body) };
    this.#frames.push(kept);
    this.#bytes += kept.bytes;
    while (this.#bytes > this.#limitBytes) this.#dropOldest();
    return kept.seq;
  }

  /** Forgets the frames up to number `seq`. */
  release(seq: number): void {
    while (this.floor < seq && this.#from < this.#frames.length) this.#dropOldest();
  }

  /** The frames that are kept, oldest first. */
  frames(): Kept[] {
    return this.#frames.slice(this.#from) as Kept[];
  }

  #dropOldest(): void {
    this.#bytes -= this.#frames[this.#from]?.bytes ?? 0;
    this.#frames[this.#from++] = undefined;
    if (this.#from < 64 || this.#from * 2 < this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#from);
    this.#from = 0;
  }
}
