/** @file The command that runs the workers of one node of a job. */
import { MAIN } from "./scheduler-command.ts";
import { expanded, quoted } from "./shell-text.ts";

/** What the workers of a node are told. */
export interface NodeWorkers {
  /** Path of Node on the nodes. */
  readonly node: string;
  /** In place of Node and Heddle's own file, as the shell writes it. */
  readonly workerCommand?: string | undefined;
  readonly connectionFile: string;
  /** Name of the workers, or what their names begin with: text for the shell. */
  readonly name: string;
  readonly processes: number;
  readonly threads: number;
  /** Of each worker; undefined: its share of the node. */
  readonly memoryBytes: number | undefined;
  readonly deathMs: number;
  readonly lifetime?: { readonly ms: number; readonly staggerMs: number } | undefined;
  /** Those that are to end may take so long; undefined: as the configuration says. */
  readonly graceMs?: number | undefined;
  readonly localDirectory?: string | undefined;
  readonly interface?: string | undefined;
  readonly resources: Readonly<Record<string, number>>;
  readonly nanny: boolean;
  readonly extraArgs: readonly string[];
}

/** A line for the shell. */
export function workerCommand(workers: NodeWorkers): string {
  const { resources, lifetime, processes, nanny, memoryBytes } = workers;
  const amounts = Object.entries(resources).map(([name, amount]) => `${name}=${amount}`);
  const flags: Readonly<Record<string, string | undefined>> = {
    "--scheduler-file": expanded(workers.connectionFile),
    "--name": `"${workers.name}"`,
    "--nworkers": processes === 1 ? undefined : String(processes),
    "--nthreads": String(workers.threads),
    "--memory-limit": memoryBytes === undefined ? undefined : sizeText(memoryBytes),
    "--death-timeout": spanText(workers.deathMs),
    "--lifetime": lifetime && spanText(lifetime.ms),
    "--lifetime-stagger": lifetime && spanText(lifetime.staggerMs),
    "--lifetime-grace": workers.graceMs === undefined ? undefined : spanText(workers.graceMs),
    "--local-directory": maybe(workers.localDirectory),
    "--interface": maybe(workers.interface),
    "--resources": amounts.length === 0 ? undefined : quoted(amounts.join(" ")),
  };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`${flag} ${value}`],
  );
  const program = workers.workerCommand ?? `${expanded(workers.node)} ${quoted(MAIN)} worker`;
  const extra = workers.extraArgs.map(expanded);
  return [program, ...given, ...(nanny ? [] : ["--no-nanny"]), ...extra].join(" ");
}

function maybe(text: string | undefined): string | undefined {
  return text === undefined ? undefined : expanded(text);
}

/** Whole MiB, rounded down: a worker must not take more than its part. */
function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 ? `${Math.floor(bytes / 2 ** 20)}MiB` : String(bytes);
}

/** Whole seconds, rounded up where that says the same. */
function spanText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`;
}
