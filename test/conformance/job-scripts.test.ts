/**
 * @file The scripts of jobs: those of two programs that people have written for dask-jobqueue, and
 * what each option of each class adds to a script or takes away.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { JobSystem } from "../../src/config/jobqueue-keys.ts";
import { makePlan } from "../../src/jobqueue/make-plan.ts";
import { jobOptionNames } from "../../src/jobqueue/option-names.ts";
import type {
  HTCondorClusterOptions,
  JobQueueOptions,
  LSFClusterOptions,
  OARClusterOptions,
  PBSClusterOptions,
  SGEClusterOptions,
  SLURMClusterOptions,
} from "../../src/jobqueue/options.ts";
import { MAIN } from "../../src/jobqueue/scheduler-command.ts";

beforeAll(() => {
  vi.stubEnv("HEDDLE_NODE", "NODE");
  vi.stubEnv("LSF_ENVDIR", "/nowhere");
});
afterAll(() => {
  vi.unstubAllEnvs();
});

function script(system: JobSystem, options: JobQueueOptions): string {
  const access = { connectionFile: "FILE", clusterName: "work" };
  return makePlan(system, options, access).script.replaceAll(MAIN, "HEDDLE");
}

describe("programs written for dask-jobqueue", () => {
  test("Slurm from a notebook: 72 cores are 4 workers of 18 threads", () => {
    const options: SLURMClusterOptions = {
      cores: 72,
      processes: 4,
      memory: "4GB",
      walltime: "00:30:00",
      localDirectory: "/u/me/test",
      logDirectory: "/u/me/test",
    };
    expect(script("slurm", options)).toBe(`#!/usr/bin/env bash

#SBATCH -J heddle-worker
#SBATCH -e /u/me/test/heddle-worker-%J.err
#SBATCH -o /u/me/test/heddle-worker-%J.out
#SBATCH -n 1
#SBATCH -N 1
#SBATCH --cpus-per-task=72
#SBATCH --mem=4G
#SBATCH -t 00:30:00
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@30
exec NODE HEDDLE worker --scheduler-file FILE --name "work-\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\
\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}" --nworkers 4 --nthreads 18 --memory-limit 905MiB \
--death-timeout 60s --lifetime 1620s --lifetime-stagger 60s --lifetime-grace 110s \
--local-directory /u/me/test
`);
  });

  test("PBS on Gadi: the site's own directives, InfiniBand, modules, the node's $TMPDIR", () => {
    const options: PBSClusterOptions = {
      walltime: "00:20:00",
      cores: 48,
      memory: "192GB",
      shebang: "#!/usr/bin/env bash",
      jobExtraDirectives: ["-q normal", "-P vp91", "-l ncpus=48", "-l mem=192GB"],
      localDirectory: "$TMPDIR",
      jobDirectivesSkip: ["select"],
      interface: "ib0",
      jobScriptPrologue: ["module use /g/data/vp91/modules", "module load node/20"],
      node: "/g/data/vp91/node/bin/node",
    };
    expect(script("pbs", options)).toBe(`#!/usr/bin/env bash

#PBS -N heddle-worker
#PBS -l walltime=00:20:00
#PBS -r n
#PBS -q normal
#PBS -P vp91
#PBS -l ncpus=48
#PBS -l mem=192GB
module use /g/data/vp91/modules
module load node/20
exec /g/data/vp91/node/bin/node HEDDLE worker --scheduler-file FILE --name "work-$PBS_JOBID" \
--nworkers 8 --nthreads 6 --memory-limit 21743MiB --death-timeout 60s --lifetime 1020s \
--lifetime-stagger 60s --lifetime-grace 110s --local-directory "$TMPDIR" --interface ib0
`);
  });

  test("Slurm with a project, as people say there, too", () => {
    const options: SLURMClusterOptions = {
      queue: "gpu",
      project: "brain_simulation",
      cores: 8,
      memory: "32GB",
      processes: 4,
      localDirectory: "/tmp/dask-worker-space",
    };
    expect(script("slurm", options)).toContain("#SBATCH -p gpu\n#SBATCH -A brain_simulation\n");
  });
});

/** Lines that differ, and for a line of the command its words. */
function difference(system: JobSystem, base: JobQueueOptions, options: object): string[] {
  const parts = (text: string): string[] =>
    text
      .split("\n")
      .flatMap((line) => (line.startsWith("exec ") ? line.split(/ (?=--)/) : [line]))
      .filter((line) => line !== "");
  const [before, after] = [base, { ...base, ...options }].map((all) => parts(script(system, all)));
  const gone = before?.filter((part) => !after?.includes(part)) ?? [];
  const come = after?.filter((part) => !before?.includes(part)) ?? [];
  return [...gone.map((part) => `- ${part}`), ...come.map((part) => `+ ${part}`)];
}

