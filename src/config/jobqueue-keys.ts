/**
 * @file The keys of `jobqueue.<system>.*`: what each batch system's jobs are unless a program says
 * otherwise. The same for all systems but for what only some of them have, so one table makes the
 * keys of all.
 */
import { nearestName } from "../core/errors.ts";
import {
  boolean,
  bytes,
  duration,
  either,
  integerFrom,
  type Kind,
  lines,
  named,
  nullable,
  numberFrom,
  oneOf,
  scalar,
  shareOfOne,
  text,
  words,
} from "./kinds.ts";

/** Batch systems with a section of their own. */
export const JOB_SYSTEMS = ["slurm", "pbs", "sge", "lsf", "oar", "moab", "htcondor"] as const;

export type JobSystem = (typeof JOB_SYSTEMS)[number];

/** What every section has, by key. */
interface CommonValues {
  name: string;
  cores: number | null;
  memory: number | null;
  processes: number | null;
  nodes: number;
  queue: string | null;
  walltime: string | null;
  "walltime-margin": number | null;
  lifetime: number | null;
  "lifetime-stagger": number | null;
  "memory-share": number;
  resources: Readonly<Record<string, number>>;
  environ: Readonly<Record<string, string>>;
  interface: string | null;
  "local-directory": string | null;
  "log-directory": string | null;
  "shared-temp-directory": string | null;
  "death-timeout": number;
  "worker-extra-args": readonly string[];
  "worker-command": string | null;
  node: string | null;
  nanny: boolean;
  shebang: string;
  "job-directives-skip": readonly string[];
  "job-script-prologue": readonly string[];
  "job-script-epilogue": readonly string[];
  "scheduler-placement": "client" | "process" | "job";
  "scheduler-options": Readonly<Record<string, string | number | boolean | null>>;
  "max-pending-jobs": number;
  "max-array-size": number;
  "poll-interval": number;
  "start-timeout": number;
  grace: number;
  "max-failures": number;
  "on-client-exit": "cancel" | "keep";
}

interface Account {
  account: string | null;
}
interface Project {
  project: string | null;
}
interface ExtraLines {
  "job-extra-directives": readonly string[];
}
interface Spec {
  "resource-spec": string | null;
}

/** What only some sections have. */
interface OwnValues {
  slurm: Account &
    ExtraLines & {
      "job-cpu": number | null;
      "job-mem": string | null;
      "mem-per-cpu": string | null;
      "mem-per-gpu": string | null;
    };
  pbs: Account & ExtraLines & Spec;
  moab: Account & ExtraLines & Spec;
  sge: Project & ExtraLines & Spec;
  oar: Project & ExtraLines & Spec & { "memory-per-core-property-name": string | null };
  lsf: Project &
    ExtraLines & {
      ncpus: number | null;
      mem: number | null;
      "lsf-units": string | null;
      "use-stdin": boolean;
    };
  htcondor: Account & {
    "job-extra-directives": Readonly<Record<string, string>>;
    disk: number | null;
    "submit-command-extra": readonly string[];
    "cancel-command-extra": readonly string[];
  };
}

/** The values of one system's section, by key. */
export type SectionValues<S extends JobSystem> = CommonValues & OwnValues[S];

type AllOwnValues = Omit<
  OwnValues["slurm"] & OwnValues["oar"] & OwnValues["lsf"] & OwnValues["htcondor"],
  "job-extra-directives"
>;

/** The values of all keys that any section has. */
export type AllSectionValues = CommonValues & {
  "job-extra-directives": readonly string[] | Readonly<Record<string, string>>;
} & { [K in keyof AllOwnValues]: AllOwnValues[K] | undefined };

/** The keys of one system's section in full. */
export type SectionKeys<S extends JobSystem> = {
  [K in keyof SectionValues<S> & string as `jobqueue.${S}.${K}`]: SectionValues<S>[K];
};

/** What is known about a key of a section. */
export interface SectionKey<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly about: string;
}

function key<T>(kind: Kind<T>, value: NoInfer<T>, about: string): SectionKey<T> {
  return { kind, default: value, about };
}

type Table<V> = { readonly [K in keyof V]: SectionKey<V[K]> };

