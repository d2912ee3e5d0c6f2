/** @file The command line of a worker that a cluster starts. */

/** What the workers of a cluster of programs may be given. */
export interface WorkerShape {
  readonly nThreads?: number;
  readonly memoryLimit?: number | string;
  readonly localDirectory?: string;
  readonly workerPort?: number | string;
  readonly resources?: Readonly<Record<string, number>>;
}

/** More that they may be given, where that is offered. */
export interface WorkerFlagOptions {
  /** Network interface that workers listen on: `"ib0"`. */
  readonly interface?: string;
  /** A worker ends by itself after so long; default `worker.lifetime.duration`: never. */
  readonly lifetimeMs?: number;
  /** So much longer or shorter, by chance; default `worker.lifetime.stagger`. */
  readonly lifetimeStaggerMs?: number;
  /** Whether another process follows then; default `worker.lifetime.restart`. */
  readonly lifetimeRestart?: boolean;
  /** Workers end when the scheduler is out of reach for so long; default `worker.death-timeout`. */
  readonly deathTimeoutMs?: number;
  /** Modules that each worker loads first. */
  readonly preload?: readonly string[];
  /** Whether a supervisor replaces workers that die (true). */
  readonly nanny?: boolean;
  /** More flags of `heddle worker`, each a word. */
  readonly extraArgs?: readonly string[];
}

/** The flags of `heddle worker` for these. */
export const WORKER_FLAGS: {
  readonly [K in keyof WorkerFlagOptions]-?: (
    value: NonNullable<WorkerFlagOptions[K]>,
  ) => readonly string[];
} = {
  interface: (name) => ["--interface", name],
  lifetimeMs: (ms) => ["--lifetime", `${ms}ms`],
  lifetimeStaggerMs: (ms) => ["--lifetime-stagger", `${ms}ms`],
  lifetimeRestart: (restarts) => (restarts ? ["--lifetime-restart"] : []),
  deathTimeoutMs: (ms) => ["--death-timeout", `${ms}ms`],
  preload: (modules) => modules.flatMap((name) => ["--preload", name]),
  nanny: (has) => (has ? [] : ["--no-nanny"]),
  extraArgs: (words) => words,
};

/** Arguments of `heddle` for the worker of that name. */
export function workerArguments(
  name: string,
  address: string,
  options: WorkerShape & WorkerFlagOptions,
): string[] {
  const { resources = {} } = options;
  const amounts = Object.entries(resources).map(([what, amount]) => `${what}=${amount}`);
  const flags: Readonly<Record<string, string | number | undefined>> = {
    "--nthreads": options.nThreads,
    "--memory-limit": options.memoryLimit,
    "--local-directory": options.localDirectory,
    "--worker-port": options.workerPort,
    "--resources": amounts.length === 0 ? undefined : amounts.join(" "),
  };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, String(value)],
  );
  const names = Object.keys(WORKER_FLAGS) as (keyof WorkerFlagOptions)[];
  const more = names.flatMap((one) => {
    const value = options[one];
    return value === undefined ? [] : WORKER_FLAGS[one](value as never);
  });
  return ["worker", address, "--name", name, ...given, ...more];
}
