/**
 * @file A scheduler as a job of its own, for sites whose login nodes bound what a program may take,
 * or cannot be reached from the nodes. Clients come and go.
 */
import { rmSync } from "node:fs";
import type { RemoteOptions } from "../cluster/remote-options.ts";
import { remoteOptions } from "../cluster/remote-target.ts";
import { HeddleError } from "../core/errors.ts";
import type { JobReport } from "../machine/jobs/events.ts";
import {
  makeSecrets,
  refuseTaken,
  removeAccess,
  secretsFile,
  writeSecrets,
} from "./access-file.ts";
import { BatchDesk } from "./batch-desk.ts";
import { Guard } from "./guard.ts";
import { describeLog, existingLogs } from "./job-logs.ts";
import type { JobPlan } from "./plan.ts";
import type { PlaceName, SchedulerPlace } from "./scheduler-place.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";

/** However long it waits in the queue. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** Lists from which it may be missing before it counts as ended. */
const MISSED_MAX = 2;

export class JobScheduler implements SchedulerPlace {
  readonly connectionFile: string;
  readonly access: Promise<RemoteOptions>;
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #plan: JobPlan;
  readonly #desk = new BatchDesk();
  readonly #guard: Guard | undefined;
  readonly #over = new AbortController();
  readonly #name: string;
  #token: string | undefined;
  #id: string | undefined;

  constructor(plan: JobPlan, settings: SchedulerSettings, { name, file }: PlaceName) {
    this.#plan = plan;
    this.#name = name;
    this.connectionFile = file;
    this.#guard = settings.stays ? undefined : new Guard();
    this.access = this.#start(settings);
    this.access.catch(() => undefined);
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    return { scheduler: (await existingLogs(this.#logFiles)) ?? "" };
  }

  async close(): Promise<void> {
    this.#over.abort(new HeddleError("CommClosed", "the cluster was closed"));
    await this.access.catch(() => undefined);
    if (this.#id !== undefined) {
      await this.#desk.cancel(this.#plan, [this.#id]).catch(() => undefined);
    }
    this.#guard?.release();
    removeAccess(secretsFile(this.connectionFile), this.#token);
    removeAccess(this.connectionFile, this.#token);
  }

  get #logFiles(): readonly string[] {
    const { system, shape } = this.#plan;
    return this.#id === undefined ? [] : system.logFiles(this.#id, shape, "");
  }

  async #start(settings: SchedulerSettings): Promise<RemoteOptions> {
    await refuseTaken(this.connectionFile, this.#name);
    const secrets = await makeSecrets(settings);
    this.#token = secrets.token;
    writeSecrets(secretsFile(this.connectionFile), secrets);
    // A file of an earlier cluster of the same name would be taken for its own.
    rmSync(this.connectionFile, { force: true });
    const [id = ""] = await this.#desk.submit(this.#plan, 1);
    this.#id = id;
    this.#guard?.set([this.#plan.system.cancel([id], this.#plan.shape)]);
    const there = new AbortController();
    const ended = this.#end(id, there.signal).then(async (report) => {
      throw await this.#failure(id, report);
    });
    const file = { schedulerFile: this.connectionFile, connectTimeoutMs: FOR_EVER_MS };
    const waits = AbortSignal.any([this.#over.signal, there.signal]);
    try {
      return await Promise.race([remoteOptions(file, waits), ended]);
    } catch (error) {
      // One that never begins would wait for ever.
      await this.#desk.cancel(this.#plan, [id]).catch(() => undefined);
      throw error;
    } finally {
      there.abort();
      ended.catch(() => undefined);
    }
  }

  /** Resolves when the job has ended, or never will begin; never after `signal`. */
  async #end(id: string, signal: AbortSignal): Promise<JobReport | undefined> {
    const { settings } = this.#plan;
    for (let missed = 0; missed < MISSED_MAX; ) {
      await pause(settings.pollMs ?? 5000, signal);
      const reports = await this.#desk.list(this.#plan).catch(() => undefined);
      if (reports === undefined) continue;
      const report = reports.get(id);
      missed = report === undefined ? missed + 1 : 0;
      if (report?.phase === "ended" || report?.isHopeless === true) return report;
    }
    return undefined;
  }

  async #failure(id: string, known: JobReport | undefined): Promise<HeddleError<"JobFailed">> {
    const { report = known } = await this.#desk.postMortem(
      this.#plan,
      id,
      known?.isHopeless !== true,
    );
    const { title } = this.#plan.system;
    const { state = "gone", reason = "no reason is known" } = report ?? {};
    const isHopeless = known?.isHopeless === true;
    const how = isHopeless ? "will not begin" : "has ended before it listened";
    const log = isHopeless ? "" : `\n${await describeLog(this.#logFiles)}`;
    return new HeddleError(
      "JobFailed",
      `${title}: the scheduler's job ${id} ${how} (${state}: ${reason})${log}`,
      { fields: { id, state, reason } },
    );
  }
}

/** Keeps the process alive: somebody waits for the job. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Error("nobody waits any more"));
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