const COMMON: Table<CommonValues> = {
  name: key(text, "heddle-worker", "Name of the jobs in the batch system."),
  cores: key(
    nullable(integerFrom(1)),
    null,
    "Cores of a node for all workers of a job; null: programs have to say it.",
  ),
  memory: key(
    nullable(bytes),
    null,
    "Memory on a node for all workers of a job; null: programs have to say it.",
  ),
  processes: key(
    nullable(integerFrom(1)),
    null,
    "Workers on each node of a job; null: about the square root of the cores.",
  ),
  nodes: key(integerFrom(1), 1, "Nodes of a job."),
  queue: key(nullable(words), null, "Queue or partition; null: the site's default."),
  walltime: key(nullable(words), "00:30:00", "For how long a job may run; null: not said."),
  "walltime-margin": key(
    nullable(duration),
    null,
    "Workers retire so long before the walltime is over; null: a fifth of it, at most 2 min.",
  ),
  lifetime: key(
    nullable(duration),
    null,
    "A worker retires by itself after so long; null: what walltime and margin leave.",
  ),
  "lifetime-stagger": key(
    nullable(duration),
    null,
    "So much longer or shorter, by chance; null: a twentieth of the walltime, at most 1 min.",
  ),
  "memory-share": key(shareOfOne, 0.95, "Part of a job's memory that its workers may take."),
  resources: key(named(numberFrom(0)), {}, "Amounts of named resources that each worker has."),
  environ: key(named(words), {}, "Variables of the workers' environment."),
  interface: key(
    nullable(text),
    null,
    "Network interface that workers and scheduler listen on, such as ib0; null: any.",
  ),
  "local-directory": key(
    nullable(text),
    null,
    "Folder on the nodes for spilled data; null: their temporary folder.",
  ),
  "log-directory": key(
    nullable(text),
    null,
    "Folder for the output of jobs; null: where the batch system puts it.",
  ),
  "shared-temp-directory": key(
    nullable(text),
    null,
    "Folder that the nodes see, for the file by which workers find the scheduler; null: " +
      "~/.heddle/jobqueue.",
  ),
  "death-timeout": key(duration, 60_000, "Workers end without a scheduler for so long."),
  "worker-extra-args": key(lines, [], "More flags of `heddle worker`, each a word."),
  "worker-command": key(
    nullable(text),
    null,
    "What runs a worker, as the shell writes it; null: Node with Heddle's own file.",
  ),
  node: key(nullable(text), null, "Path of Node on the nodes; null: worker.node."),
  nanny: key(boolean, true, "Whether a supervisor in each job replaces workers that die."),
  shebang: key(text, "#!/usr/bin/env bash", "First line of the scripts."),
  "job-directives-skip": key(lines, [], "Generated directives that are left out."),
  "job-script-prologue": key(lines, [], "Lines of the script before the workers start."),
  "job-script-epilogue": key(lines, [], "Lines of the script after the workers have ended."),
  "scheduler-placement": key(
    oneOf("client", "process", "job"),
    "client",
    "Where the scheduler runs: in the client's process, as one of its own here, as a job.",
  ),
  "scheduler-options": key(named(scalar), {}, "Options of the scheduler, such as port."),
  "max-pending-jobs": key(integerFrom(1), 1000, "Jobs that wait at a time, at most."),
  "max-array-size": key(integerFrom(1), 1000, "Jobs of one array, at most."),
  "poll-interval": key(duration, 5000, "Time between two questions about the jobs."),
  "start-timeout": key(duration, 180_000, "A job without a worker for so long has failed."),
  grace: key(duration, 60_000, "Workers that are to go may take so long."),
  "max-failures": key(integerFrom(1), 5, "Failed starts in a row before it is given up."),
  "on-client-exit": key(
    oneOf("cancel", "keep"),
    "cancel",
    "What becomes of the jobs when the program ends without closing the cluster.",
  ),
};

const ACCOUNT = { account: key(nullable(words), null, "Account that pays for the jobs.") };
const PROJECT = { project: key(nullable(words), null, "Project that pays for the jobs.") };
const EXTRA = { "job-extra-directives": key(lines, [], "More directives, one each.") };
const SPEC = {
  "resource-spec": key(
    nullable(text),
    null,
    "What to ask for in the system's words, in place of what cores and memory make.",
  ),
};

