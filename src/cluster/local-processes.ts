/**
 * @file Worker processes on this machine, as the program that wants them sees them: a thread runs
 * their scheduler and supervises them (`cluster-thread.ts`), and is told what to do.
 */
import { Worker } from "node:worker_threads";
import { type ErrorCode, HeddleError } from "../core/errors.ts";
import type { ClusterInit, ClusterNews, ClusterRequest } from "./cluster-thread.ts";
import { packageFile } from "./package-file.ts";
import { threadFlags } from "./thread-flags.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: HeddleError) => void;
}

export class LocalProcesses {
  /** The scheduler's address, once it listens. */
  readonly listening: Promise<string>;
  onWarning: (message: string) => void = (message) => process.emitWarning(message, "HeddleWarning");
  /** Called when a worker has gone for good. */
  onGone: () => void = () => undefined;
  /** Called when the scheduler has ended by itself. */
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextRequest = 1;
  #ended: Promise<void> | undefined;
  #isLost = false;

  constructor(init: ClusterInit) {
    const execArgv = threadFlags(process.execArgv);
    this.#thread = new Worker(packageFile(new URL("./cluster-thread.js", import.meta.url)), {
      workerData: init,
      name: "heddle-cluster",
      ...(execArgv === undefined ? {} : { execArgv }),
    });
    this.listening = new Promise((resolve, reject) => {
      this.#thread.on("message", (news: ClusterNews) => {
        if (news.kind === "listening") {
          // What the program waits for keeps it alive, not that the cluster is there.
          this.#thread.unref();
          resolve(news.address);
        } else if (news.kind === "failed" && news.request === undefined) reject(errorOf(news));
        else this.#hear(news);
      });
      this.#thread.on("error", (cause) => {
        const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
        this.#lost(`the cluster's scheduler ended: ${reason}`, reject);
      });
      this.#thread.on("exit", (code) => {
        this.#lost(`the cluster's scheduler ended with exit code ${code}`, reject);
      });
    });
    this.listening.catch(() => undefined);
  }

  /** Starts or ends workers until there are so many. */
  async scale(workers: number, going: readonly string[] = []): Promise<void> {
    await this.#ask((request) => ({ kind: "scale", request, workers, going }));
  }

  /** What has happened to the scheduler and to each worker, by name. */
  async logs(): Promise<Record<string, string>> {
    return (await this.#ask((request) => ({ kind: "logs", request }))) as Record<string, string>;
  }

  /** Ends all workers, then the scheduler. */
  async close(): Promise<void> {
    this.#ended ??= this.#close();
    await this.#ended;
  }

  async #close(): Promise<void> {
    const listens = await this.listening.then(
      () => true,
      () => false,
    );
    if (listens && !this.#isLost) await this.#ask((request) => ({ kind: "close", request }));
    await this.#thread.terminate();
  }

  async #ask(make: (request: number) => ClusterRequest): Promise<unknown> {
    if (this.#isLost) throw new HeddleError("CommClosed", "the cluster's scheduler has ended");
    const request = this.#nextRequest++;
    this.#thread.ref();
    return await new Promise<unknown>((resolve, reject) => {
      this.#pending.set(request, { resolve, reject });
      this.#thread.postMessage(make(request));
    }).finally(() => {
      this.#pending.delete(request);
      if (this.#pending.size === 0) this.#thread.unref();
    });
  }

  #hear(news: ClusterNews): void {
    if (news.kind === "warn") return this.onWarning(news.message);
    if (news.kind === "gone") return this.onGone();
    if (news.kind === "listening" || news.request === undefined) return;
    const pending = this.#pending.get(news.request);
    if (news.kind === "done") pending?.resolve(news.value);
    else pending?.reject(errorOf(news));
  }

  #lost(message: string, reject: (error: HeddleError) => void): void {
    const error = new HeddleError("ConnectFailed", message);
    this.#isLost = true;
    reject(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    if (this.#ended === undefined) this.onLost(error);
  }
}

function errorOf({ code, message }: { code: string; message: string }): HeddleError {
  return new HeddleError(code as ErrorCode, message);
}
