/** @file What a worker process is started with; travels to it by a private channel. */
import type { SecurityOptions } from "../comm/index.ts";

/** Lines for people, or JSON. */
export type LogFormat = "text" | "json";

/** How long a worker lives before it ends by itself. */
export interface Lifetime {
  readonly ms: number;
  /** So much more or less, by chance: workers that began together do not end together. */
  readonly staggerMs: number;
  /** Whether another process takes its place. */
  readonly restart: boolean;
  /** Since when it counts (`Date.now()`); unless given, since the process began. */
  readonly begunMs?: number;
}

/** How long a worker that begins now lives; `chance` is from 0 to 1. */
export function lifeLeftMs(lifetime: Lifetime, nowMs: number, chance: number): number {
  const { ms, staggerMs, begunMs = nowMs } = lifetime;
  return Math.max(0, ms + (2 * chance - 1) * staggerMs - (nowMs - begunMs));
}

export interface WorkerSettings {
  /** Unique in the cluster; the same for the processes that follow each other. */
  readonly name: string;
  /** The scheduler's addresses, best first. */
  readonly scheduler: readonly string[];
  readonly token?: string;
  /** Certificates, as texts: the process may not see the files. */
  readonly security?: SecurityOptions;
  /** Where the worker listens for those who fetch values. */
  readonly listen: readonly string[];
  /** Where they reach it, if not there. */
  readonly contact?: string;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Whether the process is ended when it takes more than that (true). */
  readonly isLimited?: boolean;
  readonly resources: Readonly<Record<string, number>>;
  readonly localDirectory: string;
  /** `config.serialize()` of whoever starts it. */
  readonly configuration: string;
  readonly validate: boolean;
  readonly environ: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
  /** The worker ends when the scheduler is out of reach for so long, at the start or later. */
  readonly deathMs?: number;
  /** The supervisor's id. */
  readonly supervisor?: string;
  readonly lifetime?: Lifetime;
  /** Process of the same name whose place it takes, and which ends as soon as it is there. */
  readonly follows?: number;
  /** Where its state is shown over HTTP; nowhere unless given. */
  readonly dashboardAddress?: string;
  /** Modules that are loaded first, as URLs. */
  readonly preload?: readonly string[];
  /** How the worker writes what happens to it on stderr; it writes nothing unless given. */
  readonly log?: LogFormat;
}
