/**
 * @file Every configuration key: its type, its kind, its default and one sentence about it. Names
 * are Dask's without the `distributed.` prefix, where the meaning is Dask's; a key that is not here
 * does not exist.
 */
import { HeddleError } from "../core/errors.ts";
import {
  allSectionKeys,
  type JobSystem,
  ownSectionKey,
  type SectionKeys,
} from "./jobqueue-keys.ts";
import {
  auto,
  boolean,
  bytes,
  duration,
  integerFrom,
  type Kind,
  named,
  nullable,
  numberFrom,
  oneOf,
  share,
  text,
  texts,
} from "./kinds.ts";

/**
 * The value type of each key: what `config.get` returns. Sizes are bytes, spans of time are
 * milliseconds.
 */
export interface ConfigValues
  extends SectionKeys<"slurm">,
    SectionKeys<"pbs">,
    SectionKeys<"sge">,
    SectionKeys<"lsf">,
    SectionKeys<"oar">,
    SectionKeys<"moab">,
    SectionKeys<"htcondor"> {
  scheduler: "auto" | "threads" | "sync";
  "temporary-directory": string | null;

  "adaptive.interval": number;
  "adaptive.maximum": number | null;
  "adaptive.minimum": number;
  "adaptive.target-duration": number;
  "adaptive.wait-count": number;

  "array.chunk-size": number;
  "array.chunk-size-tolerance": number;
  "array.rechunk.method": "auto" | "tasks" | "exchange";
  "array.rechunk.threshold": number;
  "array.svg.size": number;

  "exchange.read-neighbours": boolean;

  "client.direct-to-workers": boolean | "auto";

  "blas.library": string;
  "blas.threads": number;

  "comm.timeouts.lost": number;
  "comm.timeouts.suspect": number;
  "comm.timeouts.dead": number;
  "comm.timeouts.client": number;
  "comm.timeouts.client-gone": number;

  "dataframe.deterministic": boolean;
  "dataframe.fragment": "auto" | "single" | "partitioned";
  "dataframe.memory-limit": number | "auto";
  "dataframe.threads": number | "auto";

  "log.level": "debug" | "info" | "warn" | "error" | "silent";

  "nanny.preload": readonly string[];

  "optimization.fuse.active": boolean;

  "scheduler.active-memory-manager.interval": number;
  "scheduler.active-memory-manager.start": boolean;
  "scheduler.allowed-failures": number;
  "scheduler.idle-timeout": number | null;
  "scheduler.journal": string | null;
  "scheduler.journal-grace": number;
  "scheduler.port": number;
  "scheduler.preload": readonly string[];

  "worker.death-timeout": number;
  "worker.lifetime.duration": number | null;
  "worker.lifetime.grace": number;
  "worker.lifetime.restart": boolean;
  "worker.lifetime.stagger": number;
  "worker.memory.limit": number | "auto";
  "worker.memory.max-spill": number | null;
  "worker.memory.pause": number | false;
  "worker.memory.spill": number | false;
  "worker.memory.spill-compression": "none" | "auto";
  "worker.memory.target": number | false;
  "worker.memory.terminate": number | false;
  "worker.node": string | null;
  "worker.preload": readonly string[];
  "worker.resources": Readonly<Record<string, number>>;
  "worker.threads": number | "auto";
  "worker.timeouts.cancelled": number | null;
  "worker.timeouts.client-gone": number | null;
  "worker.validate": boolean;

  "progress.interval": number;
  "progress.line-interval": number;
}

/** Any key, as in files. */
export type ConfigKey = keyof ConfigValues;

type SectionName = { [S in JobSystem]: keyof SectionKeys<S> }[JobSystem];

/** What is known about one key. */
export interface Definition<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly about: string;
}

function key<T>(kind: Kind<T>, value: NoInfer<T>, about: string): Definition<T> {
  return { kind, default: value, about };
}

const MIB = 1024 ** 2;

