/**
 * @file What each key of dask-jobqueue's `jobqueue.yaml` is here. The sections have the same names
 * for the same things; what differs is Python, units, and the old names that dask-jobqueue itself
 * calls deprecated.
 */
import { type Rule, type Translated, type Untranslated, withSeconds } from "./import-rules.ts";

/** Names that dask-jobqueue has given up, and those that came after them. */
const RENAMED: Readonly<Record<string, string>> = {
  extra: "worker-extra-args",
  "job-extra": "job-extra-directives",
  "env-extra": "job-script-prologue",
  "header-skip": "job-directives-skip",
};

/** Where `project` is an old word for `account`. */
const ACCOUNTS: ReadonlySet<string> = new Set(["slurm", "pbs", "moab"]);

const NOT_HERE: Readonly<Record<string, string>> = {
  python: "workers are run by Node: the key node of this section, or HEDDLE_NODE, says by which",
  "worker-command": "workers are started by heddle worker; the key worker-command is for wrappers",
};

/** What Dask calls the options of a scheduler that there are here, too. */
const SCHEDULER_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["host", "host"],
  ["interface", "interface"],
  ["port", "port"],
  ["protocol", "protocol"],
  ["dashboard_address", "dashboardAddress"],
]);

/** The rule for `jobqueue.<section>.<name>`. */
export function jobqueueRule(section: string, given: string): Rule {
  return (value): Translated | Untranslated => {
    if (section === "local") {
      return {
        reason: "processes on this machine are a LocalCluster, which takes them as options",
      };
    }
    const name = given.replaceAll("_", "-");
    const reason = NOT_HERE[name];
    if (reason !== undefined && value !== null) return { reason };
    if (value === null) return { reason: "null: nothing is set" };
    if (name === "scheduler-options") return schedulerOptions(section, value);
    const to = `jobqueue.${section}.${nameIn(section, name)}`;
    if (name === "death-timeout") return { to, value: withSeconds(value) };
    return { to, value, ...noteFor(name, value) };
  };
}

function nameIn(section: string, name: string): string {
  if (name === "project" && ACCOUNTS.has(section)) return "account";
  return RENAMED[name] ?? name;
}

function noteFor(name: string, value: unknown): { note?: string } {
  const text = JSON.stringify(value);
  if (/^(extra|worker-extra-args)$/.test(name) && text !== "[]") {
    return { note: "these are now flags of heddle worker: look whether it has them" };
  }
  if (/python|conda|venv|activate/i.test(text)) {
    return { note: "this may be there for Python alone" };
  }
  return {};
}

function schedulerOptions(section: string, value: unknown): Translated | Untranslated {
  const known: Record<string, unknown> = {};
  const left: string[] = [];
  for (const [name, option] of Object.entries(value ?? {})) {
    const own = SCHEDULER_OPTIONS.get(name);
    if (name === "idle_timeout") known["idleTimeout"] = withSeconds(option);
    else if (own === undefined) left.push(name);
    else known[own] = option;
  }
  const to = `jobqueue.${section}.scheduler-options`;
  const note = `without ${left.join(", ")}, for which there is no option of that kind`;
  return { to, value: known, ...(left.length === 0 ? {} : { note }) };
}
