/** @file From options to plans: what is divided, derived, quoted and refused. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { config } from "../../../src/config/config.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import { makePlan, makePlans } from "../../../src/jobqueue/make-plan.ts";
import type { JobQueueOptions, SLURMClusterOptions } from "../../../src/jobqueue/options.ts";
import type { SystemName } from "../../../src/jobqueue/system.ts";
import { SYSTEMS } from "../../../src/jobqueue/systems/index.ts";

const ACCESS = { connectionFile: "/home/me/.heddle/jobqueue/work.json", clusterName: "work" };
const JOB = { cores: 8, memory: "16GiB" };

beforeEach(() => {
  vi.stubEnv("HEDDLE_NODE", "");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function slurm(options: Partial<SLURMClusterOptions> = {}, group?: string) {
  return makePlan("slurm", { ...JOB, ...options }, { ...ACCESS, ...(group && { group }) });
}

function command(options: Partial<SLURMClusterOptions> = {}): string {
  return (
    slurm(options)
      .script.split("\n")
      .find((line) => line.startsWith("exec ")) ?? ""
  );
}

function refusal(options: object, system: SystemName = "slurm"): string {
  try {
    makePlan(system, options as JobQueueOptions, ACCESS);
  } catch (error) {
    if (isHeddleError(error, "InvalidArgument")) return error.message;
    throw error;
  }
  return "taken";
}

describe("what workers get", () => {
  test("cores are divided by processes, memory too, but for what the system may want", () => {
    const plan = slurm({ cores: 72, processes: 4, memory: "4GB" });
    expect(plan).toMatchObject({ workersPerJob: 4, threadsPerWorker: 18 });
    expect(plan.memoryPerWorkerBytes).toBe(Math.floor((4e9 * 0.95) / 4));
    expect(plan.script).toContain("--nworkers 4 --nthreads 18 --memory-limit 905MiB ");
    expect(slurm({ memoryShare: 0.5, processes: 1 }).memoryPerWorkerBytes).toBe(8 * 2 ** 30);
  });

  test.each([
    [1, 1],
    [4, 4],
    [8, 4],
    [24, 6],
    [48, 8],
    [72, 9],
    [7, 7],
  ])("%d cores are %d processes, as with Dask", (cores, processes) => {
    expect(slurm({ cores, memory: "64GB" }).shape.processes).toBe(processes);
  });

  test("threads that do not come out even are left", () => {
    expect(slurm({ cores: 10, processes: 4 }).threadsPerWorker).toBe(2);
  });

  test("a worker of several has a number, one alone has none; both have the id of the job", () => {
    expect(slurm().prefix).toBe("work");
    expect(slurm({ groups: { gpu: { cores: 2 } } }, "gpu").prefix).toBe("work-gpu");
    expect(command({ processes: 1 })).toContain(` --name "work-\${SLURM_ARRAY_JOB_ID:-$SLURM`);
    expect(command({ processes: 1 })).not.toContain("--nworkers");
  });

  test("resources, environment, more flags, no supervisor", () => {
    const { script } = slurm({
      resources: { GPU: 1, MEM: 1e9 },
      environ: { CUDA_CACHE: "$TMPDIR/cuda", GREETING: "it's $5 `id`" },
      workerExtraArgs: ["--preload", "my setup.mjs"],
      processes: 1,
      nanny: false,
    });
    expect(script).toContain(
      "--resources 'GPU=1 MEM=1000000000' --no-nanny --preload 'my setup.mjs'",
    );
    expect(script).toContain('export CUDA_CACHE="$TMPDIR/cuda"\n');
    expect(script).toContain(`export GREETING='it'\\''s $5 \`id\`'\n`);
  });
});

describe("how long workers live", () => {
  const life = (options: Partial<SLURMClusterOptions>) => {
    const { script, settings } = slurm(options);
    const flag = (name: string) => new RegExp(`${name} (\\S+)`).exec(script)?.[1];
    const signal = /USR1@(\d+)/.exec(script)?.[1];
    return [flag("--lifetime"), flag("--lifetime-stagger"), signal, settings.marginMs];
  };

  test.each([
    ["00:30:00", ["1620s", "60s", "30", 270_000]],
    ["1", ["45s", "3s", undefined, 30_000]],
    ["10", ["450s", "30s", "30", 210_000]],
    ["7-00:00:00", ["604620s", "60s", "30", 270_000]],
  ])("of a walltime of %s: a margin at its end, not all at once", (walltime, expected) => {
    expect(life({ walltime })).toEqual(expected);
  });

  test("any of a job's workers is gone before the margin, whatever the chance", () => {
    for (const minutes of [1, 2, 5, 30, 600]) {
      const [ms, stagger] = life({ walltime: String(minutes) }).map((s) => parseInt(String(s), 10));
      const margin = Math.min(120, 0.2 * minutes * 60);
      expect((ms as number) + (stagger as number)).toBeLessThanOrEqual(minutes * 60 - margin);
      expect((ms as number) - (stagger as number)).toBeGreaterThan(minutes * 60 * 0.6);
    }
  });

  test("can be said, as can the margin", () => {
    expect(life({ walltimeMarginMs: 300_000 })).toEqual(["1440s", "60s", "120", 450_000]);
    expect(life({ lifetimeMs: 600_000, lifetimeStaggerMs: 0 })).toEqual([
      "600s",
      "0s",
      "30",
      150_000,
    ]);
    const own = slurm({ walltime: null, lifetimeMs: 5000 });
    expect(own.script).toContain("--lifetime 5s --lifetime-stagger 0s");
    expect(own.settings.walltimeMs).toBeUndefined();
    expect(refusal({ ...JOB, walltime: "1", walltimeMarginMs: 60_000 })).toMatch(
      /leave the workers -3 s/,
    );
  });

  test("and may use most of the margin to end, unless the user has said how much", () => {
    const grace = (walltime: string) => /--lifetime-grace (\S+)/.exec(command({ walltime }))?.[1];
    expect(["1", "5", "60"].map(grace)).toEqual(["6s", "50s", "110s"]);
    config.with({ "worker.lifetime.grace": "20s" }, () => expect(grace("60")).toBeUndefined());
  });

  test("of a walltime that is not known there is none", () => {
    expect(slurm({ walltime: null }).script).not.toMatch(/--lifetime|--signal|-t /);
    expect(slurm({ walltime: "UNLIMITED" }).script).not.toContain("--lifetime");
    // The site's own directive says it, and the default stands for nothing.
    const own = slurm({ jobDirectivesSkip: ["-t"], jobExtraDirectives: ["--time=12:00:00"] });
    expect(own.script).not.toContain("--lifetime");
    expect(slurm({ walltime: "60", jobDirectivesSkip: ["-t"] }).script).toContain("--lifetime");
    expect(refusal({ ...JOB, walltime: "tomorrow" })).toMatch(/Slurm would not understand.*h:m:s/);
  });
});

describe("what must be said", () => {
  test("cores and memory, with an example and the configuration's keys", () => {
    expect(refusal({})).toContain(
      "SLURMCluster needs cores and memory: what a job has on its node, as in new SLURMCluster({ " +
        'cores: 8, memory: "24GB" }), or in the configuration: jobqueue.slurm.cores, ' +
        "jobqueue.slurm.memory",
    );
    expect(refusal({ cores: 2 })).toContain("needs memory");
    expect(refusal({ cores: 2 }, "pbs")).toContain("new PBSCluster(");
  });

  test("or what stands for them", () => {
    const none = slurm({ cores: 2, memory: null });
    expect(none.script).not.toMatch(/--mem/);
    expect(none.memoryPerWorkerBytes).toBe(0);
    expect(makePlan("slurm", { jobCpu: 4, jobMem: "8G" }, ACCESS)).toMatchObject({
      shape: { cores: 4, memoryBytes: 8 * 2 ** 30 },
    });
    const each = makePlan("slurm", { cores: 2, memPerCpu: "4G" }, ACCESS).script;
    expect(each).toContain("#SBATCH --mem-per-cpu=4G\n");
    expect(each).not.toContain("--memory-limit");
    expect(slurm({ memPerGpu: "32G" }).script).toContain("--mem-per-gpu=32G\n");
    expect(
      makePlan("pbs", { cores: 4, resourceSpec: "select=1:ncpus=4" }, ACCESS).script,
    ).toContain("#PBS -l select=1:ncpus=4\n");
    expect(makePlan("lsf", { ncpus: 4, mem: "4GB" }, ACCESS).threadsPerWorker).toBe(1);
    expect(refusal({ ...JOB, jobMem: "much" })).toBe("taken");
    expect(refusal({ cores: 2, jobMem: "much" })).toMatch(/as Slurm writes it/);
    expect(refusal({ cores: 2, memory: "2GB" }, "htcondor")).toMatch(/disk/);
  });

  test("makes sense", () => {
    expect(refusal({ ...JOB, cores: 1.5 })).toMatch(/cores is 1.5; it must be a whole number/);
    expect(refusal({ ...JOB, memory: "lots" })).toMatch(
      /memory is "lots"; it must be a size in bytes/,
    );
    expect(refusal({ ...JOB, processes: 9 })).toMatch(/at most the 8 cores/);
    expect(refusal({ ...JOB, memory: "500MB" })).toMatch(/at least 192.00 MiB. Give more memory/);
    expect(refusal({ ...JOB, jobName: "a b" })).toMatch(/jobName is "a b"/);
    expect(refusal({ ...JOB, environ: { "A-B": "1" } })).toMatch(/names of variables/);
    expect(refusal({ ...JOB, memoryShare: 1.5 })).toMatch(/memoryShare is 1.5/);
    expect(refusal({ ...JOB, jobScriptPrologue: [3] })).toMatch(/jobScriptPrologue is \[3\]/);
    expect(refusal({ ...JOB, groups: { gpu: { cores: -1 } } })).toBe("taken");
    const groups = { gpu: { cores: -1 } };
    expect(() => slurm({ groups }, "gpu")).toThrow(/SLURMCluster: groups.gpu: cores is -1/);
  });
});

describe("groups", () => {
  const groups = { gpu: { cores: 4, processes: 1, jobExtraDirectives: ["--gres=gpu:1"] } };

  test("have their own options, and those of the cluster for the rest", () => {
    const plans = makePlans("slurm", { ...JOB, queue: "long", groups }, ACCESS);
    expect(plans.map(({ group, prefix }) => [group, prefix])).toEqual([
      ["default", "work"],
      ["gpu", "work-gpu"],
    ]);
    expect(plans[0]?.script).not.toContain("gres");
    expect(plans[1]?.script).toMatch(
      /-p long\n(.*\n)*.*--cpus-per-task=4\n(.*\n)*.*--gres=gpu:1\n/,
    );
    expect(plans[1]?.script).toContain('--name "work-gpu-$');
  });

  test("may be all there is", () => {
    const plans = makePlans("slurm", { groups: { a: JOB, b: JOB } }, ACCESS);
    expect(plans.map(({ group }) => group)).toEqual(["a", "b"]);
  });

  test("have names that can be part of a worker's, and options of jobs alone", () => {
    expect(refusal({ ...JOB, groups: { default: JOB } })).toMatch(/groups has "default"/);
    expect(refusal({ ...JOB, groups: { "a b": JOB } })).toMatch(/groups has "a b"/);
    expect(refusal({ ...JOB, groups: { a: { nWorkers: 1 } } })).toMatch(
      /groups.a has no option "nWorkers": it belongs to the cluster/,
    );
  });
});

describe("jobs of several nodes", () => {
  test("Slurm: one step, a task of which is on each node", () => {
    const plan = slurm({ nodes: 3, processes: 2 });
    expect(plan.workersPerJob).toBe(6);
    expect(plan.script).toContain("#SBATCH -n 3\n#SBATCH -N 3\n#SBATCH --cpus-per-task=8\n");
    expect(plan.script).toMatch(/\nexec srun --nodes=3 --ntasks=3 --ntasks-per-node=1 .*'exec /);
    expect(plan.script).toMatch(/_\$SLURM_ARRAY_TASK_ID\}-\$SLURM_NODEID" --nworkers 2/);
  });

  test("the others by what they have; the shells there know nothing of the script's", () => {
    const options = { ...JOB, nodes: 2, jobScriptPrologue: ["module load gcc"] };
    const script = (system: SystemName) => makePlan(system, options, ACCESS).script;
    expect(script("pbs")).toContain("#PBS -l select=2:ncpus=8:mem=16GB\n#PBS -l place=scatter\n");
    expect(script("pbs")).toContain("exec pbsdsh -- /bin/sh -c 'module load gcc\nexec ");
    expect(script("moab")).toContain("exec pbsdsh -u /bin/sh -c 'module load gcc\nexec ");
    expect(script("lsf")).toMatch(/exec blaunch -z .* \/bin\/sh -c 'exec /);
    expect(script("oar")).toContain('oarsh "$heddle_node" "export OAR_JOB_ID=$OAR_JOB_ID; "');
    expect(() => script("sge")).toThrow(/Grid Engine has no command that runs workers on 2 nodes/);
    const condor = { ...options, disk: "1GB", jobExtraDirectives: {} };
    expect(() => makePlan("htcondor", condor, ACCESS)).toThrow(/HTCondor has no command/);
  });
});

describe("which Node runs workers", () => {
  const node = (options = {}): string => command(options).split(" ")[1] ?? "";

  test("the option, the system's key, HEDDLE_NODE, worker.node, the one that runs this", () => {
    expect(node()).toBe(process.execPath);
    config.with({ "worker.node": "/general" }, () => {
      expect(node()).toBe("/general");
      vi.stubEnv("HEDDLE_NODE", "/variable");
      expect(node()).toBe("/variable");
      config.with({ "jobqueue.slurm.node": "/system" }, () => {
        expect(node()).toBe("/system");
        expect(node({ node: "$HOME/node" })).toBe('"$HOME/node"');
      });
    });
  });

  test("or a command in its place", () => {
    const workerCommand = "singularity exec heddle.sif heddle worker";
    expect(command({ workerCommand })).toMatch(
      /^exec singularity exec heddle.sif heddle worker --s/,
    );
  });
});

/** Runs shell text with the variables that a job has. */
function inShell(text: string, env: Readonly<Record<string, string>>): string {
  return execFileSync("/bin/sh", ["-c", `printf %s "${text}"`], { encoding: "utf8", env });
}