type Cases<O> = readonly (readonly [options: Partial<O>, ...difference: string[]])[];

const BASE = { cores: 8, memory: "16GiB" } as const;

/** The same for all systems whose script is one. */
const COMMON: Cases<SLURMClusterOptions> = [
  [
    { processes: 2 },
    "- --nworkers 4",
    "- --nthreads 2",
    "- --memory-limit 3891MiB",
    "+ --nworkers 2",
    "+ --nthreads 4",
    "+ --memory-limit 7782MiB",
  ],
  [{ memoryShare: 0.5 }, "- --memory-limit 3891MiB", "+ --memory-limit 2048MiB"],
  [
    { walltimeMarginMs: 60_000 },
    "- --lifetime 1620s",
    "- --lifetime-grace 110s",
    "+ --lifetime 1680s",
    "+ --lifetime-grace 50s",
  ],
  [{ lifetimeMs: 900_000 }, "- --lifetime 1620s", "+ --lifetime 900s"],
  [
    { lifetimeStaggerMs: 1000 },
    "- --lifetime 1620s",
    "- --lifetime-stagger 60s",
    "+ --lifetime 1679s",
    "+ --lifetime-stagger 1s",
  ],
  [{ resources: { GPU: 2 } }, "+ --resources GPU=2"],
  [{ environ: { OMP_NUM_THREADS: "1" } }, "+ export OMP_NUM_THREADS=1"],
  [{ interface: "ib0" }, "+ --interface ib0"],
  [{ localDirectory: "$TMPDIR/heddle" }, '+ --local-directory "$TMPDIR/heddle"'],
  [{ deathTimeoutMs: 90_500 }, "- --death-timeout 60s", "+ --death-timeout 90500ms"],
  [{ workerExtraArgs: ["--preload", "setup.mjs"] }, "+ --preload setup.mjs"],
  [{ workerCommand: "heddle worker" }, "- exec NODE HEDDLE worker", "+ exec heddle worker"],
  [{ node: "/opt/node" }, "- exec NODE HEDDLE worker", "+ exec /opt/node HEDDLE worker"],
  [{ shebang: "#!/bin/bash -l" }, "- #!/usr/bin/env bash", "+ #!/bin/bash -l"],
  [{ jobScriptPrologue: ["module load gcc", "cd $HOME"] }, "+ module load gcc", "+ cd $HOME"],
];

