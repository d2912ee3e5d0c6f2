/**
 * @file The script of a cluster on PBS at a site with directives of its own (Gadi, Australia): 48
 * cores and 192 GB a job, InfiniBand between workers, modules, and the node's own folder for what
 * does not fit into memory. `await cluster.scale({ jobs: 2 })` would submit two.
 */
import { PBSCluster } from "heddle/jobqueue";

await using cluster = new PBSCluster({
  walltime: "00:20:00",
  cores: 48,
  memory: "192GB",
  shebang: "#!/usr/bin/env bash",
  // What the site asks for, in place of "-l select=...".
  jobExtraDirectives: ["-q normal", "-P vp91", "-l ncpus=48", "-l mem=192GB"],
  jobDirectivesSkip: ["select"],
  localDirectory: "$TMPDIR",
  interface: "ib0",
  // The scheduler is here, where there may be no InfiniBand.
  schedulerOptions: { host: "0.0.0.0" },
  jobScriptPrologue: ["module use /g/data/vp91/modules", "module load node/20"],
  node: "/g/data/vp91/node/bin/node",
  dashboardAddress: null,
});
console.log(cluster.jobScript());
