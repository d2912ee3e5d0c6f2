/**
 * @file `heddle worker`: workers of a cluster on this machine, each a process that a supervisor
 * (this process) looks after; with `--no-nanny` one worker in this process.
 */
import { createSocket } from "node:dgram";
import { availableParallelism, hostname } from "node:os";
import type { EventLog } from "../cluster/event-log.ts";
import { openEventLog } from "../cluster/log.ts";
import { uniqueName } from "../cluster/own-hello.ts";
import { loadPreloads } from "../cluster/preload.ts";
import { remoteOptions } from "../cluster/remote-target.ts";
import { SupervisorLink } from "../cluster/supervisor-link.ts";
import { WorkerPool } from "../cluster/worker-pool.ts";
import { hostWorker } from "../cluster/worker-process.ts";
import type { WorkerSettings } from "../cluster/worker-settings.ts";
import { parseAddress, resolveHost } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import { receive, receiveConfiguration } from "./received.ts";
import { RunFiles } from "./run-files.ts";
import { sharedFileSystem } from "./shared-folder.ts";
import { Shutdown } from "./shutdown.ts";
import { planWorkers, type WorkerFlags, type WorkerPlan } from "./worker-plan.ts";

/** Exit code of a program whose scheduler is out of reach. */
export const NO_CONNECTION = 3;

type Access = Awaited<ReturnType<typeof remoteOptions>>;

/** What the preload modules of a supervisor are given. */
export interface SupervisorContext {
  readonly id: string;
  readonly scheduler: string;
  readonly log: EventLog;
  /** Ends the workers and the supervisor. */
  close(reason: string): void;
}

/** What a program adds that runs workers within itself. */
export interface WorkerHooks {
  /** Whether nothing is said on standard output; default false. */
  readonly quiet?: boolean;
  /** Called when the scheduler has been reached. */
  readonly started?: () => void;
}

/** Runs workers until they end; resolves to the exit code. */
export async function runWorker(
  address: string | undefined,
  flags: WorkerFlags,
  version: string,
  hooks: WorkerHooks = {},
): Promise<number> {
  const { schedulerFile } = flags;
  if ((address === undefined) === (schedulerFile === undefined)) {
    throw new HeddleError(
      "InvalidArgument",
      "heddle worker takes either the scheduler's address, such as tcp://host:8786, or " +
        "--scheduler-file with the file that the scheduler has written",
    );
  }
  // Batch systems warn while a worker waits for its scheduler, too.
  const shutdown = new Shutdown({ isStarting: true });
  receiveConfiguration();
  const first = planWorkers(flags, process.cwd(), availableParallelism());
  const { token, security, deathMs } = first;
  const target = { address, schedulerFile, token, security, connectTimeoutMs: deathMs };
  const access = await remoteOptions(target);
  receive(access.configuration);
  const plan = planWorkers(flags, process.cwd(), availableParallelism());
  // The processes of the workers, and whoever ends them, have it from the configuration.
  config.set({ "worker.lifetime.grace": plan.graceMs });
  const log = openEventLog(
    flags.nanny ? "supervisor" : "worker",
    config.get("log.level"),
    plan.format,
  );
  if (flags.nannyPort !== undefined) {
    log.warn("--nanny-port has no effect: supervisors open no port");
  }
  const shared = sharedFileSystem(plan.localDirectory);
  if (shared !== undefined) {
    log.warn("{folder} is on {shared}, which is slow for spilled data: --local-directory", {
      folder: plan.localDirectory,
      shared,
    });
  }
  const files = new RunFiles();
  try {
    if (flags.pidFile !== undefined) files.writePid(flags.pidFile);
    const makeSettings = await settingsMaker(flags, plan, access);
    const run = flags.nanny ? supervise : runAlone;
    return await run({ flags, plan, access, log, makeSettings, version, hooks, shutdown });
  } finally {
    files.remove();
    shutdown.release();
  }
}

interface Run {
  readonly shutdown: Shutdown;
  readonly flags: WorkerFlags;
  readonly plan: WorkerPlan;
  readonly access: Access;
  readonly log: EventLog;
  readonly makeSettings: (index: number, supervisor?: string) => WorkerSettings;
  readonly version: string;
  readonly hooks: WorkerHooks;
}

/** Workers in processes of their own. */
async function supervise({
  flags,
  plan,
  access,
  log,
  makeSettings,
  version,
  hooks,
  shutdown,
}: Run): Promise<number> {
  const id = uniqueName("supervisor");
  const preloads = await loadPreloads(plan.preloadNanny);
  if (flags.endWithStdin === true) shutdown.endWithStdin();
  const link = await SupervisorLink.open({ ...access, id, deathMs: plan.deathMs });
  link.onEnded = (end) => {
    if (end.kind === "stopped") shutdown.ask({ reason: end.reason, exitCode: 0 });
    else shutdown.ask({ reason: end.error.message, exitCode: NO_CONNECTION });
  };
  const pool = new WorkerPool((index) => makeSettings(index, id), {
    died: (name, death) => {
      const level = death.cause === "expected" ? "info" : "error";
      log[level]("{reason}", { worker: name, ...death });
      link.workerDied(name, death);
    },
    gone: (name, reason, isFailure) => {
      const text = isFailure
        ? "worker {name} cannot be started: {reason}"
        : "worker {name} has left: {reason}";
      log[isFailure ? "error" : "info"](text, { name, reason });
      link.changed();
      if (pool.names.length > 0) return;
      shutdown.ask({ reason: "no worker is left", exitCode: isFailure ? 1 : 0 });
    },
  });
  shutdown.begin();
  shutdown.atOnce = () => {
    for (const pid of pool.pids) process.kill(pid, "SIGKILL");
  };
  const close = (reason: string): void => shutdown.ask({ reason, exitCode: 0 });
  const context: SupervisorContext = { id, scheduler: access.address, log, close };
  let reason = "it could not begin";
  try {
    await preloads.setup(context);
    await pool.scale(plan.workers);
    link.serve(pool);
    const facts = { id, scheduler: access.address, workers: pool.names, version };
    announce(flags, plan, facts, hooks);
    const ending = await shutdown.asked;
    reason = ending.reason;
    log.info("the workers end: {reason}", { reason });
    // With a scheduler that goes, or is gone, there is nobody to bring values to.
    await pool.close({ graceMs: link.isOpen ? config.get("worker.lifetime.grace") : 0 });
    await preloads.teardown(context, log);
    return ending.exitCode;
  } finally {
    await pool.close();
    await link.close(reason);
  }
}