describe("the id by which a worker's name begins is that of the job", () => {
  const path = { PATH: process.env["PATH"] ?? "" };
  const slurmArray = { SLURM_JOB_ID: "7", SLURM_ARRAY_JOB_ID: "3", SLURM_ARRAY_TASK_ID: "1" };
  const cases: readonly [SystemName, string, number, number, Record<string, string>][] = [
    ["slurm", "3\n", 1, 0, { SLURM_JOB_ID: "3" }],
    ["slurm", "3\n", 2, 1, slurmArray],
    ["pbs", "0.vm\n", 1, 0, { PBS_JOBID: "0.vm" }],
    ["pbs", "3[].vm\n", 2, 1, { PBS_JOBID: "3[1].vm" }],
    ["sge", "4\n", 1, 0, { JOB_ID: "4", SGE_TASK_ID: "undefined" }],
    ["sge", "4.1-2:1\n", 2, 1, { JOB_ID: "4", SGE_TASK_ID: "2" }],
    ["lsf", "Job <5> is submitted to queue <q>.\n", 1, 0, { LSB_JOBID: "5", LSB_JOBINDEX: "0" }],
    ["lsf", "Job <5> is submitted to queue <q>.\n", 2, 1, { LSB_JOBID: "5", LSB_JOBINDEX: "2" }],
    ["oar", "OAR_JOB_ID=6\n", 1, 0, { OAR_JOB_ID: "6" }],
    ["moab", "Moab.17\n", 1, 0, { MOAB_JOBID: "Moab.17", PBS_JOBID: "17.server" }],
    ["htcondor", "1 job(s) submitted to cluster 9.\n", 1, 0, { HEDDLE_JOB_ID: "9.0" }],
  ];
  test.each(cases)("%s, of %j with %i jobs", (name, stdout, count, index, env) => {
    const system = SYSTEMS[name];
    const id = system.submitted(stdout, count).ids[index];
    expect(inShell(system.ownId, { ...path, ...env })).toBe(id);
  });
});

