/** @file Plans of jobs, for tests of what carries them out. */
import type { JobPlan } from "../../src/jobqueue/plan.ts";
import type { SystemName } from "../../src/jobqueue/system.ts";
import { SYSTEMS } from "../../src/jobqueue/systems/index.ts";

/** One worker of one thread in each job. */
export function planOf(system: SystemName): JobPlan {
  return {
    system: SYSTEMS[system],
    shape: {
      jobName: "work",
      cores: 1,
      memoryBytes: 1e9,
      processes: 1,
      nodes: 1,
      shebang: "#!/bin/sh",
      extraDirectives: [],
      directivesSkip: [],
      prologue: [],
      epilogue: [],
      own: {},
    },
    settings: {},
    group: "default",
    prefix: "c",
    workersPerJob: 1,
    threadsPerWorker: 1,
    memoryPerWorkerBytes: 1e9,
    script: "#!/bin/sh\nexec worker\n",
  };
}
