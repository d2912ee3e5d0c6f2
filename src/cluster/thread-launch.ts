/**
 * @file Starts task threads. Needs nothing but what it says to them, so that the threads of a new
 * engine load their modules while the control thread loads its own.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { makeControlBlock } from "../threads/control-block.ts";
import type { ClusterAccess, TableInit, ThreadAnswer, ThreadInit } from "../threads/messages.ts";
import type { EngineSettings } from "./engine-settings.ts";

/** What an engine's control thread is started with. */
export interface EngineInit extends EngineSettings {
  /** The worker's address; default that of the embedded engine. */
  readonly address?: string;
  /** The worker's name; default its address. */
  readonly name?: string;
  /** Whose tasks these are, where the scheduler is in another process. */
  readonly cluster?: ClusterAccess;
  /** What its whole process may take; absent where that has no limit. */
  readonly processLimitBytes?: number;
  /** Takes the port on which each task thread sends what it prints. */
  readonly output: MessagePort;
}

/** What is the same for all threads of a lane. */
export interface LaneSpec {
  readonly threads: number;
  /** Number of the lane's first thread: numbers are unique over all lanes of the process. */
  readonly firstThread: number;
  readonly block: SharedArrayBuffer;
  readonly budgetBytes: number;
  readonly address: string;
  readonly name: string;
  readonly scratch: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly validate: boolean;
  readonly threadHeapMb: number;
  readonly threadYoungMb: number;
  /** The engine's configuration, as text. */
  readonly configuration: string;
  readonly table?: TableInit;
  readonly cluster?: ClusterAccess;
  /** Takes the port on which each thread sends what it prints. */
  readonly output: MessagePort;
}

/** The embedded engine has one worker, and this address. */
export const ADDRESS = "inproc://0";

/** The lane of an engine's task threads, or of its one table thread. */
export function laneOf(init: EngineInit, table?: TableInit): LaneSpec {
  const threads = table === undefined ? init.threads : 1;
  return {
    threads,
    firstThread: table === undefined ? 0 : init.threads,
    block: makeControlBlock(threads),
    budgetBytes: init.memoryLimitBytes,
    address: init.address ?? ADDRESS,
    name: init.name ?? init.address ?? ADDRESS,
    scratch: init.spillDirectory,
    resources: init.resources,
    validate: init.validate,
    threadHeapMb: init.threadHeapMb,
    threadYoungMb: init.threadYoungMb,
    configuration: init.configuration,
    output: init.output,
    ...(table === undefined ? {} : { table }),
    ...(init.cluster === undefined ? {} : { cluster: init.cluster }),
  };
}

/** A thread that was started, and how it ended. */
export class LaunchedThread {
  readonly worker: Worker;
  /** The thread's own connection to the engine, for tasks that submit tasks. */
  readonly clientPort: MessagePort;
  /** Hears what the thread answers. */
  onAnswer: (answer: ThreadAnswer) => void = () => undefined;
  #ended: string | undefined;
  #listener: ((reason: string) => void) | undefined;

  /** Starts thread `i` of a lane. */
  constructor(lane: LaneSpec, i: number) {
    const { threadHeapMb, threadYoungMb, firstThread, output, ...shared } = lane;
    const { port1, port2 } = new MessageChannel();
    const printed = new MessageChannel();
    output.postMessage(printed.port1, [printed.port1]);
    this.clientPort = port1;
    const init: ThreadInit = {
      ...shared,
      thread: i,
      clientPort: port2,
      outputPort: printed.port2,
    };
    this.worker = new Worker(new URL("../threads/task-thread.js", import.meta.url), {
      workerData: init,
      transferList: [port2, printed.port2],
      name: `heddle-task-${firstThread + i}`,
      resourceLimits: {
        maxOldGenerationSizeMb: threadHeapMb,
        maxYoungGenerationSizeMb: threadYoungMb,
      },
    });
    this.worker.on("message", (answer: ThreadAnswer) => this.onAnswer(answer));
    let reason = "";
    this.worker.on("error", (error) => {
      reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    });
    this.worker.on("exit", (code) => {
      port1.close();
      this.#ended = reason || `the thread ended with exit code ${code}`;
      this.#listener?.(this.#ended);
    });
  }

  /** Calls the listener with the reason when the thread ends, or soon if it has ended already. */
  whenEnded(listener: (reason: string) => void): void {
    this.#listener = listener;
    const ended = this.#ended;
    if (ended !== undefined) setImmediate(() => listener(ended));
  }
}

/** Starts all threads of a lane. */
export function launchLane(lane: LaneSpec): LaunchedThread[] {
  return Array.from({ length: lane.threads }, (_, i) => new LaunchedThread(lane, i));
}
