/** @file Names that there are not: what is meant. */
import { describe, expect, test } from "vitest";
import { makePlan } from "../../../src/jobqueue/make-plan.ts";
import { clusterOptionNames } from "../../../src/jobqueue/option-names.ts";
import type { SystemName } from "../../../src/jobqueue/system.ts";

function refusal(options: object, system: SystemName = "slurm"): string {
  const all = { cores: 2, memory: "1GB", ...options };
  try {
    makePlan(system, all, { connectionFile: "FILE", clusterName: "work" });
  } catch (error) {
    return (error as Error).message;
  }
  return "taken";
}

describe("names of dask-jobqueue", () => {
  test.each([
    ["python", /here node, the path of Node/],
    ["extra", /here workerExtraArgs/],
    ["env_extra", /here jobScriptPrologue/],
    ["job_extra", /here jobExtraDirectives/],
    ["header_skip", /here jobDirectivesSkip/],
    ["death_timeout", /here deathTimeoutMs, in milliseconds/],
    ["scheduler_cls", /schedulerPlacement/],
    ["asynchronous", /all methods return promises/],
    ["silence_logs", /log\.level/],
    ["job_script_prologue", /camelCase: jobScriptPrologue/],
    ["n_workers", /camelCase: nWorkers/],
    ["job-cpu", /camelCase: jobCpu/],
  ])("%s", (name, hint) => {
    expect(refusal({ [name]: [] })).toMatch(`SLURMCluster has no option "${name}"`);
    expect(refusal({ [name]: [] })).toMatch(hint);
  });
});

test("the nearest name, or the class that has it", () => {
  expect(refusal({ quue: "x" })).toMatch(/did you mean "queue"/);
  expect(refusal({ resourceSpec: "x" })).toMatch(/only PBSCluster, SGECluster, OARCluster, Moab/);
  expect(refusal({ jobCpu: 3 }, "pbs")).toMatch(/only SLURMCluster has it/);
  expect(refusal(null as unknown as object)).toBe("taken");
});

test("both words for who pays are taken on all systems", () => {
  for (const name of ["account", "project"]) {
    expect(refusal({ [name]: "ab1" })).toBe("taken");
    expect(refusal({ [name]: "ab1" }, "lsf")).toBe("taken");
  }
});

test("no name is there twice", () => {
  const names = clusterOptionNames("lsf");
  expect(new Set(names).size).toBe(names.length);
});