const SLURM: Cases<SLURMClusterOptions> = [
  [{ queue: "long" }, "+ #SBATCH -p long"],
  [{ account: "ab1" }, "+ #SBATCH -A ab1"],
  [{ jobName: "mine" }, "- #SBATCH -J heddle-worker", "+ #SBATCH -J mine"],
  [
    { cores: 4, processes: 4 },
    "- #SBATCH --cpus-per-task=8",
    "- --nthreads 2",
    "+ #SBATCH --cpus-per-task=4",
    "+ --nthreads 1",
  ],
  [
    { memory: "20GiB" },
    "- #SBATCH --mem=16G",
    "- --memory-limit 3891MiB",
    "+ #SBATCH --mem=20G",
    "+ --memory-limit 4864MiB",
  ],
  [{ memory: null }, "- #SBATCH --mem=16G", "- --memory-limit 3891MiB"],
  [
    { walltime: "01:00:00" },
    "- #SBATCH -t 00:30:00",
    "- --lifetime 1620s",
    "+ #SBATCH -t 01:00:00",
    "+ --lifetime 3420s",
  ],
  [
    { walltime: null },
    "- #SBATCH -t 00:30:00",
    "- #SBATCH --signal=B:USR1@30",
    "- --lifetime 1620s",
    "- --lifetime-stagger 60s",
    "- --lifetime-grace 110s",
  ],
  [{ jobCpu: 16 }, "- #SBATCH --cpus-per-task=8", "+ #SBATCH --cpus-per-task=16"],
  [{ jobMem: "50G" }, "- #SBATCH --mem=16G", "+ #SBATCH --mem=50G"],
  [{ memPerCpu: "2G" }, "- #SBATCH --mem=16G", "+ #SBATCH --mem-per-cpu=2G"],
  [{ memPerGpu: "32G" }, "- #SBATCH --mem=16G", "+ #SBATCH --mem-per-gpu=32G"],
  [
    { logDirectory: "/logs" },
    "+ #SBATCH -e /logs/heddle-worker-%J.err",
    "+ #SBATCH -o /logs/heddle-worker-%J.out",
  ],
  [{ jobExtraDirectives: ["--gres=gpu:1"] }, "+ #SBATCH --gres=gpu:1"],
  [
    { jobDirectivesSkip: ["--mem", "--no-requeue", "--signal"] },
    "- #SBATCH --mem=16G",
    "- #SBATCH --no-requeue",
    "- #SBATCH --signal=B:USR1@30",
  ],
  [
    { nanny: false, processes: 1 },
    "- --nworkers 4",
    "- --nthreads 2",
    "- --memory-limit 3891MiB",
    "+ --nthreads 8",
    "+ --memory-limit 15564MiB",
    "+ --no-nanny",
  ],
  [
    { nodes: 2 },
    "- #SBATCH -n 1",
    "- #SBATCH -N 1",
    "- exec NODE HEDDLE worker",
    `- --name "work-\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"`,
    "- --lifetime-grace 110s",
    "+ #SBATCH -n 2",
    "+ #SBATCH -N 2",
    "+ exec srun",
    "+ --nodes=2",
    "+ --ntasks=2",
    "+ --ntasks-per-node=1",
    "+ --mpi=none",
    "+ --cpus-per-task=8",
    "+ --kill-on-bad-exit=0 /bin/sh -c 'exec NODE HEDDLE worker",
    `+ --name "work-\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}-$SLURM_NODEID"`,
    "+ --lifetime-grace 110s'",
  ],
];

const PBS: Cases<PBSClusterOptions> = [
  [{ queue: "long" }, "+ #PBS -q long"],
  [{ account: "ab1" }, "+ #PBS -A ab1"],
  [{ project: "ab1" }, "+ #PBS -A ab1"],
  [{ jobName: "mine" }, "- #PBS -N heddle-worker", "+ #PBS -N mine"],
  [
    { resourceSpec: "nodes=1:ppn=8" },
    "- #PBS -l select=1:ncpus=8:mem=16GB",
    "+ #PBS -l nodes=1:ppn=8",
  ],
  [
    { memory: null },
    "- #PBS -l select=1:ncpus=8:mem=16GB",
    "- --memory-limit 3891MiB",
    "+ #PBS -l select=1:ncpus=8",
  ],
  [
    { walltime: "3600" },
    "- #PBS -l walltime=00:30:00",
    "- --lifetime 1620s",
    "+ #PBS -l walltime=3600",
    "+ --lifetime 3420s",
  ],
  [{ logDirectory: "/logs/" }, "+ #PBS -e /logs/", "+ #PBS -o /logs/"],
  [{ jobExtraDirectives: ["-l ngpus=1"] }, "+ #PBS -l ngpus=1"],
  [{ jobDirectivesSkip: ["-r"] }, "- #PBS -r n"],
];

