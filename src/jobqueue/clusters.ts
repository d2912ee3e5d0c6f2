/** @file The clusters that users make, one for each batch system. */
import { JobQueueCluster } from "./job-queue-cluster.ts";
import type {
  HTCondorClusterOptions,
  LSFClusterOptions,
  MoabClusterOptions,
  OARClusterOptions,
  PBSClusterOptions,
  SGEClusterOptions,
  SLURMClusterOptions,
} from "./options.ts";

/**
 * Workers as jobs of Slurm. Options that are not given are those of the configuration,
 * `jobqueue.slurm.*`.
 *
 * ```ts
 * const cluster = new SLURMCluster({ cores: 72, processes: 4, memory: "180GB", queue: "regular" });
 * await cluster.scale({ jobs: 2 });
 * const client = new Client(cluster);
 * ```
 */
export class SLURMCluster extends JobQueueCluster {
  constructor(options: SLURMClusterOptions = {}) {
    super("slurm", options);
  }
}

/** Workers as jobs of PBS Professional or OpenPBS; see `SLURMCluster`. */
export class PBSCluster extends JobQueueCluster {
  constructor(options: PBSClusterOptions = {}) {
    super("pbs", options);
  }
}

/** Workers as jobs of Grid Engine; see `SLURMCluster`. */
export class SGECluster extends JobQueueCluster {
  constructor(options: SGEClusterOptions = {}) {
    super("sge", options);
  }
}

/** Workers as jobs of LSF; see `SLURMCluster`. */
export class LSFCluster extends JobQueueCluster {
  constructor(options: LSFClusterOptions = {}) {
    super("lsf", options);
  }
}

/** Workers as jobs of OAR; see `SLURMCluster`. */
export class OARCluster extends JobQueueCluster {
  constructor(options: OARClusterOptions = {}) {
    super("oar", options);
  }
}

/** Workers as jobs of Moab; see `SLURMCluster`. */
export class MoabCluster extends JobQueueCluster {
  constructor(options: MoabClusterOptions = {}) {
    super("moab", options);
  }
}

/** Workers as jobs of HTCondor; see `SLURMCluster`. */
export class HTCondorCluster extends JobQueueCluster {
  constructor(options: HTCondorClusterOptions = {}) {
    super("htcondor", options);
  }
}
