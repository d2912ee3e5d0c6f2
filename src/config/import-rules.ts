/**
 * @file What each key of Dask's `dask.yaml` and `distributed.yaml` is here: a key of ours, with the
 * value as we write it, or the reason why there is none. A rule for `a.b` holds for all of `a.b.*`
 * that have no rule of their own.
 */
import type { ConfigKey } from "./schema.ts";

/** A value as it is written here. */
export interface Translated {
  readonly to: string;
  readonly value: unknown;
  /** What is different all the same. */
  readonly note?: string;
}

/** A value that has no equal here, and why. */
export interface Untranslated {
  readonly reason: string;
}

/** What becomes of a value of Dask's. */
export type Rule = (value: unknown) => Translated | Untranslated;

/** The same value under a key of ours. */
export function as(to: ConfigKey): Rule {
  return (value) => ({ to, value });
}

function changed(to: ConfigKey, change: (value: unknown) => unknown): Rule {
  return (value) => ({ to, value: change(value) });
}

/** Bare numbers are seconds in Dask, and milliseconds here. */
export function seconds(to: ConfigKey): Rule {
  return changed(to, withSeconds);
}

/** Sizes: what Dask switches off by false is null here. */
function nullForFalse(to: ConfigKey): Rule {
  return changed(to, (value) => (value === false ? null : value));
}

function words(to: ConfigKey, meanings: ReadonlyMap<unknown, unknown>): Rule {
  return changed(to, (value) => (meanings.has(value) ? meanings.get(value) : value));
}

export function none(reason: string): Rule {
  return () => ({ reason });
}

/** The time with its unit: Dask's bare numbers are seconds. */
export function withSeconds(value: unknown): unknown {
  const isBare = typeof value === "string" && /^\s*[\d.]+\s*$/.test(value);
  return typeof value === "number" || isBare ? `${String(value).trim()}s` : value;
}

/** Modules, which are Python's there. None are none in any language. */
function modules(to: ConfigKey): Rule {
  return (value) => {
    const list = Array.isArray(value) ? value : [value];
    if (value === null || list.length === 0) return { to, value: [] };
    return { reason: `these are modules of Python; modules of JavaScript are named by ${to}` };
  };
}

function spillCompression(value: unknown): Translated {
  const to = "worker.memory.spill-compression" satisfies ConfigKey;
  if (value === null || value === false || value === "none") return { to, value: "none" };
  if (value === "auto") return { to, value };
  return { to, value: "auto", note: `${String(value)} was asked for; auto takes what is there` };
}

const LOG_LEVELS: ReadonlyMap<string, string> = new Map([
  ["debug", "debug"],
  ["info", "info"],
  ["warn", "warn"],
  ["warning", "warn"],
  ["error", "error"],
  ["critical", "error"],
  ["fatal", "error"],
]);

const OWN_SCHEDULING = "the scheduler decides this by itself, from what it has measured";
const NO_DASHBOARD = "a setting of Dask's dashboard, which is another one";
const ARGUMENTS = "preload modules take no arguments: use environment variables";
const CERTIFICATES =
  "certificates are given where the programs start: --tls-ca-file, --tls-cert and --tls-key, or " +
  "new Security({ … })";
const FUSING = "fusing has no bounds to set: optimization.fuse.active switches it off";
const EXCHANGE = "all-to-all exchanges are bounded by the memory of the workers, without settings";
const SESSIONS = "connections resume by themselves; comm.timeouts says when a peer is lost";
const PYTHON = "about Python alone";
const OWN_LIMIT = "has a bound of its own, which cannot be set";

