/** @file What surrounds a simulated worker: the engine, and the network of a cluster. */
import type { Prng } from "../core/prng.ts";
import type { Inventory, SchedulerEvent } from "../machine/scheduler/events.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimWorker } from "./sim-worker.ts";

/** What the worker needs of the engine around it. */
export interface SimShell {
  readonly clock: SimClock;
  readonly prng: Prng;
  tellScheduler(event: SchedulerEvent): void;
  pinned(reader: number, missing: Int32Array): void;
  /** Where the worker's transfers from others go; only in a cluster. */
  readonly network?: SimNetwork;
  /** A client for a task thread. */
  connect(): SimClient;
  leave(client: SimClient): void;
}

/** How a worker gets at values of others; each call of `fetch` ends in one event. */
export interface SimNetwork {
  fetch(worker: SimWorker, holder: number, id: number): void;
  /** Whether the worker takes what clients offer. */
  received(worker: SimWorker, ids: Int32Array, isWanted: boolean): void;
  crashed(worker: SimWorker, id: number, name: string): void;
  /** Word for a value without bytes, and what it stands for. */
  wordOf(name: string): number;
  nameOf(word: number): string;
  /** Whether the scheduler counts on the worker for the task. */
  isLeased(worker: SimWorker, id: number): boolean;
  isConnected(worker: SimWorker): boolean;
  /** The worker has found its scheduler again. */
  rejoined(worker: SimWorker, inventory: Inventory): void;
  /** Does what takes real time, while virtual time stands still. */
  work(job: () => Promise<void>): void;
}
