/**
 * @file Memory of one worker: what is reserved, what threads ask for while they run, and which
 * values go to disk to make room. The heap's own count is the truth and comes in with every step;
 * between two steps the changes decided here are added to it. Never refuses for good while
 * something can move: when every running task waits for memory and nothing is left to evict, one of
 * them is granted more than the limit, with a warning.
 */
import type { WorkerCommand } from "./events.ts";
import { ACTIVITY, ORIGIN, PLACE, type ValueTable } from "./value-table.ts";

export interface MemoryOptions {
  /** Bytes of heap that values and running tasks may use together. */
  readonly memoryLimitBytes: number;
  /**
   * Values up to this size lie in slabs, which threads ask for whole: nothing is reserved for them,
   * and their room comes back when all of their slab's values have gone. Default 0: no slabs.
   */
  readonly slabValueBytes?: number;
  /** Size of a slab; default 0. */
  readonly slabBytes?: number;
}

interface Request {
  readonly thread: number;
  readonly id: number;
  readonly bytes: number;
}

/** More than the limit is given by up to this factor, when nothing else can go on. */
export const OVERDRAW_FACTOR = 2;
/** Up to this factor it is not worth a warning: tasks that wait for a thread pin their inputs. */
const WARN_FACTOR = 1.1;
/** So many slabs are left when nothing else is given any more: a task that fails has to say why. */
const RESERVE_SLABS = 8;
/** Values on their way to disk: at most so many, or as many as make up a slab. */
const SPILLS_MAX = 4;

export class Memory {
  limitBytes: number;
  /** Beyond the limit running tasks get so much when nothing else can go on. */
  #mostBytes = Number.POSITIVE_INFINITY;
  /** The limit has been lowered, and more is in use. */
  #isShrinking = false;
  /** What the limit was before the table thread took its part. */
  readonly #givenBytes: number;
  readonly #values: ValueTable;
  readonly #say: (command: WorkerCommand) => void;
  /** Lets go of a value that lies elsewhere too. */
  readonly #drop: (id: number) => void;
  #requests: Request[] = [];
  /** Reserved for running tasks and not yet taken from the heap. */
  #reserved = 0;
  readonly #reservations = new Map<number, number>();
  #used = 0;
  #spilling = 0;
  #spills = 0;
  /** On their way into memory from disk. */
  #unspilling = 0;
  /** From other workers: these may in turn wait for us, so nothing here waits for them. */
  #fetching = 0;
  /** Set when the disk has refused; spilling is tried again after some values were freed. */
  #diskFull = false;
  /** The user has been told; told again when the next time comes. */
  #isOverdrawn = false;
  #hasRefused = false;

  readonly #slabValueBytes: number;
  readonly #slabBytes: number;

  constructor(
    values: ValueTable,
    options: MemoryOptions,
    say: (command: WorkerCommand) => void,
    drop: (id: number) => void,
  ) {
    this.#drop = drop;
    this.#values = values;
    this.limitBytes = options.memoryLimitBytes;
    this.#givenBytes = options.memoryLimitBytes;
    this.#slabValueBytes = options.slabValueBytes ?? 0;
    this.#slabBytes = options.slabBytes ?? 0;
    this.#say = say;
  }

  limit(bytes: number, mostBytes: number = Number.POSITIVE_INFINITY): void {
    this.#isShrinking ||= bytes < this.limitBytes;
    this.limitBytes = bytes;
    this.#mostBytes = mostBytes;
  }

  /** What one task's inputs may take together: beyond the limit only when nothing else goes on. */
  get inputsBytes(): number {
    const most = this.#mostBytes === Number.POSITIVE_INFINITY ? 0 : this.#mostBytes;
    return Math.max(OVERDRAW_FACTOR * this.limitBytes, most);
  }