/** Rules for `dask.yaml`. */
export const DASK_RULES: Readonly<Record<string, Rule>> = {
  "temporary-directory": as("temporary-directory"),
  scheduler: words(
    "scheduler",
    new Map([
      ["synchronous", "sync"],
      ["single-threaded", "sync"],
      ["threading", "threads"],
      ["distributed", "auto"],
      ["dask.distributed", "auto"],
    ]),
  ),
  "num-workers": as("worker.threads"),
  visualization: none("graphs are drawn by the one engine that there is"),
  tokenize: none("tokens are always deterministic"),
  "dataframe.backend": none("frames are DuckDB's"),
  "dataframe.shuffle": none(EXCHANGE),
  "dataframe.parquet": none("Parquet is read by DuckDB, which plans its own reads"),
  "dataframe.convert-string": none("texts are always columns of texts"),
  "dataframe.query-planning": none("plans are always optimised"),
  "array.backend": none("arrays have one implementation"),
  "array.chunk-size": as("array.chunk-size"),
  "array.chunk-size-tolerance": as("array.chunk-size-tolerance"),
  "array.rechunk.method": words(
    "array.rechunk.method",
    new Map<unknown, unknown>([
      [null, "auto"],
      ["p2p", "exchange"],
    ]),
  ),
  "array.rechunk.threshold": as("array.rechunk.threshold"),
  "array.svg.size": as("array.svg.size"),
  "array.slicing": none("rechunk() splits chunks that indexing has made too large"),
  "array.query-planning": none("expressions are always simplified"),
  "optimization.annotations": none("annotations are kept when tasks are fused"),
  "optimization.tune": none("partitions are chosen with the query that reads them"),
  "optimization.fuse.active": changed("optimization.fuse.active", (value) =>
    // Null leaves it to the collection, which means yes for all but frames.
    value === null ? true : value,
  ),
  "optimization.fuse": none(FUSING),
  admin: none(PYTHON),
};

const SCHEDULER_RULES: Readonly<Record<string, Rule>> = {
  "scheduler.allowed-failures": as("scheduler.allowed-failures"),
  "scheduler.bandwidth": none("bandwidth is measured"),
  "scheduler.blocked-handlers": none("messages are of a closed list, and each is checked"),
  "scheduler.contact-address": none("heddle scheduler listens where --host or --interface say"),
  "scheduler.default-data-size": none(OWN_SCHEDULING),
  "scheduler.reuse-broadcast-comm": none(SESSIONS),
  "scheduler.events-cleanup-delay": none(`the log of events ${OWN_LIMIT}`),
  "scheduler.idle-timeout": seconds("scheduler.idle-timeout"),
  "scheduler.no-workers-timeout": none("tasks wait for workers until they are cancelled"),
  "scheduler.work-stealing": none("workers are always balanced"),
  "scheduler.work-stealing-interval": none(OWN_SCHEDULING),
  "scheduler.worker-saturation": none(OWN_SCHEDULING),
  "scheduler.rootish-taskgroup": none(OWN_SCHEDULING),
  "scheduler.rootish-taskgroup-dependencies": none(OWN_SCHEDULING),
  "scheduler.worker-ttl": seconds("comm.timeouts.dead"),
  "scheduler.preload": modules("scheduler.preload"),
  "scheduler.preload-argv": none(ARGUMENTS),
  "scheduler.unknown-task-duration": none(OWN_SCHEDULING),
  "scheduler.default-task-durations": none(OWN_SCHEDULING),
  "scheduler.validate": as("worker.validate"),
  "scheduler.dashboard": none(NO_DASHBOARD),
  "scheduler.locks": none("a lock ends with the task or client that holds it"),
  "scheduler.http": none(NO_DASHBOARD),
  "scheduler.allowed-imports": none(PYTHON),
  "scheduler.active-memory-manager.start": as("scheduler.active-memory-manager.start"),
  "scheduler.active-memory-manager.interval": seconds("scheduler.active-memory-manager.interval"),
  "scheduler.active-memory-manager": none("memory is measured one way, and there is one policy"),
};

const WORKER_RULES: Readonly<Record<string, Rule>> = {
  "worker.blocked-handlers": none("messages are of a closed list, and each is checked"),
  "worker.multiprocessing-method": none(PYTHON),
  "worker.use-file-locking": none("folders of workers are found to be left over without locks"),
  "worker.transfer": none("how much is fetched at once follows from the room that is reserved"),
  "worker.connections": none("how much is fetched at once follows from the room that is reserved"),
  "worker.preload": modules("worker.preload"),
  "worker.preload-argv": none(ARGUMENTS),
  "worker.daemon": none(PYTHON),
  "worker.validate": as("worker.validate"),
  "worker.resources": as("worker.resources"),
  "worker.lifetime.duration": seconds("worker.lifetime.duration"),
  "worker.lifetime.stagger": seconds("worker.lifetime.stagger"),
  "worker.lifetime.restart": as("worker.lifetime.restart"),
  "worker.profile": none("profiles are taken when they are asked for"),
  "worker.memory.recent-to-old-time": none("memory is measured one way"),
  "worker.memory.rebalance": none("rebalance() moves what its arguments say"),
  "worker.memory.transfer": none("room for what is fetched is reserved first"),
  "worker.memory.target": as("worker.memory.target"),
  "worker.memory.spill": as("worker.memory.spill"),
  "worker.memory.pause": as("worker.memory.pause"),
  "worker.memory.terminate": as("worker.memory.terminate"),
  "worker.memory.max-spill": nullForFalse("worker.memory.max-spill"),
  "worker.memory.spill-compression": spillCompression,
  "worker.memory.monitor-interval": none("how often memory is measured cannot be set"),
  "worker.http": none(NO_DASHBOARD),
  "nanny.preload": modules("nanny.preload"),
  "nanny.preload-argv": none(ARGUMENTS),
  "nanny.environ": none("variables of workers are the option environ of the clusters"),
  "nanny.pre-spawn-environ": none(
    "variables of workers are the option environ of the clusters; the threads of BLAS are " +
      "blas.threads, one unless set",
  ),
};

