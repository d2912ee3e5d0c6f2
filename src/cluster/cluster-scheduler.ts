/**
 * @file The scheduler of a cluster: listens for workers and clients, gives each a seat at the
 * scheduler's host, and runs the machine over what they say, once for each turn of the event loop.
 */
import { type Comm, type Listener, listen, type ListenOptions } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { Hello } from "../protocol/index.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import { SchedulerHost, type WorkerOrder, type WorkerSeat } from "./scheduler-host.ts";
import { type ToClient, type ToScheduler, toClient, toScheduler } from "./wire/client-messages.ts";
import { type FromWorker, fromWorker, type ToWorker, toWorker } from "./wire/worker-messages.ts";
import type { WorkerLoad, WorkerReport } from "./worker-host.ts";
import { readWorkerFacts, type WorkerHello } from "./worker-hello.ts";

/** Everything that may come to the scheduler, and everything that it may say. */
export type SchedulerIncoming = ToScheduler | FromWorker;
export type SchedulerOutgoing = ToClient | ToWorker;
type SchedulerComm = Comm<SchedulerIncoming, SchedulerOutgoing>;

export interface ClusterSchedulerOptions {
  /** Addresses to listen at; default `tcp://127.0.0.1:0`. */
  readonly addresses: readonly string[];
  readonly token?: string;
  readonly security?: ListenOptions["security"];
  readonly allowedFailures: number;
  readonly onWarning: (message: string) => void;
}
