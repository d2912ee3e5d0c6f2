/**
 * @file What users say about the jobs of a cluster: the options of dask-jobqueue in camelCase, and
 * what its users had to work around. Every option has a configuration key of the same name,
 * `jobqueue.<system>.<name>`, which counts where the option is not given; null stands for none,
 * whatever the configuration says.
 */
import type { Security } from "../comm/security.ts";

/** What a job and its workers are. A group of workers may have its own. */
export interface JobOptions {
  /** Cores of a node for all workers of the job together. Needed. */
  readonly cores?: number;
  /**
   * Memory on a node for all workers of the job together: bytes or a text such as `"28GB"`.
   * Needed; null asks for none, for sites where memory comes with the cores.
   */
  readonly memory?: number | string | null;
  /** Workers on each node (about the square root of the cores); each has its share of the cores. */
  readonly processes?: number;
  /** Nodes of a job (1); each runs `processes` workers with `cores` and `memory`. */
  readonly nodes?: number;
  /** Queue or partition; default the site's. */
  readonly queue?: string | null;
  /** Who pays. `project` is another word for it. */
  readonly account?: string | null;
  /** Who pays. `account` is another word for it. */
  readonly project?: string | null;
  /**
   * For how long a job may run, as the system writes it (`"00:30:00"`; LSF `"00:30"`; none on
   * HTCondor). Workers retire before it is over.
   */
  readonly walltime?: string | null;
  /**
   * Workers retire so long before the walltime is over, and hand over what they have (a fifth of
   * it, at most two minutes).
   */
  readonly walltimeMarginMs?: number | null;
  /** A worker retires by itself after so long (what walltime and margin leave). */
  readonly lifetimeMs?: number | null;
  /** So much longer or shorter, by chance (a twentieth of the walltime, at most a minute). */
  readonly lifetimeStaggerMs?: number | null;
  /** Part of a job's memory that its workers may take (0.95): the system ends a job for more. */
  readonly memoryShare?: number;
  /** Amounts of named resources that each worker has: `{ GPU: 1 }`. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Variables of the workers' environment; `$NAME` in a value is expanded on the node. */
  readonly environ?: Readonly<Record<string, string>>;
  /**
   * Network interface that workers listen on: `"ib0"`. Default: by which they reach the scheduler.
   */
  readonly interface?: string | null;
  /**
   * Folder on the nodes for data that does not fit into memory. `$TMPDIR` and other variables are
   * expanded on the node. Default the node's own temporary folder; a shared file system is slow.
   */
  readonly localDirectory?: string | null;
  /** Folder for the output of jobs, which the nodes see; default where the system puts it. */
  readonly logDirectory?: string | null;
  /** Workers end when the scheduler is out of reach for so long (60,000). */
  readonly deathTimeoutMs?: number;
  /** More flags of `heddle worker`, each a word: `["--preload", "setup.mjs"]`. */
  readonly workerExtraArgs?: readonly string[];
  /** What runs a worker, as the shell writes it, in place of Node and Heddle's own file. */
  readonly workerCommand?: string | null;
  /**
   * Path of Node on the nodes. Default the variable HEDDLE_NODE, the configuration's `worker.node`,
   * or the path of the one that runs this program.
   */
  readonly node?: string | null;
  /** Whether a supervisor in each job replaces workers that die (true). */
  readonly nanny?: boolean;
  /** First line of the script (`"#!/usr/bin/env bash"`). */
  readonly shebang?: string;
  /** More directives, one each, without the prefix: `["--gres=gpu:1"]`. */
  readonly jobExtraDirectives?: readonly string[];
  /**
   * Generated directives that are left out: those in which one of these stands as a word, such as
   * `["--mem"]` or `["select"]`.
   */
  readonly jobDirectivesSkip?: readonly string[];
  /** Lines of the script before the workers start: `["module load gcc"]`. */
  readonly jobScriptPrologue?: readonly string[];
  /** Lines of the script after the workers have ended. */
  readonly jobScriptEpilogue?: readonly string[];
}

/** What only Slurm has. */
export interface SLURMJobOptions extends JobOptions {
  /** Cores to ask for, where they are not those that the workers use. */
  readonly jobCpu?: number | null;
  /** Memory to ask for, as Slurm writes it: `"50G"`. */
  readonly jobMem?: string | null;
  /** Memory for each core (`--mem-per-cpu`) in place of that of the job: `"4G"`. */
  readonly memPerCpu?: string | null;
  /** Memory for each GPU (`--mem-per-gpu`) in place of that of the job: `"32G"`. */
  readonly memPerGpu?: string | null;
}

/** What PBS, Moab, Grid Engine and OAR have. */
export interface ResourceSpecOptions extends JobOptions {
  /** What to ask for in the system's words, in place of what cores and memory make. */
  readonly resourceSpec?: string | null;
}

/** What only OAR has. */
export interface OARJobOptions extends ResourceSpecOptions {
  /** The site's property with the MiB of memory for each core: memory is asked for by it. */
  readonly memoryPerCorePropertyName?: string | null;
}

/** What only LSF has. */
export interface LSFJobOptions extends JobOptions {
  /** Slots to ask for, where they are not the cores that the workers use. */
  readonly ncpus?: number | null;
  /** Memory to ask for, where it is not that of the workers: bytes or a text. */
  readonly mem?: number | string | null;
  /** Unit in which the site writes limits: kb (default, or as `lsf.conf` says), mb, gb or tb. */
  readonly lsfUnits?: string | null;
  /** Whether the script goes to `bsub` by its standard input (true), or as a file. */
  readonly useStdin?: boolean;
}