const SGE: Cases<SGEClusterOptions> = [
  [{ queue: "all.q" }, "+ #$ -q all.q"],
  [{ project: "ab1" }, "+ #$ -P ab1"],
  [{ account: "ab1" }, "+ #$ -P ab1"],
  [{ resourceSpec: "h_vmem=12G" }, "+ #$ -l h_vmem=12G"],
  [
    { walltime: "01:00:00" },
    "- #$ -l h_rt=00:30:00",
    "- #$ -l s_rt=1740",
    "- --lifetime 1620s",
    "+ #$ -l h_rt=01:00:00",
    "+ #$ -l s_rt=3540",
    "+ --lifetime 3420s",
  ],
  [
    { walltime: null },
    "- #$ -l h_rt=00:30:00",
    "- #$ -l s_rt=1740",
    "- --lifetime 1620s",
    "- --lifetime-stagger 60s",
    "- --lifetime-grace 110s",
  ],
  [{ logDirectory: "/logs" }, "+ #$ -e /logs/", "+ #$ -o /logs/"],
  [{ jobExtraDirectives: ["-pe smp 8"] }, "+ #$ -pe smp 8"],
  [
    { jobDirectivesSkip: ["-notify", "s_rt", "-cwd"] },
    "- #$ -l s_rt=1740",
    "- #$ -cwd",
    "- #$ -notify",
  ],
];

const LSF: Cases<LSFClusterOptions> = [
  [{ queue: "long" }, "+ #BSUB -q long"],
  [{ project: "my project" }, '+ #BSUB -P "my project"'],
  [{ ncpus: 16 }, "- #BSUB -n 8", "+ #BSUB -n 16"],
  [{ mem: "1GB" }, "- #BSUB -M 17179870", "+ #BSUB -M 1000000"],
  [{ lsfUnits: "gb" }, "- #BSUB -M 17179870", "+ #BSUB -M 18"],
  [{ memory: null }, "- #BSUB -M 17179870", "- --memory-limit 3891MiB"],
  [
    { walltime: "01:00" },
    "- #BSUB -W 00:30",
    "- --lifetime 1620s",
    "+ #BSUB -W 01:00",
    "+ --lifetime 3420s",
  ],
  [
    { logDirectory: "/logs" },
    "+ #BSUB -e /logs/heddle-worker-%J.err",
    "+ #BSUB -o /logs/heddle-worker-%J.out",
  ],
  [{ jobExtraDirectives: ["-gpu num=1"] }, "+ #BSUB -gpu num=1"],
  [{ jobDirectivesSkip: ["-R"] }, '- #BSUB -R "span[hosts=1]"'],
  [{ useStdin: false }],
];

const OAR: Cases<OARClusterOptions> = [
  [{ queue: "besteffort" }, "+ #OAR -q besteffort"],
  [{ project: "ab1" }, "+ #OAR --project ab1"],
  [
    { resourceSpec: "/nodes=1/core=2" },
    "- #OAR -l /nodes=1/core=8,walltime=00:30:00",
    "+ #OAR -l /nodes=1/core=2,walltime=00:30:00",
  ],
  [{ memoryPerCorePropertyName: "memcore" }, "+ #OAR -p memcore>=2048"],
  [
    { memoryPerCorePropertyName: "memcore", jobExtraDirectives: ["-p gpu='YES'"] },
    "+ #OAR -p 'gpu='YES' AND memcore>=2048'",
  ],
  [
    { walltime: "01:00:00" },
    "- #OAR -l /nodes=1/core=8,walltime=00:30:00",
    "- --lifetime 1620s",
    "+ #OAR -l /nodes=1/core=8,walltime=01:00:00",
    "+ --lifetime 3420s",
  ],
  [
    { logDirectory: "/logs" },
    "+ #OAR -O /logs/heddle-worker-%jobid%.out",
    "+ #OAR -E /logs/heddle-worker-%jobid%.err",
  ],
  [{ jobExtraDirectives: ["-t besteffort"] }, "+ #OAR -t besteffort"],
  [{ jobDirectivesSkip: ["-n"] }, "- #OAR -n heddle-worker"],
];

describe.each([
  ["slurm", [...COMMON, ...SLURM]],
  ["pbs", [...COMMON, ...PBS]],
  ["moab", [...COMMON, ...PBS]],
  ["sge", [...COMMON, ...SGE]],
  ["lsf", [...COMMON, ...LSF]],
  ["oar", [...COMMON, ...OAR]],
] as [JobSystem, Cases<object>][])("what options change of a script of %s", (system, cases) => {
  // What a longer margin does to the signal is of the system, and not looked at here.
  const isSignal = (line: string): boolean => /--signal=B|s_rt=/.test(line);

  test.each(cases.map(([options, ...lines]) => [JSON.stringify(options), options, lines] as const))(
    "%s",
    (_, options, lines) => {
      const found = difference(system, BASE, options);
      const own = lines.some(isSignal) ? found : found.filter((line) => !isSignal(line));
      expect(own).toEqual(lines);
    },
  );

  test("every option has a case", () => {
    const tested = new Set(cases.flatMap(([options]) => Object.keys(options)));
    // Account and project are the same; several nodes are launched by what the system has.
    const others = new Set(["account", "project", "nodes", "nanny", "cores", "memory", "jobName"]);
    // One case each is in the tests of what comes after the command.
    others.add("jobScriptEpilogue");
    const missing = jobOptionNames(system).filter((name) => !tested.has(name) && !others.has(name));
    expect(missing).toEqual([]);
  });
});

