/**
 * @file What a client can see of its cluster: workers, where values lie, what runs and what has
 * happened. The same on the embedded engine, which has one worker.
 */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { checkWhole, refuseGiven } from "./check-given.ts";
import { SharedState } from "./client-shared.ts";
import type { Versions } from "./control/ops.ts";
import type { StoryEntry } from "./control/story.ts";
import type { TaskStreamEntry } from "./control/task-stream.ts";
import type { ClusterVersions } from "./control/versions.ts";
import { type Future, isFuture } from "./future.ts";
import { describeGiven } from "./given.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import type { EngineLink } from "./link.ts";
import type { EngineInfo } from "./messages.ts";
import type { Profile } from "./profile.ts";
import type { ProfileOptions } from "./take-profile.ts";
import { within } from "./timeout.ts";

/** Which workers are meant, by address, name or host; default all. */
export interface WorkersOption {
  readonly workers?: string | readonly string[];
}

/** A task that runs now. */
export interface RunningCall {
  readonly key: string;
  /** Name of its function. */
  readonly function: string;
  /** Number of the task thread, from 0; the table thread comes after the others. */
  readonly thread: number;
  readonly elapsedMs: number;
}

/** Something that happened to a task. */
export type TaskStoryEntry = Omit<StoryEntry, "id" | "timeMs"> & {
  readonly key: string;
  readonly time: Date;
};

/** A line of a log. */
export interface LogEntry {
  readonly time: Date;
  readonly level: string;
  readonly message: string;
}

/** Tasks, by their futures or by their keys. */
export type GivenTasks = Futures | string | readonly string[];

export abstract class ClusterView extends SharedState {
  /** @internal */
  protected abstract get link(): EngineLink;

  /** Workers by address, threads and memory of all of them, and how busy they are. */
  async schedulerInfo(): Promise<EngineInfo> {
    return (await this.link.query("info")) as EngineInfo;
  }

  /** Key -> addresses of the workers that hold the value. */
  async whoHas(futures: Futures): Promise<Record<string, string[]>> {
    const list = futuresIn("client.whoHas", futures);
    const facts = (await this.link.query("tasks", await idsOf(list))) as { workers: string[] }[];
    return Object.fromEntries(list.map((future, i) => [future.key, facts[i]?.workers ?? []]));
  }

  /**
   * Address -> keys of the values that lie at the worker. Plain numbers, booleans and null travel
   * with every message and lie nowhere.
   */
  async hasWhat(options: WorkersOption = {}): Promise<Record<string, string[]>> {
    const workers = workersIn("client.hasWhat", options);
    return (await this.link.control({ kind: "has-what", ...workers })) as Record<string, string[]>;
  }

  /** Address -> keys of the tasks that the worker has been given and has not ended. */
  async processing(options: WorkersOption = {}): Promise<Record<string, string[]>> {
    const workers = workersIn("client.processing", options);
    return (await this.link.control({ kind: "processing", ...workers })) as Record<
      string,
      string[]
    >;
  }

  /**
   * Key -> bytes of values that workers hold: of these futures, or of all. With `summary`, by the
   * name of the function that made them.
   */
  async nbytes(
    futures?: Futures,
    options: { readonly summary?: boolean } = {},
  ): Promise<Record<string, number>> {
    checkOptionNames("client.nbytes", options, ["summary"]);
    checkFlag("client.nbytes", "summary", options.summary);
    const list = futures === undefined ? undefined : futuresIn("client.nbytes", futures);
    const op = {
      kind: "sizes",
      ...(list === undefined ? {} : { ids: await idsOf(list) }),
    } as const;
    const sizes = (await this.link.control(op)) as Map<string, number>;
    if (options.summary !== true) return Object.fromEntries(sizes);
    const sums: Record<string, number> = {};
    for (const [key, bytes] of sizes) {
      const name = functionOf(key);
      sums[name] = (sums[name] ?? 0) + bytes;
    }
    return sums;
  }

  /** Address -> number of task threads. */
  async nthreads(): Promise<Record<string, number>> {
    const { workers } = await this.schedulerInfo();
    return Object.fromEntries(Object.entries(workers).map(([key, { threads }]) => [key, threads]));
  }

  /** The same as `nthreads`. */
  async ncores(): Promise<Record<string, number>> {
    return await this.nthreads();
  }

