/**
 * @file Entry of the thread in which a local cluster's scheduler runs and from which its worker
 * processes are supervised: what the program does on its own thread delays neither.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Security } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { isHeddleError } from "../core/errors.ts";
import { ClusterScheduler } from "./cluster-scheduler.ts";
import { LogBook } from "./log-book.ts";
import { ownHello } from "./own-hello.ts";
import { SupervisorPlugins } from "./plugins/supervisor-plugins.ts";
import type { ProcessDeath } from "./supervisor.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** How a local cluster is set up. */
export interface ClusterInit {
  readonly name: string;
  readonly address: string;
  readonly token: string;
  readonly configuration: string;
  /** Where the state is shown over HTTP; null for nowhere. */
  readonly dashboardAddress: string | null;
  /** The same for all workers. */
  readonly worker: Omit<WorkerSettings, "name" | "scheduler" | "token" | "configuration">;
}

/** What the thread is asked; each request is answered by its number. */
export type ClusterRequest =
  | {
      readonly kind: "scale";
      readonly request: number;
      readonly workers: number;
      /** Those that go first. */
      readonly going?: readonly string[];
    }
  | { readonly kind: "logs" | "close"; readonly request: number };

/** What the thread says. */
export type ClusterNews =
  | { readonly kind: "listening"; readonly address: string }
  | { readonly kind: "done"; readonly request: number; readonly value?: unknown }
  | {
      readonly kind: "failed";
      readonly request?: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: "warn"; readonly message: string }
  /** A worker has gone for good. */
  | { readonly kind: "gone" };

/** What has happened in the cluster. */
const book = new LogBook();

class ClusterThread {
  readonly #init: ClusterInit;
  readonly #scheduler: ClusterScheduler;
  readonly #workers: WorkerPool;

  constructor(init: ClusterInit, scheduler: ClusterScheduler) {
    this.#init = init;
    this.#scheduler = scheduler;
    this.#workers = new WorkerPool((index) => this.#settings(index), {
      died: (name, death) => this.#died(name, death),
      gone: (name, reason, isFailure) => {
        if (isFailure)
          say({ kind: "warn", message: `worker ${name} cannot be started: ${reason}` });
        say({ kind: "gone" });
      },
    });
    scheduler.supervisors.supervisesItself(new SupervisorPlugins(this.#workers));
  }

  async obey(request: ClusterRequest): Promise<unknown> {
    if (request.kind === "logs") return book.texts();
    if (request.kind === "scale") await this.scale(request.workers, request.going);
    else await this.close();
    return undefined;
  }

  /** Starts or ends workers until there are so many. Resolves when they have been told. */
  async scale(count: number, going: readonly string[] = []): Promise<void> {
    await this.#workers.scale(count, going);
  }

  /** Ends the process of a worker that is silent; another one follows. */
  kill(name: string): void {
    if (this.#workers.names.includes(name)) {
      this.#workers.restart(name, { force: true }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    // Plugins hear of it while the workers are there.
    await this.#scheduler.host.desk.beforeClose();
    await this.#workers.close();
    await this.#scheduler.close();
  }

  #settings(index: number): WorkerSettings {
    const { worker, token, configuration, name } = this.#init;
    const scheduler = [this.#scheduler.address];
    return { ...worker, name: `${name}-${index}`, scheduler, token, configuration };
  }

  #died(name: string, death: ProcessDeath): void {
    this.#scheduler.workerDied(name, death);
    if (death.cause !== "expected")
      say({ kind: "warn", message: `${death.reason}; it is restarted` });
  }
}

function say(news: ClusterNews): void {
  parentPort?.postMessage(news);
}

function failure(error: unknown): { code: string; message: string } {
  const code = isHeddleError(error) ? error.code : "InvariantViolated";
  return { code, message: error instanceof Error ? error.message : String(error) };
}

const init = workerData as ClusterInit;
config.adopt(init.configuration);
try {
  let cluster: ClusterThread | undefined;
  const scheduler = await ClusterScheduler.start({
    onSilence: (name) => cluster?.kill(name),
    address: init.address,
    token: init.token,
    security: init.worker.security && new Security(init.worker.security),
    hello: ownHello("scheduler", init.name, {}),
    allowedFailures: config.get("scheduler.allowed-failures"),
    log: book,
    shutDown: () => {
      cluster?.close().catch((error: unknown) => say({ kind: "warn", message: String(error) }));
    },
  });
  const running = new ClusterThread(init, scheduler);
  cluster = running;
  if (init.dashboardAddress !== null) {
    const { url, taken } = await scheduler.showStatus(init.dashboardAddress);
    if (taken !== undefined)
      say({ kind: "warn", message: `port ${taken} is taken: status at ${url}` });
  }
  parentPort?.on("message", (request: ClusterRequest) => {
    running.obey(request).then(
      (value) => say({ kind: "done", request: request.request, value }),
      (error: unknown) => say({ kind: "failed", request: request.request, ...failure(error) }),
    );
  });
  say({ kind: "listening", address: scheduler.address });
} catch (error) {
  say({ kind: "failed", ...failure(error) });
}