  /** Values that nobody uses go to disk until a lowered limit is kept. */
  shrink(): void {
    if (!this.#isShrinking) return;
    if (this.#used > this.limitBytes) this.#makeRoom(0);
    else this.#isShrinking = false;
  }

  get reservedBytes(): number {
    return this.#reserved;
  }

  begin(usedBytes: number): void {
    this.#used = usedBytes;
    if (usedBytes <= this.limitBytes) this.#isOverdrawn = false;
  }

  /** Whether this much more fits now, without moving anything. */
  fits(bytes: number): boolean {
    return this.#used + this.#arriving + this.#reserved + bytes <= this.limitBytes;
  }

  get #arriving(): number {
    return this.#unspilling + this.#fetching;
  }

  /**
   * Whether something that needs this much may start; makes room if not. `alone`: nothing else goes
   * on, so it must start as soon as nothing can be moved away for it.
   */
  admits(bytes: number, alone: boolean): boolean {
    if (this.fits(bytes)) return true;
    this.#makeRoom(bytes + this.#reserved);
    return alone && this.#spilling === 0 && this.#unspilling === 0;
  }

  reserve(id: number, bytes: number): void {
    // Whole bytes, so that what is added and taken away again leaves nothing.
    const whole = Math.ceil(bytes);
    if (whole <= this.#slabValueBytes) return;
    this.#reservations.set(id, whole);
    this.#reserved += whole;
  }

  unreserve(id: number): void {
    if (this.#reservations.size === 0) return;
    const bytes = this.#reservations.get(id);
    if (bytes === undefined) return;
    this.#reservations.delete(id);
    this.#reserved -= bytes;
  }

  /** A value is gone. In a slab it made no room yet: the next step's count will say. */
  freed(bytes: number): void {
    if (bytes > this.#slabValueBytes) this.#used -= bytes;
    if (bytes > 0) this.#diskFull = false;
  }

  request(thread: number, id: number, bytes: number): void {
    this.#requests.push({ thread, id, bytes });
  }

  /** The thread does not wait any more. */
  abandon(thread: number): void {
    this.#requests = this.#requests.filter((request) => request.thread !== thread);
  }

  /** Whether threads wait for memory. */
  get isAsked(): boolean {
    return this.#requests.length > 0;
  }

  /**
   * Answers what threads have asked for, oldest first. `waitersMax`: as many may wait before one
   * must get it.
   */
  serve(waitersMax: number): void {
    while (this.#requests.length > 0) {
      const request = this.#requests[0]!;
      if (this.#used + this.#arriving + request.bytes > this.limitBytes) {
        this.#makeRoom(request.bytes);
        const stuck = this.#spilling === 0 && this.#unspilling === 0;
        if (!stuck || this.#requests.length < waitersMax) return;
        if (this.#isTooMuch(request.bytes)) {
          this.#denyOne();
          continue;
        }
        const isMuch = this.#used + request.bytes > WARN_FACTOR * this.limitBytes;
        if (isMuch && !this.#isOverdrawn) this.#warnOfOverdraft(request.bytes);
        this.#isOverdrawn ||= isMuch;
      }
      this.#requests.shift();
      this.#grant(request);
    }
  }

  #isTooMuch(bytes: number): boolean {
    const reserve = bytes <= this.#slabBytes ? RESERVE_SLABS * this.#slabBytes : 0;
    return this.#used + bytes > this.#mostBytes + reserve;
  }

  /** No task can go on within what there is: the one that asks for most fails. */
  #denyOne(): void {
    const requests = this.#requests;
    const first = requests.findIndex(({ bytes }) => !this.#isTooMuch(bytes));
    if (first > 0) {
      requests.unshift(...requests.splice(first, 1));
      return;
    }
    const most = requests.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    requests.splice(requests.indexOf(most), 1);
    this.#say({ kind: "deny", thread: most.thread });
  }

  #grant(request: Request): void {
    const { thread, id, bytes } = request;
    this.#used += bytes;
    const reserved = this.#reservations.get(id) ?? 0;
    if (reserved > 0) {
      const left = Math.max(0, reserved - bytes);
      this.#reserved -= reserved - left;
      this.#reservations.set(id, left);
    }
    this.#say({ kind: "grant", thread, bytes });
  }

  #warnOfOverdraft(bytes: number): void {
    this.#say({
      kind: "warn",
      message:
        `a task needs ${bytes} more bytes, the limit is ${this.limitBytes}` +
        (this.limitBytes < this.#givenBytes
          ? ` (DuckDB or others in the process have the rest of ${this.#givenBytes})`
          : "") +
        ` and ${this.#used} are in use by running tasks: ` +
        "it gets them all the same; give the engine more memory or make " +
        "the chunks smaller",
    });
  }

  /**
   * Sends old values to disk until `bytes` more would fit, counting what is on its way there. Small
   * ones go by the slab: fewer would make no room.
   */
  #makeRoom(bytes: number): void {
    const v = this.#values;
    const spillsBefore = this.#spills;
    let small = 0;
    while (v.oldest >= 0) {
      const isCopy = v.origin[v.oldest] === ORIGIN.copy;
      if (this.#diskFull && !isCopy) break;
      if (!isCopy && this.#spills >= SPILLS_MAX && this.#spilling >= this.#slabBytes) break;
      const id = v.oldest;
      const size = v.bytes[id]!;
      const isSmall = size <= this.#slabValueBytes;
      const fits = this.#used + this.#arriving - this.#spilling + bytes <= this.limitBytes;
      if (fits && !(isSmall && small > 0 && small < this.#slabBytes)) break;
      if (isSmall) small += size;
      if (isCopy) {
        this.#drop(id);
        continue;
      }
      v.unlist(id);
      v.activity[id] = ACTIVITY.spilling;
      this.#spilling += size;
      this.#spills++;
      this.#say({ kind: "spill", id, bytes: size });
    }
    if (this.#spills > spillsBefore || this.#diskFull) this.#say({ kind: "collect" });
  }

  spilled(id: number, error: string | undefined): void {
    const v = this.#values;
    this.#spilling -= v.bytes[id]!;
    this.#spills--;
    if (error === undefined) {
      this.#hasRefused = false;
      return;
    }
    this.#diskFull = true;
    if (this.#hasRefused) return;
    this.#hasRefused = true;
    this.#say({ kind: "warn", message: `values stay in memory: ${error}` });
  }

  /** A value begins to come from another worker. */
  fetchBegins(bytes: number): void {
    this.#fetching += bytes;
  }

  /** It has come, or will not. */
  fetchEnds(bytes: number): void {
    this.#fetching -= bytes;
  }

  /** Brings a value back; once for all that wait for it. */
  unspill(id: number): void {
    const v = this.#values;
    if (v.activity[id] !== ACTIVITY.none || v.place[id] !== PLACE.disk) return;
    v.activity[id] = ACTIVITY.unspilling;
    this.#unspilling += v.bytes[id]!;
    this.#say({ kind: "unspill", id, bytes: v.bytes[id]! });
  }

  unspilled(id: number, error: string | undefined): void {
    const v = this.#values;
    this.#unspilling -= v.bytes[id]!;
    // Its file is gone: another value may have its place on the disk.
    this.#diskFull = false;
    if (error !== undefined) return;
    // The heap's count has it already.
    v.place[id] = PLACE.memory;
  }
}
