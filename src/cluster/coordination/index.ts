/** @file Locks, events, semaphores, queues and variables that clients and tasks share. */
export { Event } from "./event.ts";
export type { Hold } from "./leased.ts";
export {
  type AcquireOptions,
  Lock,
  type LockOptions,
  MultiLock,
  type MultiLockOptions,
} from "./lock.ts";
export { Queue, type QueueGetOptions, type QueueOptions } from "./queue.ts";
export { Semaphore, type SemaphoreOptions } from "./semaphore.ts";
export { Variable } from "./variable.ts";
