/**
 * @file What has happened to tasks lately: a ring of the last transitions, as the scheduler's shell
 * saw them go by, in columns. An entry costs a few nanoseconds, so that it is always kept.
 */
import type { SchedulerCommand } from "../../machine/scheduler/events.ts";
import type { WorkerReport } from "../worker-report.ts";

const CAPACITY = 1 << 16;
const MASK = CAPACITY - 1;
/** So many workers that are gone are remembered by name. */
const WORKERS_MAX = 4096;
const NOBODY = -1;

/** What may happen to a task. */
const EVENTS = [
  "accepted",
  "leased",
  "finished",
  "failed",
  "returned",
  "revoked",
  "recalled",
  "copied",
  "freed",
  "lost",
  "cancelled",
  "reset",
  "worker-lost",
] as const;

export type StoryEvent = (typeof EVENTS)[number];

/** Something that has happened to a task. */
export interface StoryEntry {
  readonly id: number;
  readonly event: StoryEvent;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Address of the worker that it concerns. */
  readonly worker?: string;
  /** Why, where somebody said so. */
  readonly cause?: string;
}

const CODES = new Map<StoryEvent, number>(EVENTS.map((event, i) => [event, i]));
const ACCEPTED = 0;
const LEASED = 1;
const FINISHED = 2;
const WORKER_LOST = CODES.get("worker-lost") as number;

/** Hears of each transition, with the states between which the task goes. */
export type TransitionListener = (ids: Iterable<number>, start: string, finish: string) => void;

export class StoryLog {
  /** Set while somebody listens. */
  onTransition: TransitionListener | undefined;
  readonly #ids = new Int32Array(CAPACITY);
  readonly #events = new Uint8Array(CAPACITY);
  /** Of `accepted`: how many tasks. */
  readonly #workers = new Int32Array(CAPACITY);
  readonly #timesMs = new Float64Array(CAPACITY);
  #next = 0;
  readonly #addresses = new Map<number, string>();
  readonly #reasons = new Map<number, string>();
  readonly #countOf: (base: number) => number;

  /** `countOf` says how many tasks the graph has whose first id it is given. */
  constructor(countOf: (base: number) => number) {
    this.#countOf = countOf;
  }

  workerJoined(worker: number, address: string): void {
    this.#addresses.set(worker, address);
    if (this.#addresses.size <= WORKERS_MAX) return;
    const oldest = this.#addresses.keys().next().value as number;
    this.#addresses.delete(oldest);
    this.#reasons.delete(oldest);
  }

  workerLost(worker: number, reason: string): void {
    this.#reasons.set(worker, reason);
    this.#add(NOBODY, "worker-lost", worker, clockMs());
  }

  /** What a worker says. */
  report(worker: number, report: WorkerReport): void {
    const nowMs = clockMs();
    switch (report.kind) {
      case "finished":
        for (let i = 0; i < report.count; i++) this.#add(report.ids[i]!, "finished", worker, nowMs);
        this.onTransition?.(report.ids.subarray(0, report.count), "leased", "memory");
        return;
      case "erred":
        this.#add(report.id, "failed", worker, nowMs);
        this.onTransition?.([report.id], "leased", "erred");
        return;
      case "returned":
        return this.#addAll(report.ids, "returned", worker, nowMs);
      case "replicated":
        return this.#addAll(report.ids, "copied", worker, nowMs);
      case "lost":
        return this.#addAll(report.ids, "lost", worker, nowMs);
      default:
    }
  }

  /** What the scheduler machine says. */
  command(command: SchedulerCommand): void {
    switch (command.kind) {
      case "accepted":
        return this.#add(command.base, "accepted", this.#countOf(command.base), clockMs());
      case "lease":
        this.#addAll(command.ids, "leased", command.worker, clockMs());
        this.onTransition?.(command.ids, "queued", "leased");
        return;
      case "revoke":
        return this.#addAll(command.ids, "revoked", command.worker, clockMs());
      case "recall":
        return this.#addAll(command.ids, "recalled", command.worker, clockMs());
      case "free":
        return this.#addAll(command.ids, "freed", command.worker, clockMs());
      case "cancelled":
        return this.#addAll(command.ids, "cancelled", NOBODY, clockMs());
      case "reset":
        return this.#addAll(command.ids, "reset", NOBODY, clockMs());
      default:
    }
  }

  /** What is still known of these tasks, oldest first; ids of earlier tasks are told apart. */
  of(ids: ReadonlySet<number>): StoryEntry[] {
    const entries: StoryEntry[] = [];
    /** Workers that had one of the tasks: their end concerns it. */
    const busy = new Map<number, number>();
    for (let at = Math.max(0, this.#next - CAPACITY); at < this.#next; at++) {
      const k = at & MASK;
      const id = this.#ids[k]!;
      const event = this.#events[k]!;
      const worker = this.#workers[k]!;
      if (event === ACCEPTED) {
        for (const one of ids) {
          if (one >= id && one < id + worker) this.#begin(entries, one, k);
        }
      } else if (event === WORKER_LOST) {
        for (const [one, on] of busy) if (on === worker) entries.push(this.#entry(one, k));
      } else if (ids.has(id)) {
        entries.push(this.#entry(id, k));
        if (event === LEASED) busy.set(id, worker);
        else busy.delete(id);
      }
    }
    return entries;
  }

  /** Address of the worker that made the value of a task last, as far as is still known. */
  makerOf(id: number): string | undefined {
    for (let at = this.#next - 1; at >= Math.max(0, this.#next - CAPACITY); at--) {
      const k = at & MASK;
      if (this.#ids[k] !== id || this.#events[k] !== FINISHED) continue;
      return this.#addresses.get(this.#workers[k]!);
    }
    return undefined;
  }

  /** A task begins under this id: what was before was another one. */
  #begin(entries: StoryEntry[], id: number, k: number): void {
    for (let i = entries.length - 1; i >= 0; i--) if (entries[i]!.id === id) entries.splice(i, 1);
    entries.push({ id, event: "accepted", timeMs: this.#timesMs[k]! });
  }

  #entry(id: number, k: number): StoryEntry {
    const event = EVENTS[this.#events[k]!] as StoryEvent;
    const worker = this.#workers[k]!;
    const address = this.#addresses.get(worker);
    const cause = event === "worker-lost" ? this.#reasons.get(worker) : undefined;
    return {
      id,
      event,
      timeMs: this.#timesMs[k]!,
      ...(address === undefined ? {} : { worker: address }),
      ...(cause === undefined ? {} : { cause }),
    };
  }

  #addAll(ids: Int32Array, event: StoryEvent, worker: number, nowMs: number): void {
    for (let i = 0; i < ids.length; i++) this.#add(ids[i]!, event, worker, nowMs);
  }

  #add(id: number, event: StoryEvent, worker: number, nowMs: number): void {
    const k = this.#next++ & MASK;
    this.#ids[k] = id;
    this.#events[k] = CODES.get(event)!;
    this.#workers[k] = worker;
    this.#timesMs[k] = nowMs;
  }
}

function clockMs(): number {
  return performance.timeOrigin + performance.now();
}
