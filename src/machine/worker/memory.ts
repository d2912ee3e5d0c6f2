/**
 * @file Memory of one worker: what is reserved, what threads ask for while they run, and which
 * values go to disk to make room. The heap's own count is the truth and comes in with every step;
 * between two steps the changes decided here are added to it. Never refuses for good while
 * something can move: when every running task waits for memory and nothing is left to evict, one
 * of them is granted more than the limit, with a warning; a task that waits alone for its inputs
 * gets more, too. What would be more than the most that there may be fails. While the disk is
 * full, results leave room for the largest value that lies there, so that each can come back.
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

/** Whether what needs memory may begin: at once, later perhaps, or not at all. */
export type Room = "now" | "later" | "never";

/** More than the limit is given by up to this factor, when nothing else can go on. */
export const OVERDRAW_FACTOR = 2;
/** Up to this factor it is not worth a warning: tasks that wait for a thread pin their inputs. */
const WARN_FACTOR = 1.1;
/** The user is told again after less than this share of the limit has been in use. */
const CALM_SHARE = 0.5;
/** What the rest of the process takes may become more by this share of the limit. */
const KEPT_SHARE = 1 / 16;
/** Values on their way to disk: at most so many, or as many as make up a slab. */
const SPILLS_MAX = 4;

export class Memory {
  limitBytes: number;
  /** So much there may be beyond the limit when nothing else can go on, for the process's sake. */
  #processMostBytes = Number.POSITIVE_INFINITY;
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
  /** The disk has refused a value that went there alone; tried again after some were freed. */
  #diskFull = false;
  /**
   * It has refused: since then values go one by one, because several may share out what is left so
   * that none has enough.
   */
  #isDiskTight = false;
  /** Several are on their way. */
  #areTogether = false;
  /** Whoever waits alone has waited long enough, and there may be so much. */
  #isStalled = false;
  #mostAtRestBytes = 0;
  /** Something waits for more than there may be, and nothing goes on beside it. */
  #isStuck = false;
  /** The user has been told of an overdraft, or of a full disk. */
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
    this.#processMostBytes = mostBytes;
  }

  /** What one task's inputs may take together: beyond the limit only when nothing else goes on. */
  get inputsBytes(): number {
    const most = this.#processMostBytes === Number.POSITIVE_INFINITY ? 0 : this.#processMostBytes;
    return Math.max(OVERDRAW_FACTOR * this.limitBytes, most);
  }

  /** What there may be at most: the heap has no more either. */
  get mostBytes(): number {
    const bytes = this.#isStalled ? this.#mostAtRestBytes : this.#processMostBytes;
    return Math.min(bytes, OVERDRAW_FACTOR * this.#givenBytes);
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

  /** A step begins. */
  begin(usedBytes: number): void {
    this.#used = usedBytes;
    this.#isStalled = false;
    this.#isStuck = false;
    if (usedBytes > CALM_SHARE * this.limitBytes) return;
    this.#isOverdrawn = false;
    this.#hasRefused = false;
    this.#isDiskTight = false;
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
   * on, so it must start as soon as nothing can be moved away for it, or never where the bytes that
   * come into memory for it are more than there may be.
   */
  room(bytes: number, alone: boolean, toCome: number = bytes): Room {
    if (this.fits(bytes)) return "now";
    this.#makeRoom(bytes + this.#reserved);
    if (!alone || this.#spilling > 0 || this.#unspilling > 0) return "later";
    if (toCome === 0 || !this.exceeds(toCome)) return "now";
    this.#isStuck ||= !this.#isStalled;
    return this.#isStalled ? "never" : "later";
  }

  /** Whether this much more would be more than there may be. */
  exceeds(bytes: number): boolean {
    return this.#used + this.#arriving + bytes > this.mostBytes;
  }

  /** What waits alone, and was told to wait, has waited long enough: nothing moves. */
  stall(mostBytes: number = this.#processMostBytes): void {
    this.#isStalled = true;
    this.#mostAtRestBytes = mostBytes;
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
  freed(bytes: number, onDisk: boolean): void {
    if (!onDisk && bytes > this.#slabValueBytes) this.#used -= bytes;
    if (bytes > 0) this.#diskFull = false;
  }

  request(thread: number, id: number, bytes: number): void {
    this.#requests.push({ thread, id, bytes });
  }

  /** The thread does not wait any more. */
  abandon(thread: number): void {
    this.#requests = this.#requests.filter((request) => request.thread !== thread);
  }

  /** Whether somebody waits for memory who may have to get it, or fail, although nothing moves. */
  get isAsked(): boolean {
    return this.#requests.length > 0 || this.#isStuck;
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
    // A task that fails has to say why.
    if (bytes <= this.#slabValueBytes) return false;
    return this.exceeds(bytes + this.#keptBytes);
  }

  /** The error of what comes into memory, and finds no room there. */
  noRoomFor(what: string, bytes: number): unknown {
    const message =
      `${what}, ${bytes} bytes, cannot come into memory: ${this.#used} bytes are in use, of ` +
      `${this.mostBytes} at most, and ` +
      (this.#diskFull
        ? "the disk for what memory cannot hold is full. "
        : "none can go to disk. ") +
      "Release what is no longer needed, or give the worker more memory (worker.memory.limit) or " +
      "a larger disk";
    return { plain: true, code: "MemoryLimit", message };
  }

  /** Where the disk is full, results leave so much for what lies there and must come back. */
  get #keptBytes(): number {
    const largest = this.#diskFull ? this.#values.largestOnDisk : 0;
    return largest === 0 ? 0 : largest + KEPT_SHARE * this.#givenBytes;
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
    this.#say({ kind: "deny", thread: most.thread, isDiskFull: this.#diskFull });
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
    const spillsMax = this.#isDiskTight ? 1 : SPILLS_MAX;
    let small = 0;
    while (v.oldest >= 0) {
      const isCopy = v.origin[v.oldest] === ORIGIN.copy;
      // Several that were refused together say nothing: the next goes when all are back.
      const isRefusing = this.#diskFull || (this.#isDiskTight && this.#areTogether);
      if (isRefusing && !isCopy) break;
      if (!isCopy && this.#spills >= spillsMax && this.#spilling >= this.#slabBytes) break;
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
      if (this.#spills > 0 && this.#spilling >= this.#slabBytes) this.#areTogether = true;
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
    const wereTogether = this.#areTogether;
    if (this.#spills === 0) this.#areTogether = false;
    if (error === undefined) return;
    this.#isDiskTight = true;
    if (wereTogether) return;
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
