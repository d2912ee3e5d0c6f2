/**
 * @file A worker process: a worker's host whose scheduler is at the other end of a connection. Values
 * that its tasks need and that lie elsewhere are pulled from the workers that hold them; what it
 * holds is served to whoever asks.
 */
import { MessageChannel } from "node:worker_threads";
import { BulkPool, type Comm, connect, type Listener, listen, serveBulk } from "../comm/index.ts";
import type { HeddleError } from "../core/errors.ts";
import type { WorkerCommand } from "../machine/worker/events.ts";
import { OutputPrinter } from "../threads/output.ts";
import { initFrom } from "./engine-options.ts";
import { removeFolder } from "./folders.ts";
import { removeLeftovers } from "./leftovers.ts";
import { launchLane, laneOf } from "./thread-launch.ts";
import { ValueReads } from "./value-reads.ts";
import { WorkerHost, type WorkerReport } from "./worker-host.ts";
import { decodeImage } from "./wire/graphs.ts";
import { type FromWorker, fromWorker, type ToWorker, toWorker } from "./wire/worker-messages.ts";
import type { WorkerHello } from "./worker-hello.ts";