test("an epilogue: the shell stays, passes signals on, and ends as the workers did", () => {
  const text = script("slurm", { ...BASE, jobScriptEpilogue: ["rm -rf $TMPDIR/mine"] });
  expect(text.split("\n").slice(-9)).toEqual([
    "heddle_worker=$!",
    `trap 'kill -TERM "$heddle_worker"' TERM INT USR1 USR2`,
    "while :; do",
    `wait "$heddle_worker"; heddle_status=$?`,
    `kill -0 "$heddle_worker" 2> /dev/null || break`,
    "done",
    "rm -rf $TMPDIR/mine",
    `exit "$heddle_status"`,
    "",
  ]);
});

describe("HTCondor, whose jobs are attributes", () => {
  const base: HTCondorClusterOptions = { ...BASE, disk: "10GB" };

  test("the whole file", () => {
    const options = { ...base, environ: { A: "it's" }, jobScriptPrologue: ["cd $(pwd)"] };
    expect(script("htcondor", options)).toBe(`#!/usr/bin/env condor_submit

MY.HeddleClusterName = "heddle-worker"
batch_name = heddle-worker
MY.HeddleWorkerCores = 8
MY.HeddleWorkerMemory = 17179869184
MY.HeddleWorkerDisk = 10000000000
RequestCpus = MY.HeddleWorkerCores
RequestMemory = floor(MY.HeddleWorkerMemory / 1048576)
RequestDisk = floor(MY.HeddleWorkerDisk / 1024)
MY.JobId = "$(ClusterId).$(ProcId)"
Environment = "HEDDLE_JOB_ID=$(ClusterId).$(ProcId)"
Executable = /bin/sh
Arguments = "-c 'export A=''it''\\''''s''; cd $(DOLLAR)(pwd); exec NODE HEDDLE worker \
--scheduler-file FILE --name ""work-$HEDDLE_JOB_ID"" --nworkers 4 --nthreads 2 \
--memory-limit 3891MiB --death-timeout 60s'"
`);
  });

  test.each([
    [{ jobExtraDirectives: { "+Flavour": '"short"' } }, '+ +Flavour = "short"'],
    [{ jobDirectivesSkip: ["RequestDisk"] }, "- RequestDisk = floor(MY.HeddleWorkerDisk / 1024)"],
    [{ disk: "1GB" }, "- MY.HeddleWorkerDisk = 10000000000", "+ MY.HeddleWorkerDisk = 1000000000"],
    [
      { logDirectory: "/logs" },
      "+ Output = /logs/worker-$(ClusterId).$(ProcId).out",
      "+ Error = /logs/worker-$(ClusterId).$(ProcId).err",
      "+ Log = /logs/worker-$(ClusterId).$(ProcId).log",
      "+ Stream_Output = True",
      "+ Stream_Error = True",
    ],
    [{ submitCommandExtra: ["-verbose"], cancelCommandExtra: ["-forcex"] }],
  ] as [object, ...string[]][])("%j", (options, ...lines) => {
    expect(difference("htcondor", base, options)).toEqual(lines);
  });

  test("arguments of its commands", () => {
    const options = { ...base, submitCommandExtra: ["-verbose"], cancelCommandExtra: ["-forcex"] };
    const { system, shape } = makePlan("htcondor", options, {
      connectionFile: "FILE",
      clusterName: "work",
    });
    expect(system.submit("", 2, shape).args).toEqual(["-verbose", "-queue", "2"]);
    expect(system.cancel(["9.0"], shape).args).toEqual(["-forcex", "9.0"]);
  });
});
