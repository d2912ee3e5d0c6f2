/** @file The kinds of clusters that there are, by the word that says which one is meant. */
import type { Cluster } from "../cluster/cluster.ts";
import { LocalCluster, type LocalClusterOptions } from "../cluster/local-cluster.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import {
  HTCondorCluster,
  LSFCluster,
  MoabCluster,
  OARCluster,
  PBSCluster,
  SGECluster,
  SLURMCluster,
} from "../jobqueue/clusters.ts";
import type {
  HTCondorClusterOptions,
  LSFClusterOptions,
  MoabClusterOptions,
  OARClusterOptions,
  PBSClusterOptions,
  SGEClusterOptions,
  SLURMClusterOptions,
} from "../jobqueue/options.ts";
import { SSHCluster } from "./ssh-cluster.ts";
import type { SSHClusterOptions } from "./ssh-options.ts";
import { SubprocessCluster, type SubprocessClusterOptions } from "./subprocess-cluster.ts";

/** The options of each kind, which are those of its class. */
export interface KindOptions {
  readonly local: LocalClusterOptions;
  readonly subprocess: SubprocessClusterOptions;
  readonly ssh: SSHClusterOptions;
  readonly slurm: SLURMClusterOptions;
  readonly pbs: PBSClusterOptions;
  readonly sge: SGEClusterOptions;
  readonly lsf: LSFClusterOptions;
  readonly oar: OARClusterOptions;
  readonly moab: MoabClusterOptions;
  readonly htcondor: HTCondorClusterOptions;
}

/** What a cluster runs on: this machine, other hosts, or a batch system. */
export type ClusterKind = keyof KindOptions;

const MAKERS: { readonly [K in ClusterKind]: (options: KindOptions[K]) => Cluster } = {
  local: (options) => new LocalCluster(options),
  subprocess: (options) => new SubprocessCluster(options),
  ssh: (options) => new SSHCluster(options),
  slurm: (options) => new SLURMCluster(options),
  pbs: (options) => new PBSCluster(options),
  sge: (options) => new SGECluster(options),
  lsf: (options) => new LSFCluster(options),
  oar: (options) => new OARCluster(options),
  moab: (options) => new MoabCluster(options),
  htcondor: (options) => new HTCondorCluster(options),
};

/** A cluster of that kind. Errors: `InvalidArgument`, and those of its class. */
export function makeCluster<K extends ClusterKind>(kind: K, options: KindOptions[K]): Cluster {
  if (Object.hasOwn(MAKERS, kind)) return MAKERS[kind](options);
  const kinds = Object.keys(MAKERS);
  const near = nearestName(String(kind), kinds);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new HeddleError(
    "InvalidArgument",
    `there is no kind of cluster ${JSON.stringify(kind)}${hint} Kinds: ${kinds.join(", ")}`,
    { fields: { kind: String(kind) } },
  );
}
