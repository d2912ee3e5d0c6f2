/** @file The command line of a worker that a cluster starts. */

/** What the workers of a cluster of programs may be given. */
export interface WorkerShape {
  readonly nThreads?: number;
  readonly memoryLimit?: number | string;
  readonly localDirectory?: string;
  readonly workerPort?: number | string;
  readonly resources?: Readonly<Record<string, number>>;
}

/** Arguments of `heddle` for the worker of that name. */
export function workerArguments(name: string, address: string, options: WorkerShape): string[] {
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
  return ["worker", address, "--name", name, ...given];
}