  /**
   * Resolves when there are at least `count` workers. Errors: `Timeout`; `NoWorkers` on the
   * embedded engine, which has one and never more.
   */
  async waitForWorkers(
    count: number,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    checkOptionNames("client.waitForWorkers", options, ["timeoutMs"]);
    if (!Number.isInteger(count) || count < 0) {
      throw new HeddleError(
        "InvalidArgument",
        `client.waitForWorkers takes a number of workers, but was given ${describeGiven(count)}`,
      );
    }
    const { timeoutMs } = options;
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const op = { kind: "wait-for-workers", count, ...limit } as const;
    await within(timeoutMs, `waiting for ${count} workers`, this.link.control(op));
  }

  /**
   * What client, scheduler and workers run. With `check`: `VersionMismatch`, naming who differs, if
   * they do not all run the same Heddle and the same major version of Node.
   */
  async getVersions(options: { readonly check?: boolean } = {}): Promise<ClusterVersions> {
    checkOptionNames("client.getVersions", options, ["check"]);
    checkFlag("client.getVersions", "check", options.check);
    const [theirs, { ownVersions, checkVersions }] = await Promise.all([
      this.link.control({ kind: "versions" }),
      import("./control/versions.ts"),
    ]);
    const { scheduler, workers } = theirs as Omit<ClusterVersions, "client">;
    const versions = { client: ownVersions() satisfies Versions, scheduler, workers };
    if (options.check === true) checkVersions(versions);
    return versions;
  }

  /**
   * Address -> the tasks that its threads run now, and for how long; of these tasks, or of all.
   * Workers that run none of them are left out.
   */
  async callStack(tasks?: GivenTasks): Promise<Record<string, RunningCall[]>> {
    const given = tasks === undefined ? {} : await tasksIn("client.callStack", tasks);
    const op = { kind: "call-stack", ...given } as const;
    return (await this.link.control(op)) as Record<string, RunningCall[]>;
  }

  /**
   * What task threads spend their time on, by samples of their stacks: while `use` runs, or for
   * `durationMs` from now on. At most ten minutes; workers that join meanwhile are not in it.
   *
   * On the embedded engine a thread that is in a synchronous task begins and ends after it. What
   * `use` throws is thrown.
   */
  async profile(use: () => unknown, options?: ProfileOptions): Promise<Profile>;
  async profile(options?: ProfileOptions): Promise<Profile>;
  async profile(
    given: (() => unknown) | ProfileOptions = {},
    more: ProfileOptions = {},
  ): Promise<Profile> {
    const [use, options] = typeof given === "function" ? [given, more] : [undefined, given];
    const { takeProfile } = await import("./take-profile.ts");
    const chosen = workersOf("client.profile", options.workers);
    return await takeProfile(async (op) => await this.link.control(op), use, options, chosen);
  }

  /**
   * What has happened to tasks, oldest first: when they were accepted, to whom they were leased,
   * how they ended, and what became of their values. The scheduler remembers the last 65,536
   * events.
   */
  async story(tasks: GivenTasks): Promise<TaskStoryEntry[]> {
    const given = await tasksIn("client.story", tasks);
    const entries = (await this.link.control({
      kind: "story",
      ...given,
    })) as readonly (StoryEntry & {
      key: string;
    })[];
    return entries.map(({ id: _, timeMs, ...entry }) => ({ ...entry, time: new Date(timeMs) }));
  }

  /**
   * What ran where and when, oldest first: the last 16,384 measurements, those that began at
   * `start` or later, or the last `count` of them. Short tasks are measured many at a time.
   */
  async getTaskStream(
    options: { readonly start?: Date; readonly count?: number } = {},
  ): Promise<TaskStreamEntry[]> {
    checkOptionNames("client.getTaskStream", options, ["start", "count"]);
    const { start, count } = options;
    const isDate = start === undefined || (start instanceof Date && !Number.isNaN(+start));
    if (!isDate) refuseGiven("client.getTaskStream: start", start, "a Date: new Date()");
    checkWhole("client.getTaskStream: count", count, 0);
    const entries = await this.link.control({
      kind: "task-stream",
      ...(start === undefined ? {} : { sinceMs: start.getTime() }),
      ...(count === undefined ? {} : { count }),
    });
    return entries as TaskStreamEntry[];
  }

  /**
   * Runs the task of a future again, in this program, where a debugger can follow it, with the same
   * function, literals and inputs; resolves to what it gives. Errors: what the task throws;
   * `NotSupported` for values that were brought by `scatter`.
   */
  async recreateTaskLocally<R>(future: Future<R>): Promise<R> {
    checkFuture("client.recreateTaskLocally", future);
    const { runHere } = await import("./recreate.ts");
    return (await runHere(this.link, await settledId(future), false)) as R;
  }