const OTHER_RULES: Readonly<Record<string, Rule>> = {
  version: none("the version of Dask's file"),
  logging: logging,
  "client.direct-to-workers": changed("client.direct-to-workers", (value) => value ?? "auto"),
  "client.heartbeat": none(SESSIONS),
  "client.scheduler-info-interval": none("schedulerInfo() asks the scheduler each time"),
  "client.security-loader": none("certificates and tokens are options of new Client()"),
  "client.preload": none("import what the program needs"),
  "client.preload-argv": none("import what the program needs"),
  "deploy.lost-worker-timeout": none(SESSIONS),
  "deploy.cluster-repr-interval": none(NO_DASHBOARD),
  "adaptive.interval": seconds("adaptive.interval"),
  "adaptive.target-duration": seconds("adaptive.target-duration"),
  "adaptive.minimum": as("adaptive.minimum"),
  "adaptive.maximum": changed("adaptive.maximum", (value) =>
    value === Number.POSITIVE_INFINITY ? null : value,
  ),
  "adaptive.wait-count": as("adaptive.wait-count"),
  "comm.retry": none(SESSIONS),
  "comm.compression": none("values are sent as they are"),
  "comm.shard": none("values are streamed"),
  "comm.offload": none("values are streamed"),
  "comm.default-scheme": none("the scheme is part of an address: tcp://, tls://, unix://"),
  "comm.socket-backlog": none("the system's is taken"),
  "comm.zstd": none("values are sent as they are"),
  "comm.timeouts.connect": none("the option connectTimeoutMs of new Client()"),
  "comm.timeouts.tcp": none("comm.timeouts.suspect and comm.timeouts.dead say what silence means"),
  "comm.require-encryption": none("every connection proves a token; tls:// encrypts it"),
  "comm.tls": none(CERTIFICATES),
  "comm.websockets": none("there are no connections of that kind"),
  diagnostics: none("what is remembered of past work cannot be set"),
  p2p: none(EXCHANGE),
  "dashboard.link": none("dashboardLink names the host by which the scheduler is reached"),
  dashboard: none(NO_DASHBOARD),
  admin: none("what is remembered and measured has bounds of its own, which cannot be set"),
  rmm: none("GPUs are not supported yet"),
  ucx: none("there are no connections of that kind"),
  scheduler: none("Heddle knows no such key of the scheduler"),
  worker: none("Heddle knows no such key of the workers"),
  nanny: none("Heddle knows no such key of the supervisors"),
  client: none("Heddle knows no such key of clients"),
  deploy: none("Heddle knows no such key of clusters"),
  comm: none("Heddle knows no such key of connections"),
};

/** Python's logging: of its loggers, that of all of Dask is the one there is here. */
function logging(value: unknown): Translated | Untranslated {
  const levels = typeof value === "object" && value !== null ? value : {};
  const given = "distributed" in levels ? String(levels.distributed).toLowerCase() : "";
  const level = LOG_LEVELS.get(given);
  if (level === undefined) {
    return { reason: "loggers of Python; log.level is for all programs of a cluster" };
  }
  const others = Object.keys(levels).filter((name) => name !== "distributed");
  const note = `the levels of ${others.join(", ")} have no equal`;
  return { to: "log.level", value: level, ...(others.length === 0 ? {} : { note }) };
}

/** Rules for `distributed.yaml`, whose keys begin with `distributed.`. */
export const DISTRIBUTED_RULES: Readonly<Record<string, Rule>> = {
  ...SCHEDULER_RULES,
  ...WORKER_RULES,
  ...OTHER_RULES,
};
