import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseBytes } from "../../../src/core/units.ts";
import { jobHeader, jobScript } from "../../../src/jobqueue/script.ts";
import type { JobShape } from "../../../src/jobqueue/shape.ts";
import type { SystemName } from "../../../src/jobqueue/system.ts";
import { SYSTEMS } from "../../../src/jobqueue/systems/index.ts";

const WORK: JobShape = {
  jobName: "work",
  cores: 8,
  memoryBytes: 28e9,
  processes: 1,
  nodes: 1,
  shebang: "#!/usr/bin/env bash",
  extraDirectives: [],
  directivesSkip: [],
  prologue: [],
  epilogue: [],
  own: {},
};

interface Golden {
  readonly system: SystemName;
  readonly params: Readonly<Record<string, unknown>>;
  readonly header: readonly string[];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../conformance/goldens/job-headers.json", import.meta.url), "utf8"),
) as { cases: readonly Golden[] };

/** What dask-jobqueue calls its parameters, as a shape; walltimes have defaults. */
function shapeOf(system: SystemName, params: Golden["params"]): JobShape {
  const { walltime, ...given } = params;
  const usual = system === "lsf" ? ["02:00", "00:30"] : ["02:00:00", "00:30:00"];
  const text = (name: string) => given[name] as string | undefined;
  const account = text("account") ?? text("project");
  return {
    ...WORK,
    walltime: (walltime === null ? usual[1] : usual[0]) as string,
    cores: (given["cores"] as number | undefined) ?? WORK.cores,
    memoryBytes: parseBytes(text("memory") ?? "28GB"),
    extraDirectives: (given["job_extra_directives"] as string[] | undefined) ?? [],
    ...(text("queue") === undefined ? {} : { queue: text("queue") as string }),
    ...(account === undefined ? {} : { account }),
    ...(text("log_directory") === undefined
      ? {}
      : { logDirectory: text("log_directory") as string }),
    own: {
      ...(given["resource_spec"] === undefined
        ? {}
        : { resourceSpec: text("resource_spec") as string }),
      ...(given["job_cpu"] === undefined ? {} : { jobCpu: given["job_cpu"] as number }),
      ...(given["job_mem"] === undefined ? {} : { jobMem: text("job_mem") as string }),
      ...(given["ncpus"] === undefined ? {} : { ncpus: given["ncpus"] as number }),
      ...(given["mem"] === undefined ? {} : { memBytes: given["mem"] as number }),
      ...(given["lsf_units"] === undefined ? {} : { lsfUnits: text("lsf_units") as string }),
      ...(given["memory_per_core_property_name"] === undefined
        ? {}
        : { memoryPerCorePropertyName: text("memory_per_core_property_name") as string }),
    },
  };
}

/** Ours beyond dask-jobqueue's: no second life of a job, signals before its end, logs on OAR. */
const MORE =
  /^#(SBATCH (-N 1|--no-requeue|--signal=B:USR1@60)|PBS -r n|\$ (-notify|-r n)|BSUB -rn|OAR -[OE] .*)$/;

/** Of dask-jobqueue: a slash twice, a worker's name in LSF's logs, OAR's condition given twice. */
function mended(header: readonly string[], memory: unknown): string[] {
  const twice = memory !== undefined && header.at(-1)?.includes(" AND ") === true;
  const lines = twice ? header.filter((_, i) => i !== header.length - 2) : header;
  return lines.map((line) => line.replaceAll("//", "/").replace("work-0-%J", "work-%J"));
}

describe("the directives are those of dask-jobqueue, and ours", () => {
  test.each(cases.map((golden) => [golden.system, JSON.stringify(golden.params), golden] as const))(
    "%s %s",
    (name, _, { params, header }) => {
      const made = jobHeader(SYSTEMS[name], shapeOf(name, params));
      const kept = made.filter((line) => !MORE.test(line));
      const wanted = mended(header, params["memory_per_core_property_name"]);
      expect(kept).toEqual(wanted);
    },
  );
});

test("a script: shebang, directives, prologue, and a command that takes the shell's place", () => {
  const job = { ...WORK, walltime: "01:00:00", prologue: ["module load gcc", "cd $HOME"] };
  expect(jobScript(SYSTEMS.slurm, job, "node heddle worker")).toBe(`#!/usr/bin/env bash

#SBATCH -J work
#SBATCH -n 1
#SBATCH -N 1
#SBATCH --cpus-per-task=8
#SBATCH --mem=27G
#SBATCH -t 01:00:00
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@60
module load gcc
cd $HOME
exec node heddle worker
`);
});

describe("with an epilogue the shell stays", () => {
  /** A job whose command waits for a signal, and what it writes until then. */
  async function run(signal: NodeJS.Signals | undefined): Promise<[string, number | null]> {
    const command = `${process.execPath} -e '${
      signal === undefined
        ? "process.exitCode = 3"
        : `process.on("SIGTERM", () => setTimeout(() => { console.log("told"); process.exit(4) }, 50));
           setInterval(() => undefined, 1000); console.log("there")`
    }'`;
    const text = jobScript(SYSTEMS.slurm, { ...WORK, epilogue: ["echo after"] }, command);
    const shell = spawn("/bin/bash", ["--norc", "-s"], { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    shell.stdout.on("data", (piece: Buffer) => {
      output += piece.toString();
      if (signal !== undefined && output === "there\n") shell.kill(signal);
    });
    const ended = new Promise<number | null>((resolve) => shell.once("close", resolve));
    shell.stdin.end(text);
    const code = await ended;
    return [output, code];
  }

  test("and ends as the command did", async () => {
    expect(await run(undefined)).toEqual(["after\n", 3]);
  });

  test.each(["SIGTERM", "SIGUSR1", "SIGUSR2"] as const)(
    "%s goes to the command, which takes its time",
    async (signal) => {
      expect(await run(signal)).toEqual(["there\ntold\nafter\n", 4]);
    },
  );
});

describe("what is skipped", () => {
  const header = (system: SystemName, ...directivesSkip: string[]) =>
    jobHeader(SYSTEMS[system], { ...WORK, walltime: "01:00:00", directivesSkip });

  test("is named by a word of the directive, not by a part of one", () => {
    expect(header("slurm", "-t").join()).not.toContain("01:00:00");
    expect(header("slurm", "-t").join()).toContain("--cpus-per-task=8");
    expect(header("slurm", "--mem").join()).not.toContain("--mem");
    expect(header("pbs", "select").join()).not.toContain("select");
    expect(header("pbs", "select").join()).toContain("walltime");
    expect(header("slurm", "-n", "-N").join()).not.toMatch(/-n 1|-N 1/);
  });

  test("is never what the user adds", () => {
    const job = { ...WORK, directivesSkip: ["--mem"], extraDirectives: ["--mem=0"] };
    expect(jobHeader(SYSTEMS.slurm, job)).toContain("#SBATCH --mem=0");
    expect(jobHeader(SYSTEMS.slurm, job).filter((line) => line.includes("--mem"))).toHaveLength(1);
  });
});
