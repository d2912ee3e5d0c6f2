/**
 * @file The commands that run workers on each node of a job, carried out: launchers stand in for
 * those of the systems, run what they are given, and forget what the launchers would.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePlan } from "../../../src/jobqueue/make-plan.ts";
import type { SystemName } from "../../../src/jobqueue/system.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-launch-"));
  writeFileSync(join(folder, "nodes"), "node2\nnode1\nnode2\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A command on PATH. */
function command(name: string, ...lines: string[]): void {
  const path = join(folder, name);
  writeFileSync(path, ["#!/bin/bash", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
}

/** What the workers of a job of two nodes are told, and a variable of their environment. */
function told(system: SystemName, env: Readonly<Record<string, string>>): string[] {
  const options = {
    ...{ cores: 2, processes: 1, memory: "1GiB", nodes: 2, walltime: null },
    environ: { GREETING: `it's "$USER_NAME"` },
    workerCommand: 'echo "$GREETING"',
  };
  const access = { connectionFile: "/shared/my file.json", clusterName: "work" };
  const { script } = makePlan(system, options, access);
  const output = execFileSync("/bin/bash", ["--norc", "-s"], {
    encoding: "utf8",
    input: script,
    env: { PATH: `${folder}:${process.env["PATH"]}`, USER_NAME: "me", FOLDER: folder, ...env },
  });
  return output.trim().split("\n").sort();
}

/** A line of such a worker. */
const line = (name: string): string =>
  `it's "me" --scheduler-file /shared/my file.json --name ${name} --nthreads 2 ` +
  "--memory-limit 972MiB --death-timeout 60s";

test("Slurm's steps have the environment of the script", () => {
  command(
    "srun",
    'echo "$*" | sed "s/ .bin.sh.*//;q" > "$FOLDER/asked"',
    'while [ "$1" != /bin/sh ]; do shift; done',
    'for id in 0 1; do SLURM_NODEID=$id "$@"; done',
  );
  expect(told("slurm", { SLURM_JOB_ID: "7" })).toEqual([line("work-7-0"), line("work-7-1")]);
  expect(execFileSync("cat", [join(folder, "asked")], { encoding: "utf8" })).toContain("--nodes=2");
});

test.each(["pbs", "moab"] as const)("%s's tasks have none of it", (system) => {
  command(
    "pbsdsh",
    'while [ "$1" != /bin/sh ]; do shift; done',
    "for id in 0 1; do",
    'env -i PATH="$PATH" USER_NAME=me PBS_JOBID="$PBS_JOBID" PBS_NODENUM=$id "$@"',
    "done",
  );
  expect(told(system, { PBS_JOBID: "3.vm" })).toEqual([line("work-3.vm-0"), line("work-3.vm-1")]);
});

const short = hostname().split(".")[0];

test("LSF's run once on each host", () => {
  command("blaunch", 'hosts=$2; shift 2; for host in $hosts; do "$@"; done');
  const env = { LSB_JOBID: "5", LSB_DJOB_HOSTFILE: join(folder, "nodes") };
  expect(told("lsf", env)).toEqual([line(`work-5-${short}`), line(`work-5-${short}`)]);
});

test("OAR's shells know neither the script's environment nor the job", () => {
  command(
    "oarsh",
    'echo "$1" >> "$FOLDER/asked"',
    'env -i PATH="$PATH" USER_NAME=me /bin/sh -c "$2"',
  );
  const env = { OAR_JOB_ID: "6", OAR_NODEFILE: join(folder, "nodes") };
  expect(told("oar", env)).toEqual([line(`work-6-${short}`), line(`work-6-${short}`)]);
  const asked = execFileSync("sort", [join(folder, "asked")], { encoding: "utf8" });
  expect(asked).toBe("node1\nnode2\n");
});