const OWN: { readonly [S in JobSystem]: Table<OwnValues[S]> } = {
  slurm: {
    ...ACCOUNT,
    ...EXTRA,
    "job-cpu": key(nullable(integerFrom(1)), null, "Cores to ask for; null: those of the workers."),
    "job-mem": key(nullable(words), null, "Memory to ask for; null: that of the workers."),
    "mem-per-cpu": key(nullable(words), null, "Memory for each core in place of the job's."),
    "mem-per-gpu": key(nullable(words), null, "Memory for each GPU in place of the job's."),
  },
  pbs: { ...ACCOUNT, ...EXTRA, ...SPEC },
  moab: { ...ACCOUNT, ...EXTRA, ...SPEC },
  sge: { ...PROJECT, ...EXTRA, ...SPEC },
  oar: {
    ...PROJECT,
    ...EXTRA,
    ...SPEC,
    "memory-per-core-property-name": key(
      nullable(text),
      null,
      "The site's property with the MiB of memory for each core.",
    ),
  },
  lsf: {
    ...PROJECT,
    ...EXTRA,
    ncpus: key(nullable(integerFrom(1)), null, "Slots to ask for; null: the workers' cores."),
    mem: key(nullable(bytes), null, "Memory to ask for; null: that of the workers."),
    "lsf-units": key(
      nullable(oneOf("kb", "mb", "gb", "tb", "pb", "eb")),
      null,
      "Unit of the site's limits; null: what lsf.conf says, else kb.",
    ),
    "use-stdin": key(boolean, true, "Whether bsub reads the script from its standard input."),
  },
  htcondor: {
    ...ACCOUNT,
    "job-extra-directives": key(named(words), {}, "More lines of the submit file, by key."),
    disk: key(nullable(bytes), null, "Disk space of a job; null: programs have to say it."),
    "submit-command-extra": key(lines, [], "More arguments of condor_submit."),
    "cancel-command-extra": key(lines, [], "More arguments of condor_rm."),
  },
};

/** Walltimes are written differently, or not at all; what HTCondor is given is no script. */
const USUAL: Readonly<Partial<Record<JobSystem, Partial<CommonValues>>>> = {
  lsf: { walltime: "00:30" },
  htcondor: { walltime: null, shebang: "#!/usr/bin/env condor_submit" },
};

type AnyTable = Readonly<Record<string, SectionKey<unknown>>>;

/** What is known about the keys of one system's section. */
export function sectionKeys(system: JobSystem): AnyTable {
  const { walltime, shebang } = COMMON;
  const usual = { walltime: walltime.default, shebang: shebang.default, ...USUAL[system] };
  return {
    ...COMMON,
    walltime: { ...walltime, default: usual.walltime },
    shebang: { ...shebang, default: usual.shebang },
    ...OWN[system],
  };
}

/** All sections' keys in full, with what is known about them. */
export function allSectionKeys(): AnyTable {
  const entries = JOB_SYSTEMS.flatMap((system) =>
    Object.entries(sectionKeys(system)).map(([name, known]) => [
      `jobqueue.${system}.${name}`,
      known,
    ]),
  );
  return Object.fromEntries(entries) as AnyTable;
}

/** Every key that any section has; of extra directives both kinds, since no system is named. */
const ANY: AnyTable = {
  ...Object.assign({}, ...JOB_SYSTEMS.map(sectionKeys)),
  "job-extra-directives": key(
    either(lines, named(words)),
    [],
    "More directives, one each; on HTCondor lines of the submit file, by key.",
  ),
};

/** As long as a system's name, and nearly it: a slip, not a name of one's own. */
const NEAR_LENGTH = 4;

/**
 * What is known about `jobqueue.<section>.<key>` where the section is one that a user has named,
 * for `{ configName }`; undefined for everything else.
 */
export function ownSectionKey(name: string): SectionKey<unknown> | undefined {
  const found = /^jobqueue\.([a-z][a-z0-9-]*)\.([a-z-]+)$/.exec(name);
  const [, section = "", own = ""] = found ?? [];
  if (found === null || JOB_SYSTEMS.includes(section as JobSystem)) return undefined;
  const near = section.length >= NEAR_LENGTH ? nearestName(section, JOB_SYSTEMS) : undefined;
  if (near?.length === section.length) return undefined;
  const known = ANY[own];
  // Whatever is not said there is as in the system's own section.
  return Object.hasOwn(ANY, own) && known !== undefined ? { ...known, default: null } : undefined;
}