describe("configuration", () => {
  const keys = {
    "jobqueue.slurm.cores": 16,
    "jobqueue.slurm.memory": "64 GiB",
    "jobqueue.slurm.queue": "short",
    "jobqueue.slurm.walltime": "01:00:00",
    "jobqueue.slurm.job-extra-directives": ["--exclusive"],
    "jobqueue.slurm.max-pending-jobs": 3,
  } as const;

  test("says what options leave out; null stands for none", () => {
    config.with(keys, () => {
      const { shape, settings } = makePlan("slurm", {}, ACCESS);
      expect(shape).toMatchObject({ cores: 16, queue: "short", extraDirectives: ["--exclusive"] });
      expect(settings).toMatchObject({ pendingMax: 3, walltimeMs: 3_600_000 });
      expect(makePlan("slurm", { queue: "long", cores: 2 }, ACCESS).shape).toMatchObject({
        cores: 2,
        queue: "long",
      });
      expect(makePlan("slurm", { queue: null }, ACCESS).shape.queue).toBeUndefined();
      expect(makePlan("pbs", JOB, ACCESS).shape.queue).toBeUndefined();
    });
  });

  test("a section that configName names counts before the system's own", () => {
    const gadi = { "jobqueue.gadi.queue": "express", "jobqueue.gadi.cores": 48 };
    config.with({ ...keys, ...gadi } as object, () => {
      const { shape } = makePlan("slurm", { configName: "gadi" }, ACCESS);
      expect(shape).toMatchObject({ cores: 48, queue: "express", memoryBytes: 64 * 2 ** 30 });
      expect(refusal({ configName: "gaid" })).toMatch(/did you mean "gadi"/);
    });
    expect(refusal({ configName: "gadi" })).toMatch(/nothing below jobqueue.gadi/);
  });

  test("files, below variables, below options", () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-config-"));
    const file = join(folder, "own.yaml");
    const lines = [
      "jobqueue:",
      "  slurm:",
      "    cores: 4",
      "    memory: 8 GiB",
      "    walltime: 00:45:00",
    ];
    writeFileSync(file, [...lines, "    queue: filed", "    death-timeout: 2m", ""].join("\n"));
    vi.stubEnv("HEDDLE_CONFIG", file);
    config.refresh();
    try {
      expect(makePlan("slurm", {}, ACCESS).shape).toMatchObject({
        queue: "filed",
        walltime: "00:45:00",
      });
      expect(makePlan("slurm", {}, ACCESS).script).toContain("--death-timeout 120s");
      vi.stubEnv("HEDDLE_JOBQUEUE__SLURM__QUEUE", "said");
      config.refresh();
      expect(makePlan("slurm", {}, ACCESS).shape.queue).toBe("said");
      expect(makePlan("slurm", { queue: "given" }, ACCESS).shape.queue).toBe("given");
    } finally {
      vi.unstubAllEnvs();
      config.refresh();
      rmSync(folder, { recursive: true });
    }
  });
});
