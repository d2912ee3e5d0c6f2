/**
 * @file A scheduler as a process of its own on this host: it ends with this program, or stays for
 * clients to come.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import type { RemoteOptions } from "../cluster/remote-options.ts";
import { remoteOptions } from "../cluster/remote-target.ts";
import { HeddleError } from "../core/errors.ts";
import {
  makeSecrets,
  refuseTaken,
  removeAccess,
  secretsFile,
  writeSecrets,
} from "./access-file.ts";
import { describeLog, existingLogs } from "./job-logs.ts";
import type { JobValues } from "./job-values.ts";
import { nodePath } from "./node-path.ts";
import { MAIN, schedulerArguments } from "./scheduler-command.ts";
import type { PlaceName, SchedulerPlace } from "./scheduler-place.ts";
import { listenAddress, type SchedulerSettings } from "./scheduler-settings.ts";

/** Time for it to start. */
const START_MS = 60_000;
/** One that was told to end may take so long. */
const CLOSE_MS = 10_000;

export class ProcessScheduler implements SchedulerPlace {
  readonly connectionFile: string;
  readonly access: Promise<RemoteOptions>;
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #name: string;
  readonly #log: string;
  #token: string | undefined;
  #child: ChildProcess | undefined;
  #ended: Promise<string> = Promise.resolve("it was not started");
  #isClosing = false;

  constructor(values: JobValues, settings: SchedulerSettings, { name, file }: PlaceName) {
    // An interface that this host does not have is known now.
    listenAddress(values, settings);
    this.connectionFile = file;
    this.#name = name;
    this.#log = file.replace(/\.json$/, ".log");
    this.access = this.#start(values, settings);
    this.access.catch(() => undefined);
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    return { scheduler: (await existingLogs([this.#log])) ?? "" };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    // While it starts there is nothing to end yet.
    await this.access.catch(() => undefined);
    const child = this.#child;
    if (child !== undefined) {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
      child.ref();
      await this.#ended;
      clearTimeout(late);
    }
    if (this.#token === undefined) return;
    removeAccess(this.connectionFile, this.#token);
    rmSync(this.#log, { force: true });
  }

  async #start(values: JobValues, settings: SchedulerSettings): Promise<RemoteOptions> {
    await refuseTaken(this.connectionFile, this.#name);
    const secrets = secretsFile(this.connectionFile);
    const made = await makeSecrets(settings);
    this.#token = made.token;
    writeSecrets(secrets, made);
    // A file of an earlier cluster of the same name would be taken for its own.
    rmSync(this.connectionFile, { force: true });
    const args = schedulerArguments(settings, { secrets, connectionFile: this.connectionFile });
    const { stays } = settings;
    const log = openSync(this.#log, "w", 0o600);
    const child = spawn(
      nodePath(values),
      [MAIN, "scheduler", ...args, ...(stays ? [] : ["--end-with-stdin"])],
      { stdio: [stays ? "ignore" : "pipe", log, log], detached: true },
    );
    closeSync(log);
    this.#child = child;
    child.unref();
    child.stdin?.on("error", () => undefined);
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    const gone = new AbortController();
    this.#ended = new Promise((resolve) => {
      child.once("error", ({ message }) => resolve(message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#watch(gone);
    try {
      const file = { schedulerFile: this.connectionFile, connectTimeoutMs: START_MS };
      return await remoteOptions(file, gone.signal);
    } catch (cause) {
      child.kill();
      rmSync(secrets, { force: true });
      const log = await describeLog([this.#log]);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HeddleError(
        "ConnectFailed",
        `no scheduler as a process on this host: ${why}\n${log}`,
        { cause },
      );
    }
  }

  /** Says that it has ended: to whoever waits for it, or to the cluster. */
  #watch(gone: AbortController): void {
    this.#ended
      .then((how) => {
        gone.abort(new Error(`it has ended with ${how}`));
        if (this.#isClosing) return;
        this.onLost(
          new HeddleError("ConnectFailed", `the cluster's scheduler has ended with ${how}`),
        );
      })
      .catch(() => undefined);
  }
}
