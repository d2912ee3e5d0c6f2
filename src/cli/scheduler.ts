/**
 * @file `heddle scheduler`: a scheduler in a process of its own, which leaves word of how it is
 * reached and ends in order.
 */
import { mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { ClusterScheduler } from "../cluster/cluster-scheduler.ts";
import type { EventLog } from "../cluster/event-log.ts";
import { journalToken } from "../cluster/journal/journal-folder.ts";
import { openEventLog } from "../cluster/log.ts";
import { ownHello, uniqueName } from "../cluster/own-hello.ts";
import { loadPreloads, resolvePreloads } from "../cluster/preload.ts";
import { defaultConnectionFile } from "../cluster/remote-target.ts";
import {
  type ConnectionInfo,
  contactAddresses,
  makeToken,
  parseAddress,
  readConnectionFile,
  Security,
} from "../comm/index.ts";
import { config } from "../config/config.ts";
import {
  type ListenFlags,
  listenAddress,
  portsOf,
  type SecurityFlags,
  securityOf,
  timeOrConfig,
  tokenOf,
} from "./flags.ts";
import { receive, receiveConfiguration } from "./received.ts";
import { RunFiles, sweepConnections } from "./run-files.ts";
import { Shutdown } from "./shutdown.ts";

export interface SchedulerFlags extends ListenFlags, SecurityFlags {
  readonly port?: string;
  readonly schedulerFile?: string;
  /** Token, certificates and configuration, as in a connection file; removed when it is read. */
  readonly accessFile?: string;
  readonly pidFile?: string;
  readonly dashboardAddress?: string;
  readonly dashboard?: boolean;
  readonly idleTimeout?: string;
  readonly journal?: string;
  readonly preload?: string[];
  readonly json?: boolean;
  readonly endWithStdin?: boolean;
}

/** What the preload modules of a scheduler are given. */
export interface SchedulerContext {
  readonly id: string;
  readonly address: string;
  readonly log: EventLog;
  /** Ends the scheduler and its workers, and the program with this exit code (0). */
  close(reason: string, exitCode?: number): void;
}

/** What a program gives that runs a scheduler within itself. */
export interface SchedulerHooks {
  /** Token and certificates in place of those that flags name. */
  readonly access?: { readonly token: string; readonly security: Security | undefined };
  /** More files in which to leave how it is reached. */
  readonly files?: readonly string[];
  /** More facts for those files. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Whether nothing is said on standard output; default false. */
  readonly quiet?: boolean;
  /** Called when it listens, before the files say so. */
  readonly listens?: (scheduler: SchedulerContext) => void;
}

/** Runs a scheduler until it ends; resolves to the exit code. */
export async function runScheduler(
  flags: SchedulerFlags,
  version: string,
  hooks: SchedulerHooks = {},
): Promise<number> {
  receiveConfiguration();
  const plan = { ...planScheduler(flags), ...hooks.access };
  const log = openEventLog("scheduler", config.get("log.level"), plan.format);
  const preloads = await loadPreloads(plan.preload);
  const id = uniqueName("scheduler");
  const { security, token, address } = plan;
  const shutdown = new Shutdown();
  if (flags.endWithStdin === true) shutdown.endWithStdin();
  const files = new RunFiles();
  const close = (reason: string, exitCode = 0): void => shutdown.ask({ reason, exitCode });
  const scheduler = await ClusterScheduler.start({
    address,
    token,
    security,
    hello: ownHello("scheduler", id, {}),
    allowedFailures: config.get("scheduler.allowed-failures"),
    journal: plan.journal,
    shutDown: () => close("a client has shut it down"),
    log,
  });
  let reason = "it could not begin";
  try {
    if (plan.dashboardAddress !== null) await scheduler.showStatus(plan.dashboardAddress);
    const { dashboardLink } = scheduler;
    const context: SchedulerContext = { id, address: scheduler.address, log, close };
    hooks.listens?.(context);
    leaveWord(files, scheduler.address, plan, flags, { id, version, dashboardLink, hooks });
    await preloads.setup(context);
    const stopWatching = endWhenIdle(scheduler, plan.idleTimeoutMs, close);
    const ending = await shutdown.asked;
    stopWatching();
    reason = ending.reason;
    log.info("the scheduler ends: {reason}", { reason });
    await preloads.teardown(context, log);
    return ending.exitCode;
  } finally {
    await scheduler.close(`the scheduler ends: ${reason}`);
    files.remove();
    shutdown.release();
  }
}

interface OwnFacts {
  readonly id: string;
  readonly version: string;
  /** With the token: for files that only this user may read. */
  readonly dashboardLink: string | undefined;
  readonly hooks: SchedulerHooks;
}

/** Files that say how the scheduler is reached, and the first line. */
function leaveWord(
  files: RunFiles,
  address: string,
  plan: SchedulerPlan,
  flags: SchedulerFlags,
  { id, version, dashboardLink, hooks }: OwnFacts,
): void {
  const facts = { id, type: "scheduler", pid: process.pid, host: hostname(), version };
  const connectionFile = defaultConnectionFile(address);
  mkdirSync(dirname(connectionFile), { recursive: true, mode: 0o700 });
  sweepConnections(dirname(connectionFile));
  const dashboard = dashboardLink === undefined ? {} : { dashboard: dashboardLink };
  const info = connectionInfo(address, plan, { ...facts, ...dashboard, ...hooks.facts });
  const asked = flags.schedulerFile === undefined ? [] : [flags.schedulerFile];
  const more = hooks.files ?? [];
  for (const path of [connectionFile, ...asked, ...more]) files.writeConnection(path, info);
  if (flags.pidFile !== undefined) files.writePid(flags.pidFile);
  if (hooks.quiet === true) return;
  const line =
    flags.json === true
      ? JSON.stringify({ ...facts, address, connectionFile })
      : `heddle ${version} scheduler at ${address} (pid ${process.pid}; see ${connectionFile})`;
  process.stdout.write(`${line}\n`);
}

interface SchedulerPlan {
  readonly address: string;
  readonly security: Security | undefined;
  readonly token: string | undefined;
  /** Null: no status port. */
  readonly dashboardAddress: string | null;
  readonly idleTimeoutMs: number | null;
  readonly journal: string | undefined;
  readonly preload: readonly string[];
  readonly format: "json" | "text";
}

/** What the flags ask for. Errors: of flags and files. */
export function planScheduler(flags: SchedulerFlags): SchedulerPlan {
  const given = flags.accessFile === undefined ? undefined : takeAccess(flags.accessFile);
  const security = given?.security ? new Security(given.security) : securityOf(flags);
  const { protocol = security === undefined ? "tcp" : "tls" } = flags;
  const ports = portsOf("--port", flags.port ?? String(config.get("scheduler.port")));
  const address = listenAddress({ ...flags, protocol }, "0.0.0.0", ports);
  parseAddress(address);
  const journal = flags.journal ?? config.get("scheduler.journal") ?? undefined;
  const preload = flags.preload ?? config.get("scheduler.preload");
  return {
    address,
    security,
    // Certificates alone are enough; without them there has to be a token.
    token: given?.token ?? tokenOf(flags) ?? (protocol === "tls" ? undefined : ownToken(journal)),
    journal,
    dashboardAddress: flags.dashboard === false ? null : (flags.dashboardAddress ?? ":8787"),
    idleTimeoutMs: timeOrConfig("--idle-timeout", flags.idleTimeout, "scheduler.idle-timeout"),
    preload: resolvePreloads(preload, process.cwd()),
    format: flags.json === true ? "json" : "text",
  };
}

/** What whoever starts this program leaves for it alone. */
function takeAccess(path: string): ConnectionInfo {
  const info = readConnectionFile(path);
  receive(info.configuration);
  rmSync(path, { force: true });
  return info;
}

/** A token of its own: with a journal the same after each start, so that workers come back. */
function ownToken(journal: string | undefined): string {
  if (journal === undefined) return makeToken();
  return journalToken(journal);
}

function connectionInfo(
  address: string,
  { token, security, address: asked }: SchedulerPlan,
  facts: Readonly<Record<string, unknown>>,
): ConnectionInfo {
  const addresses = contactAddresses(asked, address);
  return {
    address,
    ...(addresses.length > 1 ? { addresses } : {}),
    ...(token === undefined ? {} : { token }),
    // Paths: whoever may read the files may connect.
    ...(security === undefined ? {} : { security: security.options }),
    // A cluster's configuration reaches its workers with the file by which they find it.
    ...(config.hasReceived ? { configuration: config.serializeForHosts() } : {}),
    facts,
  };
}

/** Ends a scheduler that has had nothing to do for so long; the result stops watching. */
function endWhenIdle(
  scheduler: ClusterScheduler,
  timeoutMs: number | null,
  end: (reason: string) => void,
): () => void {
  if (timeoutMs === null) return () => undefined;
  const { state } = scheduler.host.machine;
  let transitions = -1;
  let sinceMs = performance.now();
  const timer = setInterval(
    () => {
      if (!scheduler.isIdle || state.transitions !== transitions) {
        sinceMs = performance.now();
        transitions = state.transitions;
      } else if (performance.now() - sinceMs >= timeoutMs) {
        end(`it had nothing to do for ${timeoutMs / 1000} s (--idle-timeout)`);
      }
    },
    Math.max(10, Math.min(1000, timeoutMs / 4)),
  );
  return () => clearInterval(timer);
}
