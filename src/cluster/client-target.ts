/**
 * @file What a client is made of: a cluster that runs, the engine in this process, or one that
 * begins and ends with the client.
 */
import type { Security } from "../comm/security.ts";
import { HeddleError } from "../core/errors.ts";
import { isPlain } from "../core/lazy-values.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { checkName, checkTimeMs, refuseGiven } from "./check-given.ts";
import { defaultEngine } from "./default-engine.ts";
import { type EngineHandle, type EngineOptions, embeddedEngine, startEngine } from "./embedded.ts";
import { textOf } from "./given.ts";
import { LocalCluster, type LocalClusterOptions } from "./local-cluster.ts";
import { RemoteEngine } from "./remote-engine.ts";

/**
 * How to connect: to a running cluster (`address`, `schedulerFile`), to the engine in this process
 * (`embedded`), or to one that begins and ends with the client: an engine in this process where
 * anything of `EngineOptions` is given, else a local cluster. A program that was launched as part
 * of a cluster (`initialize` of `heddle/mpi`) connects to that one unless told otherwise.
 */
export interface ClientOptions extends EngineOptions {
  /** A client of the embedded engine that this process shares. */
  readonly embedded?: boolean;
  /** Address of a scheduler, such as `"tcp://host:8786"`. */
  readonly address?: string;
  /** A file that says where the scheduler is; the scheduler writes it (`--scheduler-file`). */
  readonly schedulerFile?: string;
  /**
   * The cluster's token; default that of the scheduler's file, or the environment's `HEDDLE_TOKEN`.
   */
  readonly token?: string;
  /** Certificates, where the cluster has them. */
  readonly security?: Security;
  /** Time for the first connection; default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Whether `compute` and `persist` use this client when none is named; default true. */
  readonly setAsDefault?: boolean;
}

/** What a client may be made of: an address, options, a cluster, or what has an engine. */
export type ClientTarget = string | ClientOptions | { readonly engine: EngineHandle };

/** Options as an object. */
export function asOptions(target: string | ClientOptions): ClientOptions {
  return typeof target === "string" ? { address: target } : target;
}

/** The engine of a client. */
export interface Target {
  readonly handle: EngineHandle;
  /** Set where it begins and ends with the client. */
  readonly end?: () => Promise<void>;
}

/** Finds or starts the engine. Throws `InvalidArgument` for options that do not fit. */
export function engineFor(target: ClientTarget): Target {
  if (typeof target === "object" && target !== null && "engine" in target) {
    return { handle: target.engine };
  }
  if (typeof target !== "string") checkOptions(target);
  const { embedded, setAsDefault: _, ...rest } = asOptions(target);
  const { address, schedulerFile, token, security, connectTimeoutMs, ...own } = rest;
  if (address !== undefined || schedulerFile !== undefined) {
    if (embedded === true) throw contradiction("embedded: true", "an address or schedulerFile");
    const cluster = { address, schedulerFile, token, security, connectTimeoutMs };
    checkNothingElse(own);
    const giveUp = new AbortController();
    const options = import("./remote-target.ts").then(async ({ remoteOptions }) => {
      return await remoteOptions(cluster, giveUp.signal);
    });
    const handle = new RemoteEngine(options);
    const end = async (): Promise<void> => {
      giveUp.abort();
      await handle.close();
    };
    return { handle, end };
  }
  const access = Object.entries({ token, security, connectTimeoutMs });
  const useless = access.find(([, value]) => value !== undefined)?.[0];
  if (useless !== undefined) throw needsAddress(useless);
  if (Object.values(own).some((value) => value !== undefined)) {
    if (embedded === false) throw contradiction("embedded: false", Object.keys(own).join(", "));
    return owned(startEngine(own));
  }
  if (embedded === true) return { handle: embeddedEngine() };
  const started = defaultEngine();
  if (started !== undefined) return { handle: started };
  const cluster = new LocalCluster();
  return { handle: cluster.engine, end: async () => await cluster.close() };
}

/** Throws `InvalidArgument` for values that can have no meaning. */
function checkOptions(options: ClientOptions): void {
  const given: unknown = options;
  if (typeof given === "object" && given !== null && !isPlain(given)) {
    refuseGiven("new Client: its argument", given, "an address, a cluster, or options");
  }
  checkNotOfCluster(options);
  checkOptionNames("Client", options, CLIENT_OPTIONS);
  for (const name of ["embedded", "setAsDefault", "validate"] as const) {
    checkFlag("new Client", name, options[name]);
  }
  for (const name of ["address", "schedulerFile"] as const) {
    if (options[name] !== undefined) checkName(`new Client: ${name}`, options[name]);
  }
  // What its form must be, is checked where it is used; it is not shown.
  if (!["string", "undefined"].includes(typeof options.token)) {
    throw new HeddleError("InvalidArgument", "new Client: token is not a text");
  }
  checkTimeMs("new Client: connectTimeoutMs", options.connectTimeoutMs);
}

/** Points to where the options of a local cluster belong. */
function checkNotOfCluster(options: unknown): void {
  if (typeof options !== "object" || options === null) return;
  const name = Object.keys(options).find((key) => CLUSTER_OPTIONS.includes(key));
  if (name === undefined) return;
  throw new HeddleError(
    "InvalidArgument",
    `Client has no option "${name}", which is one of a cluster: new Client(new LocalCluster(` +
      `{ ${name}: ${textOf(Reflect.get(options, name))} }))`,
    { fields: { option: name } },
  );
}

function contradiction(one: string, other: string): HeddleError<"InvalidArgument"> {
  return new HeddleError(
    "InvalidArgument",
    `new Client: ${one} contradicts ${other}: give one of them`,
  );
}

function needsAddress(name: string): HeddleError<"InvalidArgument"> {
  return new HeddleError(
    "InvalidArgument",
    `new Client: ${name} is for a cluster that runs already: give its address or schedulerFile, ` +
      `or leave ${name} out`,
    { fields: { option: name } },
  );
}

function owned(handle: EngineHandle): Target {
  return { handle, end: async () => await handle.close() };
}

/** A cluster that runs already has its sizes. */
function checkNothingElse(own: EngineOptions): void {
  const name = Object.entries(own).find(([, value]) => value !== undefined)?.[0];
  if (name === undefined) return;
  throw new HeddleError(
    "InvalidArgument",
    `${name} cannot be chosen for a cluster that runs already: leave it out, or leave the address ` +
      "out to have an engine of the client's own",
  );
}

/** Options that a local cluster has and a client has not. */
const CLUSTER_OPTIONS: readonly string[] = [
  "nWorkers",
  "threadsPerWorker",
  "processes",
] satisfies (keyof LocalClusterOptions)[];

const CLIENT_OPTIONS = [
  "embedded",
  "address",
  "schedulerFile",
  "token",
  "security",
  "connectTimeoutMs",
  "setAsDefault",
  "threads",
  "memoryLimit",
  "resources",
  "localDirectory",
  "validate",
  "threadHeapMb",
] satisfies (keyof ClientOptions)[];
