/**
 * @file One job of a cluster as it is asked for: everything that the directives of a batch system
 * and the command of its workers are made of, resolved and checked.
 */

/** What a job is to have; sizes are bytes. */
export interface JobShape {
  /** Name that the batch system shows. */
  readonly jobName: string;
  /** Cores of a node for all workers of the job together. */
  readonly cores: number;
  /** Memory on a node for all workers of the job together; without it none is asked for. */
  readonly memoryBytes?: number;
  /** Workers on each node. */
  readonly processes: number;
  /** Nodes of the job (1). */
  readonly nodes: number;
  readonly queue?: string;
  /** Who pays: an account, or a project where the system calls it so. */
  readonly account?: string;
  /** As the user writes it: it goes into the script as it is. */
  readonly walltime?: string;
  /** The command is told so long before the end of the walltime, where the system can (60). */
  readonly warnSeconds?: number;
  /** Place of the logs, on the nodes. */
  readonly logDirectory?: string;
  readonly shebang: string;
  readonly extraDirectives: readonly string[];
  /** Words of directives that are left out. */
  readonly directivesSkip: readonly string[];
  readonly prologue: readonly string[];
  readonly epilogue: readonly string[];
  /** What only some systems know. */
  readonly own: SystemShape;
}

/** Options that only some systems have. */
export interface SystemShape {
  /** PBS, Moab, OAR, Grid Engine: replaces what would be made of cores and memory. */
  readonly resourceSpec?: string;
  /** Slurm: cores to ask for, where they are not those that the workers use. */
  readonly jobCpu?: number;
  /** Slurm: memory to ask for, as Slurm writes it. */
  readonly jobMem?: string;
  /** Slurm: memory for each core or GPU, in place of that of the job. */
  readonly memPerCpu?: string;
  readonly memPerGpu?: string;
  /** LSF: slots to ask for. */
  readonly ncpus?: number;
  /** LSF: bytes to ask for. */
  readonly memBytes?: number;
  /** LSF: unit of its memory limits: kb, mb, gb or tb. */
  readonly lsfUnits?: string;
  /** LSF: the script is its standard input rather than a file (true). */
  readonly useStdin?: boolean;
  /** OAR: the property with the MiB of memory for each core. */
  readonly memoryPerCorePropertyName?: string;
  /** HTCondor: bytes of disk. */
  readonly diskBytes?: number;
  /** HTCondor: more arguments of its commands. */
  readonly submitCommandExtra?: readonly string[];
  readonly cancelCommandExtra?: readonly string[];
  /** HTCondor: more lines of the submit file, by key. */
  readonly extraAttributes?: Readonly<Record<string, string>>;
}

/** The folder of the logs, with one slash at its end, whether the user wrote one or not. */
export function logFolder({ logDirectory }: JobShape): string {
  return `${logDirectory?.replace(/\/*$/, "")}/`;
}