/** One worker in this process, which nobody replaces. */
async function runAlone({
  flags,
  plan,
  access,
  log,
  makeSettings,
  version,
  hooks,
  shutdown,
}: Run): Promise<number> {
  if (flags.endWithStdin === true) shutdown.endWithStdin();
  const settings = makeSettings(0);
  let hasEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    hasEnded = resolve;
  });
  shutdown.begin();
  const worker = await hostWorker(settings, ({ reason, restart }) => {
    hasEnded();
    // A worker that its supervisor would replace has lost its scheduler.
    shutdown.ask({ reason, exitCode: restart && plan.lifetime === undefined ? NO_CONNECTION : 0 });
  });
  const scheduler = access.address;
  const facts = { id: settings.name, scheduler, workers: [worker.name], version };
  announce(flags, plan, facts, hooks);
  const { reason, exitCode } = await shutdown.asked;
  log.info("the worker ends: {reason}", { reason });
  await worker.leave(reason);
  await ended;
  return exitCode;
}

/** The first line: JSON for programs, words for people. */
function announce(
  { json }: WorkerFlags,
  { threads, memoryLimitBytes, isLimited }: WorkerPlan,
  facts: {
    readonly id: string;
    readonly scheduler: string;
    readonly workers: readonly string[];
    readonly version: string;
  },
  { quiet, started }: WorkerHooks,
): void {
  started?.();
  if (quiet === true) return;
  const { version, workers, scheduler } = facts;
  const type = "worker";
  const own = { type, ...facts, pid: process.pid, host: hostname(), threads, memoryLimitBytes };
  const memory = isLimited ? formatBytes(memoryLimitBytes) : "no memory limit";
  const line =
    json === true
      ? JSON.stringify(own)
      : `heddle ${version}: ${workers.length} workers of ${threads} threads and ${memory} for ` +
        `${scheduler} (pid ${process.pid})`;
  process.stdout.write(`${line}\n`);
}

/** What each worker is started with. */
async function settingsMaker(
  { name }: WorkerFlags,
  plan: WorkerPlan,
  { address, token, security }: Access,
): Promise<Run["makeSettings"]> {
  const { listen = await ownAddress(address, plan.ports) } = plan;
  const stem = name ?? uniqueName(hostname());
  const { contact, dashboardAddress, workers } = plan;
  // Of a lifetime that ends the worker for good, processes that follow one that died have the rest.
  const begunMs = plan.lifetime?.restart === false ? { begunMs: Date.now() } : {};
  const lifetime = plan.lifetime && { ...plan.lifetime, ...begunMs };
  return (index, supervisor) => ({
    name: name !== undefined && workers === 1 && index === 0 ? name : `${stem}-${index}`,
    scheduler: [address],
    listen: [listen],
    threads: plan.threads,
    memoryLimitBytes: plan.memoryLimitBytes,
    isLimited: plan.isLimited,
    resources: plan.resources,
    localDirectory: plan.localDirectory,
    configuration: config.serialize(),
    validate: plan.validate,
    environ: {},
    nodeOptions: [],
    deathMs: plan.deathMs,
    preload: plan.preload,
    log: plan.format,
    ...(token === undefined ? {} : { token }),
    ...(security === undefined ? {} : { security: security.withTexts() }),
    ...(contact === undefined ? {} : { contact }),
    ...(dashboardAddress === undefined ? {} : { dashboardAddress }),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(supervisor === undefined ? {} : { supervisor }),
  });
}

/** An address to listen on: the one from which the scheduler is reached. */
async function ownAddress(scheduler: string, ports: string): Promise<string> {
  const address = parseAddress(scheduler);
  if (!("host" in address)) return `tcp://127.0.0.1:${ports}`;
  const host = await sourceAddress(resolveHost(address.host), address.port);
  return `${address.scheme}://${host.includes(":") ? `[${host}]` : host}:${ports}`;
}

/** The address from which packets to the host go out. Nothing is sent. */
async function sourceAddress(host: string, port: number): Promise<string> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  try {
    return await new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.connect(port, host, () => resolve(socket.address().address));
    });
  } catch (cause) {
    throw new HeddleError(
      "ConnectFailed",
      `${host} cannot be reached from this host; --host says where workers listen`,
      { cause },
    );
  } finally {
    socket.close();
  }
}