  /**
   * The same for a future that failed, with the task whose failure it was: rejects with the error
   * that this task throws here, as it is. Errors: `InvalidArgument` for futures that did not fail.
   */
  async recreateErrorLocally(future: Future): Promise<void> {
    checkFuture("client.recreateErrorLocally", future);
    const id = await settledId(future);
    if (future.status !== "error") {
      throw new HeddleError("InvalidArgument", `the task ${future.key} did not fail`);
    }
    const { runHere } = await import("./recreate.ts");
    await runHere(this.link, id, true);
  }

  /**
   * What the scheduler has logged lately, oldest first, at most `count` lines; none when embedded.
   */
  async getSchedulerLogs(options: { readonly count?: number } = {}): Promise<LogEntry[]> {
    checkOptionNames("client.getSchedulerLogs", options, ["count"]);
    checkWhole("client.getSchedulerLogs: count", options.count, 0);
    const logs = await this.#logs();
    return entriesIn(logs["scheduler"] ?? "", options.count);
  }

  /** Name of the worker -> what has lately been logged about it, oldest first. */
  async getWorkerLogs(
    options: { readonly count?: number } = {},
  ): Promise<Record<string, LogEntry[]>> {
    checkOptionNames("client.getWorkerLogs", options, ["count"]);
    checkWhole("client.getWorkerLogs: count", options.count, 0);
    const { scheduler: _, ...logs } = await this.#logs();
    return Object.fromEntries(
      Object.entries(logs).map(([name, text]) => [name, entriesIn(text, options.count)]),
    );
  }

  async #logs(): Promise<Readonly<Record<string, string>>> {
    return (await this.link.control({ kind: "logs" })) as Readonly<Record<string, string>>;
  }

  /**
   * Everything that the scheduler knows, for those who look for a fault: workers, tasks, versions
   * and the task stream. With a `file` it is written there as JSON, compressed where the name ends
   * with `.gz`.
   */
  async dumpClusterState(file?: string): Promise<Readonly<Record<string, unknown>>> {
    const state = (await this.link.control({ kind: "dump" })) as Record<string, unknown>;
    if (file !== undefined) await writeJson(file, state);
    return state;
  }
}

async function writeJson(file: string, state: unknown): Promise<void> {
  const text = JSON.stringify(state, null, 2);
  const { writeFile } = await import("node:fs/promises");
  if (!file.endsWith(".gz")) return await writeFile(file, text);
  const { gzipSync } = await import("node:zlib");
  await writeFile(file, gzipSync(text));
}

/** The last lines of a log. */
function entriesIn(text: string, count: number = Number.POSITIVE_INFINITY): LogEntry[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.slice(Math.max(0, lines.length - count)).map((line) => {
    const [time = "", level = "", ...words] = line.split(" ");
    return { time: new Date(time), level, message: words.join(" ") };
  });
}

/** The workers that an option names. */
export function workersIn(what: string, options: WorkersOption): { workers?: readonly string[] } {
  checkOptionNames(what, options, ["workers"]);
  return workersOf(what, options.workers);
}

export function workersOf(
  what: string,
  given: WorkersOption["workers"],
): { workers?: readonly string[] } {
  if (given === undefined) return {};
  const workers = typeof given === "string" ? [given] : given;
  if (Array.isArray(workers) && workers.every((name) => typeof name === "string"))
    return { workers };
  throw new HeddleError(
    "InvalidArgument",
    `${what}: workers is ${describeGiven(given)}; it may be an address, name or host of a worker, ` +
      "or a list of them",
  );
}

/** The tasks that were given, by id or by key. */
async function tasksIn(
  what: string,
  given: GivenTasks,
): Promise<{ ids?: Int32Array; keys?: readonly string[] }> {
  if (typeof given === "string") return { keys: [given] };
  if (!isFuture(given) && Array.isArray(given) && typeof given[0] === "string") {
    return { keys: given as string[] };
  }
  return { ids: await idsOf(futuresIn(what, given as Futures)) };
}

/** The id of a task that has ended, however it did. */
function checkFuture(where: string, value: unknown): void {
  if (!isFuture(value)) refuseGiven(`${where}: what it is given`, value, "a future");
}

async function settledId(future: Future): Promise<number> {
  await future.exception().catch(() => undefined);
  return await future.id();
}

async function idsOf(futures: readonly Future[]): Promise<Int32Array> {
  return Int32Array.from(await Promise.all(futures.map((future) => future.id())));
}

/** The function that a key names: what stands before the token or the index. */
function functionOf(key: string): string {
  const name = key.replace(/\[[\d,]*\]$/, "");
  const at = name.lastIndexOf("-");
  return at > 0 ? name.slice(0, at) : name;
}