/** All keys with their definitions. */
export const SCHEMA: { readonly [K in ConfigKey]: Definition<ConfigValues[K]> } = {
  scheduler: key(
    oneOf("auto", "threads", "sync"),
    "auto",
    "What compute() runs on: the embedded engine, the calling thread, or the open client if any.",
  ),
  "temporary-directory": key(
    nullable(text),
    null,
    "Folder for spilled data and other temporary files; null means the system's.",
  ),

  "adaptive.interval": key(
    duration,
    1000,
    "Time between two looks at whether a cluster that adapts should have more or fewer workers.",
  ),
  "adaptive.maximum": key(
    nullable(integerFrom(0)),
    null,
    "Most workers of a cluster that adapts; null means no bound.",
  ),
  "adaptive.minimum": key(integerFrom(0), 0, "Fewest workers of a cluster that adapts."),
  "adaptive.target-duration": key(
    duration,
    5000,
    "A cluster that adapts has workers enough to end what there is to do in so long.",
  ),
  "adaptive.wait-count": key(
    integerFrom(1),
    3,
    "So many looks in a row must ask for fewer workers before a cluster that adapts ends any.",
  ),

  "array.chunk-size": key(bytes, 128 * MIB, 'Size aimed at by chunks: "auto".'),
  "array.chunk-size-tolerance": key(
    numberFrom(1),
    1.25,
    'How many times larger than array.chunk-size a chunk from chunks: "auto" may become.',
  ),
  "array.rechunk.method": key(
    oneOf("auto", "tasks", "exchange"),
    "auto",
    "How rechunk moves data: as many small tasks, or as one all-to-all exchange.",
  ),
  "array.rechunk.threshold": key(
    numberFrom(1),
    4,
    "How many times more edges than blocks make a large rechunk an exchange.",
  ),
  "array.svg.size": key(numberFrom(20), 120, "Longest side of an array's drawing, in pixels."),

  "blas.library": key(
    auto(text),
    "auto",
    'BLAS library to load: a path, "none" for the built-in kernels, or "auto" to look for one.',
  ),

  "blas.threads": key(integerFrom(1), 1, "Threads that BLAS may use inside one task."),

  "client.direct-to-workers": key(
    auto(boolean),
    "auto",
    'Whether clients bring and fetch values at workers, or through the scheduler; "auto": if needed.',
  ),
  "comm.timeouts.lost": key(
    duration,
    2000,
    "A process whose connection broke and that has not come back after this time is lost.",
  ),
  "comm.timeouts.suspect": key(
    duration,
    15_000,
    "A worker that has been silent for this time gets no more tasks.",
  ),
  "comm.timeouts.dead": key(
    duration,
    60_000,
    "A worker that has been silent for this time is lost. So long a restarted scheduler awaits clients.",
  ),
  "comm.timeouts.client": key(
    duration,
    3_600_000,
    "A client that has been silent for this time is lost, its connection open: it may compute.",
  ),
  "comm.timeouts.client-gone": key(
    duration,
    10_000,
    "A client whose connection was closed and that has not come back after this time is lost.",
  ),
  "exchange.read-neighbours": key(
    boolean,
    true,
    "Whether workers of one host read each other's runs from disk, instead of asking for them.",
  ),

  "dataframe.deterministic": key(
    boolean,
    false,
    "Whether float aggregates are the same bit for bit in every run, at some cost.",
  ),
  "dataframe.fragment": key(
    oneOf("auto", "single", "partitioned"),
    "auto",
    'How frames run: "single" as one query on one worker, "partitioned" as queries over partitions ' +
      'on all workers with exchanges between them; "auto" partitions what is larger than the table ' +
      "engine of one of several workers may take.",
  ),
  "dataframe.memory-limit": key(
    auto(bytes),
    "auto",
    'Memory the table engine may use; "auto" takes its share of worker.memory.limit.',
  ),
  "dataframe.threads": key(
    auto(integerFrom(1)),
    "auto",
    'Threads of the table engine; "auto" takes as many as worker.threads.',
  ),

  ...(allSectionKeys() as { readonly [K in SectionName]: Definition<ConfigValues[K]> }),

  "log.level": key(
    oneOf("debug", "info", "warn", "error", "silent"),
    "info",
    "From which event on the programs of a cluster write what happens.",
  ),

  "nanny.preload": key(texts, [], "Modules that the supervisor of workers loads first."),

  "optimization.fuse.active": key(boolean, true, "Whether chained small tasks become one task."),

  "scheduler.active-memory-manager.interval": key(
    duration,
    2000,
    "How often the active memory manager looks at what workers hold.",
  ),
  "scheduler.active-memory-manager.start": key(
    boolean,
    true,
    "Whether superfluous copies are dropped when a worker of a cluster is more than half full.",
  ),
  "scheduler.allowed-failures": key(
    integerFrom(0),
    3,
    "How many deaths of its worker a task may cause before it fails with KilledWorker.",
  ),

  "scheduler.idle-timeout": key(
    nullable(duration),
    null,
    "A scheduler that has had nothing to do for so long ends, with its workers; null means never.",
  ),
  "scheduler.journal": key(
    nullable(text),
    null,
    "Folder of the journal of `heddle scheduler`, with which it goes on after a restart.",
  ),
  "scheduler.journal-grace": key(
    duration,
    15_000,
    "How long a restarted scheduler waits for the workers that its journal knows.",
  ),
  "scheduler.port": key(integerFrom(0), 8786, "Port that `heddle scheduler` listens on."),
  "scheduler.preload": key(texts, [], "Modules that `heddle scheduler` loads first."),

  "worker.death-timeout": key(
    duration,
    60_000,
    "A worker ends when its scheduler is out of reach for so long.",
  ),
  "worker.lifetime.duration": key(
    nullable(duration),
    null,
    "A worker ends by itself after so long; null means never.",
  ),
  "worker.lifetime.grace": key(
    duration,
    30_000,
    "A worker that is told to end, or whose lifetime is over, may take so long to end its tasks " +
      "and to bring its values to others; 0 ends it at once.",
  ),
  "worker.lifetime.restart": key(
    boolean,
    false,
    "Whether another process takes the place of a worker whose lifetime is over: it joins first, " +
      "so that for a moment there is memory for two.",
  ),
  "worker.lifetime.stagger": key(
    duration,
    0,
    "How much longer or shorter, by chance, the lifetime of each worker is.",
  ),
  "worker.memory.limit": key(
    auto(bytes),
    "auto",
    'Memory of the engine in this process; "auto" takes what the machine or the container gives.',
  ),
  "worker.memory.max-spill": key(
    nullable(bytes),
    null,
    "Most bytes of values that one worker keeps on disk; null means as many as fit.",
  ),
  "worker.memory.pause": key(
    share,
    0.8,
    "A worker process that takes more than this share of its limit gets no more tasks.",
  ),
  "worker.memory.spill": key(
    share,
    0.7,
    "Values go to disk so that a worker process takes at most this share of its limit.",
  ),
  "worker.memory.spill-compression": key(
    oneOf("none", "auto"),
    "none",
    'Whether values of 4 KiB and more are compressed on disk: "auto" takes Zstandard or deflate.',
  ),
  "worker.memory.target": key(
    share,
    0.6,
    "Share of a worker process's memory limit that values may take before they go to disk.",
  ),
  "worker.memory.terminate": key(
    share,
    0.95,
    "A worker process that takes more than this share of its limit is ended and replaced.",
  ),
  "worker.node": key(
    nullable(text),
    null,
    "Path of the Node that runs worker processes; null means the one that starts them.",
  ),
  "worker.preload": key(texts, [], "Modules that each worker process loads first."),
  "worker.resources": key(
    named(numberFrom(0)),
    {},
    "Amounts of named resources that tasks may ask for.",
  ),
  "worker.threads": key(
    auto(integerFrom(1)),
    "auto",
    'Task threads of the embedded engine; "auto" takes one for each processor.',
  ),
  "worker.timeouts.cancelled": key(
    nullable(duration),
    5000,
    "A synchronous task that was cancelled may go on for so long; then its thread is ended, and " +
      "another takes its place. Ten times as long where actors or other tasks live in the thread; " +
      "null means to its own end.",
  ),
  "worker.timeouts.client-gone": key(
    nullable(duration),
    30_000,
    "The same for one whose client is gone, and that nobody else wants.",
  ),
  "worker.validate": key(
    boolean,
    false,
    "Whether the worker poisons freed memory and checks that tasks leave their inputs alone (slow).",
  ),

  "progress.interval": key(duration, 100, "Time between two updates of a bar in a terminal."),
  "progress.line-interval": key(
    duration,
    30_000,
    "Longest time between two progress lines where the output is no terminal.",
  ),
};

/** What is known about a key: one of the schema, or of a section that a user has named. */
export function definitionOf(key: ConfigKey): Definition<unknown> {
  const own = Object.hasOwn(SCHEMA, key) ? SCHEMA[key] : ownSectionKey(key);
  if (own !== undefined) return own as Definition<unknown>;
  throw new HeddleError("InvariantViolated", `${key} is no configuration key`);
}

/** All keys, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = Object.keys(SCHEMA) as ConfigKey[];
