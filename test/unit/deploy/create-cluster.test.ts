/** @file Sizes of jobs for those who say nothing of them. */
import { expect, it } from "vitest";
import { config } from "../../../src/config/config.ts";
import { usualSize } from "../../../src/deploy/create-cluster.ts";

it("are one core and 4 GB for one worker", () => {
  expect(usualSize("slurm", {})).toEqual({ cores: 1, memory: "4GB", processes: 1 });
  expect(usualSize("slurm", { cores: 4, memory: null })).toEqual({ processes: 1 });
});

it("are not given where the configuration says some, be it in a section of another name", () => {
  config.with({ "jobqueue.slurm.cores": 8, "jobqueue.slurm.processes": 2 }, () => {
    expect(usualSize("slurm", {})).toEqual({ memory: "4GB" });
    expect(usualSize("pbs", {})).toEqual({ cores: 1, memory: "4GB", processes: 1 });
  });
});

it("are not given where groups say what jobs are", () => {
  expect(usualSize("slurm", { groups: { gpu: { cores: 2, memory: "8GB" } } })).toEqual({});
});

it("options are checked first", () => {
  expect(() => usualSize("slurm", { core: 2 } as never)).toThrow(/"cores"/);
});
