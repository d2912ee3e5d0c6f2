/**
 * @file Starts engines inside this process. One is shared by all who do not ask for their own: it
 * begins with the first computation and never keeps the process alive by itself.
 */

import { MessageChannel, Worker } from "node:worker_threads";
import { HeddleError } from "../core/errors.ts";
import { deniedAdvice, isDenied } from "../core/permissions.ts";
import type { WorkerFacts } from "../core/placement.ts";
import { InterruptCell } from "../table/interrupt.ts";
import { OutputPrinter } from "../threads/output.ts";
import type { EngineRequest } from "./engine-main.ts";
import { type EngineOptions, initFrom } from "./engine-options.ts";
import type { EngineSettings } from "./engine-settings.ts";
import { removeFolder } from "./folders.ts";
import type { EngineLimits } from "./limits.ts";
import { EngineLink, type Keeper } from "./link.ts";
import { packageFile } from "./package-file.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { threadFlags } from "./thread-flags.ts";
import type { EngineInit } from "./thread-launch.ts";

export type { EngineOptions } from "./engine-options.ts";

/** An engine that clients connect to. */
export interface EngineHandle {
  readonly address: string;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Resolves when it can take work. */
  readonly ready: Promise<void>;
  /** Where its state is shown over HTTP, if it is. */
  readonly dashboardLink?: string | undefined;
  /** How many workers there are, where that changes; 0 while it is not known. */
  readonly workerCount?: number;
  /** What it will be, while workers are on their way to a cluster that was just made. */
  readonly planned?: EngineLimits | undefined;
  /** Its workers, where they can never change. */
  readonly workers?: readonly WorkerFacts[];
  /** How others reach it, where they can. */
  access?(): Promise<RemoteOptions>;
  connect(): EngineLink;
  /** `reason`: what its clients hear; default that they were closed. */
  close(reason?: string): Promise<void>;
}

let shared: EngineHandle | undefined;

/** The engine that this process shares. */
export function embeddedEngine(): EngineHandle {
  shared ??= startEngine({});
  return shared;
}

/** Starts an engine of its own. */
export function startEngine(options: EngineOptions): EngineHandle {
  return new EmbeddedEngine(initFrom(options));
}

/** Starts a control thread. */
function startThread(init: EngineInit): Worker {
  const execArgv = threadFlags(process.execArgv);
  try {
    return new Worker(packageFile(new URL("./engine-main.js", import.meta.url)), {
      workerData: init,
      transferList: [init.output],
      name: "heddle-engine",
      ...(execArgv === undefined ? {} : { execArgv }),
    });
  } catch (cause) {
    if (!isDenied(cause)) throw cause;
    const advice = deniedAdvice(
      "threads",
      "--allow-worker, and --allow-fs-write for spilled values",
    );
    const message = `${advice}; or compute with { scheduler: "sync" }, which needs no threads`;
    throw new HeddleError("NotSupported", message, { cause });
  }
}

/** An engine whose control thread was started here. */
class EmbeddedEngine implements EngineHandle {
  readonly address = "inproc://0";
  readonly workers: readonly WorkerFacts[];
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #links = new Set<EngineLink>();
  readonly #spillDirectory: string;
  readonly #interruptCell: SharedArrayBuffer;
  readonly #output: OutputPrinter;
  /** Who needs the process to go on until the engine has answered. */
  #references = 0;
  #isClosing = false;
  #closing: Promise<void> | undefined;
  #failure = "";
  readonly #keeper: Keeper = {
    ref: () => {
      this.#references++;
      if (this.#references === 1) this.#worker.ref();
    },
    unref: () => {
      this.#references--;
      if (this.#references === 0 && !this.#isClosing) this.#worker.unref();
    },
  };

  constructor(init: EngineSettings) {
    this.threads = init.threads;
    const { address } = this;
    this.workers = [{ address, name: address, resources: init.resources }];
    this.memoryLimitBytes = init.memoryLimitBytes;
    this.#spillDirectory = init.spillDirectory;
    const { port1: arrivals, port2: output } = new MessageChannel();
    this.#output = new OutputPrinter(arrivals);
    printAtExit(this.#output);
    this.#worker = startThread({ ...init, output });
    this.#worker.unref();
    this.ready = this.#started();
    // Who awaits `ready` and nothing else must not find the process ended.
    this.#keeper.ref();
    this.ready.finally(() => this.#keeper.unref()).catch(() => undefined);
    removeAtExit(this.#spillDirectory);
    this.#interruptCell = init.interruptCell;
    stopAtExit(this.#interruptCell);
    this.#worker.on("error", (error) => {
      this.#failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.#worker.on("exit", (code) => this.#exited(code));
  }

  connect(): EngineLink {
    const { port1, port2 } = new MessageChannel();
    if (this.#isClosing) {
      const error = new HeddleError("CommClosed", "the engine was closed");
      return new EngineLink(port1, this.#keeper).refuse(error);
    }
    const request: EngineRequest = { kind: "connect", port: port2 };
    this.#worker.postMessage(request, [port2]);
    // What a task has printed comes before its result.
    port1.on("message", () => this.#output.drain());
    const link = new EngineLink(port1, this.#keeper);
    this.#links.add(link);
    port1.once("close", () => {
      // If the engine has ended, the link hears of it in `#exited`.
      if (link.closed) this.#links.delete(link);
    });
    return link;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    if (shared === this) shared = undefined;
    const ended = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
    this.#isClosing = true;
    this.#worker.ref();
    this.#worker.postMessage({ kind: "close" } satisfies EngineRequest);
    await ended;
  }

  async #started(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#worker.once("online", resolve);
      this.#worker.once("error", (error) => {
        const reason = error instanceof Error ? error.message : String(error);
        const message = `the engine did not start: ${reason}`;
        reject(new HeddleError("ConnectFailed", message, { cause: error }));
      });
    });
  }

  #exited(code: number): void {
    if (shared === this) shared = undefined;
    remove(this.#spillDirectory);
    cells.delete(this.#interruptCell);
    printers.delete(this.#output);
    this.#output.close();
    const reason = `the engine ended with exit code ${code}. ${this.#failure}`;
    for (const link of this.#links) link.close(reason);
  }
}

/** What the threads of engines that are running print. */
const printers = new Set<OutputPrinter>();

/** The process does not wait for what is on its way when it ends. */
function printAtExit(printer: OutputPrinter): void {
  if (printers.size === 0 && !process.listeners("exit").includes(printAll)) {
    process.on("exit", printAll);
  }
  printers.add(printer);
}

function printAll(): void {
  for (const printer of printers) printer.drain();
}

/** How long the end of the process waits for queries that are told to stop. */
const STOP_LIMIT_MS = 2000;

/** Through these, queries of engines that are running are stopped. */
const cells = new Set<SharedArrayBuffer>();

/** A thread that is in a query ends only after it: the process would seem to hang. */
function stopAtExit(cell: SharedArrayBuffer): void {
  if (cells.size === 0 && !process.listeners("exit").includes(stopAll)) {
    process.on("exit", stopAll);
  }
  cells.add(cell);
}

function stopAll(): void {
  for (const cell of cells) new InterruptCell(cell).stopNow(STOP_LIMIT_MS);
}

/** Folders of engines that are running. */
const folders = new Set<string>();

/** An engine's thread is not asked when the process ends: its folder is removed from here. */
function removeAtExit(folder: string): void {
  if (folders.size === 0) process.on("exit", removeAll);
  folders.add(folder);
}

function remove(folder: string): void {
  removeFolder(folder);
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const folder of folders) removeFolder(folder);
}
