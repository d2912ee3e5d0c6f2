/**
 * @file `performanceReport`: measures what a cluster does while a function runs, and writes it as
 * one HTML file.
 */
import { checkFunction, checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import type { ReportData } from "../diagnostics/report/data.ts";
import type { Client } from "./client.ts";
import { getClient } from "./context.ts";
import type { Profile } from "./profile.ts";

/** Options of `performanceReport`. */
export interface PerformanceReportOptions {
  /** Whose cluster is measured; default the current one. */
  readonly client?: Client;
  /** Default: "Performance report". */
  readonly title?: string;
  /** Whether samples of the tasks' stacks are taken, which costs a few percent; default true. */
  readonly profile?: boolean;
}

/** So many lines of the scheduler's log are shown. */
const LOG_LINES = 200;

/**
 * Runs `use` and writes into a file what the cluster did meanwhile: a task stream, times by
 * function and by span, a profile, the workers. The file is HTML and needs nothing else. Resolves
 * to what `use` gives; it is written also when `use` throws.
 *
 * @example
 * import { Client } from "heddle";
 * import { performanceReport } from "heddle/distributed";
 * await Client.with({ embedded: true }, async (client) => {
 *   const work = () => client.map((x: number) => x * x, [1, 2, 3]).results();
 *   const squares = await performanceReport("report.html", work, { client });
 *   console.log(squares); // [1, 4, 9]
 * });
 */
export async function performanceReport<R>(
  file: string,
  use: () => R | Promise<R>,
  options: PerformanceReportOptions = {},
): Promise<R> {
  checkOptionNames("performanceReport", options, ["client", "title", "profile"]);
  checkFlag("performanceReport", "profile", options.profile);
  checkFunction("performanceReport", use, '("report.html", () => x.compute())');
  const { client = getClient(), title = "Performance report", profile = true } = options;
  // What `use` gives or throws, whatever becomes of the profile.
  let result: Promise<R> | undefined;
  const time = { startMs: 0, endMs: 0 };
  const run = async (): Promise<void> => {
    time.startMs = Date.now();
    result = (async () => await use())();
    await result.catch(() => undefined);
    time.endMs = Date.now();
  };
  const profiled = profile ? await client.profile(run) : await run();
  const data = await measured(client, { title, ...time }, profiled ?? undefined);
  const [{ reportHtml }, { writeFile }] = await Promise.all([
    import("../diagnostics/report/html.ts"),
    import("node:fs/promises"),
  ]);
  await writeFile(file, reportHtml(data));
  return await (result as Promise<R>);
}

async function measured(
  client: Client,
  facts: Pick<ReportData, "title" | "startMs" | "endMs">,
  profile: Profile | undefined,
): Promise<ReportData> {
  const [tasks, info, versions, log] = await Promise.all([
    client.getTaskStream({ start: new Date(facts.startMs) }),
    client.schedulerInfo(),
    client.getVersions(),
    client.getSchedulerLogs({ count: LOG_LINES }),
  ]);
  const { heddle, node } = versions.scheduler;
  return {
    ...facts,
    scheduler: info.address,
    workers: Object.values(info.workers),
    tasks,
    versions: { Heddle: heddle, Node: node },
    log: log.map(({ time, level, message }) => `${time.toISOString()} ${level} ${message}`),
    ...(profile === undefined ? {} : { calls: profile.tree }),
  };
}
