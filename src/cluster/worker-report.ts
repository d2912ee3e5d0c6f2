/** @file What workers tell the scheduler. */
import type { SchedulerEvent } from "../machine/scheduler/events.ts";

/** What a worker tells the scheduler: its events without the worker's number. */
export type WorkerReport = Threaded<Unnumbered<Extract<SchedulerEvent, { worker: number }>>>;
/** Times come with the threads on which they were measured; the machine does not look at these. */
type Threaded<R> = R extends { kind: "durations" } ? R & { readonly threads?: Int32Array } : R;
type Unnumbered<E> = E extends { worker: number } ? Omit<E, "worker"> : never;