/** What only HTCondor has; its extra directives are lines of the submit file, by key. */
export interface HTCondorJobOptions extends Omit<JobOptions, "jobExtraDirectives"> {
  /** Disk space of a job: bytes or a text such as `"10GB"`. Needed. */
  readonly disk?: number | string;
  readonly jobExtraDirectives?: Readonly<Record<string, string>>;
  /** More arguments of `condor_submit`. */
  readonly submitCommandExtra?: readonly string[];
  /** More arguments of `condor_rm`. */
  readonly cancelCommandExtra?: readonly string[];
}

/** Where the scheduler of a cluster runs. */
export type SchedulerPlacement =
  /** In a thread of the client's process, and ends with it. */
  | "client"
  /** A process of its own on this host; clients come and go. */
  | "process"
  /** A job of its own; clients come and go. */
  | "job";

/** The scheduler of a cluster. */
export interface SchedulerOptions {
  /** Address that it listens on; default all, or that of `interface`. */
  readonly host?: string;
  /** Interface that it listens on, where it is not that of the workers. */
  readonly interface?: string;
  /** Port, or a range such as `"8786-8799"` (0: any that is free). */
  readonly port?: number | string;
  /** `"tls"` (default) or `"tcp"`, without encryption. */
  readonly protocol?: "tcp" | "tls";
  /**
   * Where `/health`, `/json` and `/metrics` are served (`":8787"`); the next free port where it is
   * taken; null for nowhere.
   */
  readonly dashboardAddress?: string | null;
  /** One of its own ends after so long with nothing to do; default never. */
  readonly idleTimeoutMs?: number;
  /** Folder from which one of its own goes on after a restart. */
  readonly journal?: string;
  /** Modules that one of its own loads first. */
  readonly preload?: readonly string[];
  /** The scheduler's job, where it has one: queue, walltime, cores (1), memory (`"4GB"`). */
  readonly job?: JobOptions;
}

/** What is said about the cluster as a whole. */
export interface ClusterOptions {
  /** Name of the cluster; its workers are called `<name>-<id of the job>`. */
  readonly name?: string;
  /** Name of its jobs in the batch system (`"heddle-worker"`). */
  readonly jobName?: string;
  /** Another section of the configuration: `"gadi"` for `jobqueue.gadi`. */
  readonly configName?: string;
  /** Workers at the beginning (0). */
  readonly nWorkers?: number;
  /** Jobs at the beginning (0), in place of `nWorkers`. */
  readonly jobs?: number;
  /** Folder that the nodes see, for the file by which workers find the scheduler. */
  readonly sharedTempDirectory?: string | null;
  /** Where the scheduler runs (`"client"`). */
  readonly schedulerPlacement?: SchedulerPlacement;
  readonly schedulerOptions?: SchedulerOptions;
  /** As in `schedulerOptions`. */
  readonly host?: string;
  /** As in `schedulerOptions`. */
  readonly dashboardAddress?: string | null;
  /** `"tls"` (default) or `"tcp"`, without encryption: a token is needed all the same. */
  readonly protocol?: "tcp" | "tls";
  /** Certificates; default those of an authority that this cluster makes for itself. */
  readonly security?: Security;
  /** Jobs that wait in the queue at a time, at most (1000): sites limit them. */
  readonly maxPendingJobs?: number;
  /** Jobs of one array, at most (1000); 1 submits each by itself. */
  readonly maxArraySize?: number;
  /** The batch system is asked so often while something is expected (5000). */
  readonly pollIntervalMs?: number;
  /** A job that runs for so long without a worker has failed (180,000). */
  readonly startTimeoutMs?: number;
  /** Workers that are to go may take so long before their job is cancelled (60,000). */
  readonly graceMs?: number;
  /** Starts that fail one after the other before it is given up (5). */
  readonly maxFailures?: number;
  /**
   * What becomes of the jobs when this program ends without `close()`: `"cancel"` (default), or
   * `"keep"`, with a scheduler of its own, for clients to come.
   */
  readonly onClientExit?: "cancel" | "keep";
}

/** Options of a cluster on a batch system, with those that its jobs have there. */
export interface ClusterJobOptions<J> extends ClusterOptions {
  /**
   * More kinds of jobs, by name: each is a group of workers whose options replace those of the
   * cluster, such as `{ gpu: { cores: 8, resources: { GPU: 1 } } }`.
   */
  readonly groups?: Readonly<Record<string, J>>;
}

export interface SLURMClusterOptions extends SLURMJobOptions, ClusterJobOptions<SLURMJobOptions> {}
export interface PBSClusterOptions
  extends ResourceSpecOptions,
    ClusterJobOptions<ResourceSpecOptions> {}
export interface MoabClusterOptions
  extends ResourceSpecOptions,
    ClusterJobOptions<ResourceSpecOptions> {}
export interface SGEClusterOptions
  extends ResourceSpecOptions,
    ClusterJobOptions<ResourceSpecOptions> {}
export interface OARClusterOptions extends OARJobOptions, ClusterJobOptions<OARJobOptions> {}
export interface LSFClusterOptions extends LSFJobOptions, ClusterJobOptions<LSFJobOptions> {}
export interface HTCondorClusterOptions
  extends HTCondorJobOptions,
    ClusterJobOptions<HTCondorJobOptions> {}

/** The options of any batch system's cluster. */
export type JobQueueOptions =
  | SLURMClusterOptions
  | PBSClusterOptions
  | MoabClusterOptions
  | SGEClusterOptions
  | OARClusterOptions
  | LSFClusterOptions
  | HTCondorClusterOptions;
