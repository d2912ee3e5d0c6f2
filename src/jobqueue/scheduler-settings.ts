/**
 * @file How the scheduler of a cluster listens and lives: what `schedulerOptions` say, the options
 * of the cluster that mean the same, and the configuration.
 */
import { interfaceAddress } from "../comm/addresses.ts";
import type { Security } from "../comm/index.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { parseTimedelta } from "../core/units.ts";
import type { JobValues } from "./job-values.ts";
import type { JobOptions, JobQueueOptions, SchedulerOptions } from "./options.ts";

/** What is decided about a scheduler. */
export interface SchedulerSettings {
  readonly placement: "client" | "process" | "job";
  /** What becomes of it, and of the jobs, when this program ends. */
  readonly stays: boolean;
  readonly protocol: "tcp" | "tls";
  readonly security: Security | undefined;
  readonly host: string | undefined;
  readonly interface: string | undefined;
  readonly port: string;
  readonly dashboardAddress: string | null;
  readonly idleTimeoutMs: number | undefined;
  readonly journal: string | undefined;
  readonly preload: readonly string[];
  readonly job: JobOptions;
}

const NAMES = [
  "host",
  "interface",
  "port",
  "protocol",
  "dashboardAddress",
  "idleTimeoutMs",
  "journal",
  "preload",
  "job",
] satisfies (keyof SchedulerOptions)[];

/** Errors: `InvalidArgument` for options that do not exist, make no sense, or not together. */
export function schedulerSettings(values: JobValues, options: JobQueueOptions): SchedulerSettings {
  const given = options.schedulerOptions ?? {};
  checkOptionNames(`${values.who}: schedulerOptions`, given, NAMES);
  const said = { ...configured(values), ...given };
  const { security, dashboardAddress = said.dashboardAddress } = options;
  const placement = values.get("scheduler-placement");
  const stays = values.get("on-client-exit") === "keep";
  if (stays && placement === "client") {
    throw new HeddleError(
      "InvalidArgument",
      `${values.who}: onClientExit is "keep", but the scheduler ends with this program: give ` +
        'schedulerPlacement: "process" for one of its own on this host, or "job"',
    );
  }
  const protocol = options.protocol ?? said.protocol ?? "tls";
  if (protocol !== "tcp" && protocol !== "tls") {
    throw values.wrong("protocol", protocol, '"tls" or "tcp"');
  }
  if (protocol === "tcp" && security !== undefined) {
    throw values.wrong("protocol", protocol, '"tls" with security');
  }
  const host = said.host ?? options.host;
  const named = said.interface ?? (host === undefined ? values.get("interface") : undefined);
  return {
    placement,
    stays,
    protocol,
    security,
    host,
    interface: named ?? undefined,
    port: portOf(values, said.port ?? 0),
    dashboardAddress: dashboardAddress === undefined ? ":8787" : dashboardAddress,
    idleTimeoutMs: said.idleTimeoutMs,
    journal: said.journal,
    preload: said.preload ?? [],
    job: said.job ?? {},
  };
}

/** The address that a scheduler on this host listens on. */
export function listenAddress(values: JobValues, settings: SchedulerSettings): string {
  const { protocol, port, host = "0.0.0.0" } = settings;
  const chosen = settings.interface === undefined ? host : ownInterface(values, settings.interface);
  return `${protocol}://${chosen.includes(":") ? `[${chosen}]` : chosen}:${port}`;
}

function ownInterface(values: JobValues, name: string): string {
  try {
    return interfaceAddress(name);
  } catch (cause) {
    if (!isHeddleError(cause, "InvalidArgument")) throw cause;
    throw new HeddleError(
      "InvalidArgument",
      `${values.who}: interface: ${cause.message}. Where it has another name here than on the ` +
        "nodes, schedulerOptions: { interface } is that of the scheduler",
      { cause },
    );
  }
}

function portOf(values: JobValues, port: unknown): string {
  const found = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(String(port));
  const last = Number(found?.[2] ?? found?.[1]);
  if (found === null || last > 65_535 || Number(found[1]) > last) {
    const expects = 'a port, a range such as "8786-8799", or 0 for any that is free';
    throw values.wrong("schedulerOptions.port", port, expects);
  }
  return String(port).replace(":", "-");
}

/** `jobqueue.<system>.scheduler-options`, in the words of programs; times may have units. */
function configured(values: JobValues): SchedulerOptions {
  const { value: said } = values.configured("scheduler-options");
  const given = Object.entries(said as Readonly<Record<string, unknown>>).map(([key, value]) => {
    const name = key.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (name !== "idleTimeout") return [name, value];
    return ["idleTimeoutMs", parseTimedelta(value as string | number, "ms")];
  });
  const options = Object.fromEntries(given) as SchedulerOptions;
  checkOptionNames(`configuration jobqueue.${values.system}.scheduler-options`, options, NAMES);
  return options;
}
