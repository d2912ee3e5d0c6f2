/** @file What the commands of batch systems write, as recorded, and what is read of it. */
import { describe, expect, test } from "vitest";
import { SYSTEMS } from "../../../../src/jobqueue/systems/index.ts";

const { slurm, pbs, sge, lsf, oar, moab, htcondor } = SYSTEMS;

describe("ids of what was submitted", () => {
  test("as each system writes them, of jobs and of arrays", () => {
    expect(slurm.submitted("1234\n", 1).ids).toEqual(["1234"]);
    expect(slurm.submitted("1234;cluster2\n", 1).ids).toEqual(["1234"]);
    expect(slurm.submitted("3\n", 3).ids).toEqual(["3_0", "3_1", "3_2"]);
    // The first id of a PBS server is 0.
    expect(pbs.submitted("0.vm\n", 1).ids).toEqual(["0.vm"]);
    expect(pbs.submitted("3[].vm\n", 2).ids).toEqual(["3[0].vm", "3[1].vm"]);
    expect(sge.submitted("1\n", 1).ids).toEqual(["1"]);
    expect(sge.submitted("2.1-3:1\n", 3).ids).toEqual(["2.1", "2.2", "2.3"]);
    expect(lsf.submitted("Job <7> is submitted to default queue <normal>.\n", 1).ids).toEqual([
      "7",
    ]);
    expect(lsf.submitted("Job <7> is submitted to queue <x>.\n", 2).ids).toEqual(["7[1]", "7[2]"]);
    expect(oar.submitted("[ADMISSION RULE] ok\nOAR_JOB_ID=41\n", 1).ids).toEqual(["41"]);
    expect(oar.submitted("OAR_JOB_ID=41\nOAR_JOB_ID=42\n", 2).ids).toEqual(["41", "42"]);
    expect(moab.submitted("\nMoab.17\n", 1).ids).toEqual(["Moab.17"]);
    const condor = "Submitting job(s)..\n2 job(s) submitted to cluster 9.\n";
    expect(htcondor.submitted(condor, 2).ids).toEqual(["9.0", "9.1"]);
  });

  test.each(Object.values(SYSTEMS).map((system) => [system.name, system] as const))(
    "%s: nothing, and what is no id, are refused",
    (_, system) => {
      for (const text of ["", "sbatch: Your job will cost 30 SU\n", "Welcome to node17!\n"]) {
        expect(() => system.submitted(text, 1)).toThrow(
          expect.objectContaining({ code: "JobFailed" }),
        );
      }
    },
  );
});

describe("what is listed", () => {
  test("Slurm: states, reasons, elements of arrays", () => {
    const text = "2|FAILED|NonZeroExitCode\n5|PENDING|PartitionConfig\n1_0|RUNNING|None\n";
    expect(
      Object.fromEntries(slurm.listed(`${text}1_1|PENDING|Priority\n6|COMPLETING|None\n`)),
    ).toEqual({
      2: { phase: "ended", state: "FAILED", reason: "NonZeroExitCode" },
      5: { phase: "queued", state: "PENDING", reason: "PartitionConfig", isHopeless: true },
      "1_0": { phase: "running", state: "RUNNING" },
      "1_1": { phase: "queued", state: "PENDING", reason: "Priority" },
      6: { phase: "running", state: "COMPLETING" },
    });
    expect(slurm.listed("").size).toBe(0);
    const shown =
      "JobId=2 JobName=x UserId=root(0) JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0 ";
    expect(slurm.ended?.(shown)).toMatchObject({ exitCode: 3, reason: "NonZeroExitCode" });
    expect(slurm.ended?.(shown.replace("3:0", "0:9"))).toMatchObject({ reason: "signal 9" });
    expect(slurm.ended?.("JobId=2 JobState=RUNNING ExitCode=0:0")).toBeUndefined();
  });

  test("PBS: JSON of qstat", () => {
    const jobs = {
      "0.vm": { job_state: "Q", comment: "Not Running: Insufficient amount of resource: ncpus" },
      "1.vm": { job_state: "R", comment: "Job run at Sun Nov 22" },
      "3[0].vm": { job_state: "X", Exit_status: 0 },
      "4.vm": { job_state: "Q", comment: "Can Never Run: Not enough total nodes available" },
    };
    const listed = pbs.listed(JSON.stringify({ timestamp: 1, Jobs: jobs }));
    expect(listed.get("0.vm")).toMatchObject({
      phase: "queued",
      reason: expect.stringContaining("Insufficient"),
    });
    expect(listed.get("0.vm")?.isHopeless).toBeUndefined();
    expect(listed.get("1.vm")?.phase).toBe("running");
    expect(listed.get("3[0].vm")).toMatchObject({ phase: "ended", exitCode: 0 });
    expect(listed.get("4.vm")?.isHopeless).toBe(true);
    expect(pbs.listed("").size).toBe(0);
  });

  test("Grid Engine: XML of qstat, ends from qacct", () => {
    const entry = (id: number, state: string, tasks = "") =>
      `<job_list state="x"><JB_job_number>${id}</JB_job_number><JB_name>w</JB_name>` +
      `<state>${state}</state><slots>1</slots>${tasks}</job_list>`;
    const xml =
      entry(1, "r") + entry(2, "qw", "<tasks>2-5:1</tasks>") + entry(3, "Eqw") + entry(4, "hqw");
    const listed = sge.listed(`<?xml version='1.0'?><job_info>${xml}</job_info>`);
    expect(listed.get("1")?.phase).toBe("running");
    expect([...listed.keys()]).toEqual(["1", "2.2", "2.3", "2.4", "2.5", "3", "4"]);
    expect(listed.get("2.4")?.phase).toBe("queued");
    expect(listed.get("3")).toMatchObject({ phase: "queued", isHopeless: true });
    expect(listed.get("4")?.isHopeless).toBeUndefined();
    const failed = "failed       37  : qmaster enforced h_rt limit\nexit_status  137\n";
    expect(sge.ended?.(`jobname  w\n${failed}`)).toEqual({
      phase: "ended",
      state: "failed",
      exitCode: 137,
      reason: "failed 37  : qmaster enforced h_rt limit",
    });
    expect(sge.ended?.("failed       0\nexit_status  0\n")).toMatchObject({ state: "done" });
  });

  test("LSF, OAR, Moab, HTCondor", () => {
    const bjobs = "7|0|RUN|-|-\n8|1|PEND|-|Job slot limit reached;\n8|2|EXIT|130|-\n";
    expect(Object.fromEntries(lsf.listed(bjobs))).toEqual({
      7: { phase: "running", state: "RUN" },
      "8[1]": { phase: "queued", state: "PEND", reason: "Job slot limit reached;" },
      "8[2]": { phase: "ended", state: "EXIT", exitCode: 130 },
    });
    const oarstat = {
      41: { state: "Waiting", message: "R=1,W=1:0:0" },
      42: { state: "Error", exit_code: 256 },
    };
    expect(oar.listed(JSON.stringify(oarstat)).get("41")?.phase).toBe("queued");
    expect(oar.listed(JSON.stringify(oarstat)).get("42")).toMatchObject({
      phase: "ended",
      exitCode: 256,
    });
    const showq =
      '<Data><queue option="active"><job JobID="Moab.17" State="Running" User="u"></job></queue>' +
      '<queue option="eligible"><job JobID="18" State="Idle"></job></queue></Data>';
    expect([...moab.listed(showq)].map(([id, { phase }]) => [id, phase])).toEqual([
      ["Moab.17", "running"],
      ["18", "queued"],
    ]);
    const condor = [
      { ClusterId: 9, ProcId: 0, JobStatus: 1 },
      { ClusterId: 9, ProcId: 1, JobStatus: 2 },
      { ClusterId: 9, ProcId: 2, JobStatus: 5, HoldReason: "memory usage exceeded request_memory" },
    ];
    const listed = htcondor.listed(JSON.stringify(condor));
    expect(listed.get("9.0")?.phase).toBe("queued");
    expect(listed.get("9.1")?.phase).toBe("running");
    expect(listed.get("9.2")).toMatchObject({
      isHopeless: true,
      reason: expect.stringContaining("memory usage"),
    });
  });
});

test("walltimes as each system writes them", () => {
  const MINUTE = 60_000;
  const cases: [keyof typeof SYSTEMS, string, number | undefined][] = [
    ["slurm", "30", 30],
    ["slurm", "1:30", 1.5],
    ["slurm", "02:00:00", 120],
    ["slurm", "1-0", 24 * 60],
    ["slurm", "1-12:30", 36.5 * 60],
    ["slurm", "1-12:30:30", 36.5 * 60 + 0.5],
    ["slurm", "two hours", undefined],
    ["pbs", "3600", 60],
    ["pbs", "00:01:30", 1.5],
    ["moab", "2:00:00:00", 48 * 60],
    ["sge", "0:20:0", 20],
    ["lsf", "90", 90],
    ["lsf", "02:30", 150],
    ["lsf", "02:30/hostA", 150],
    ["oar", "2", 120],
    ["oar", "0:30", 30],
    ["oar", "UNLIMITED", undefined],
  ];
  for (const [name, text, minutes] of cases) {
    const wanted = minutes === undefined ? undefined : minutes * MINUTE;
    expect([name, text, SYSTEMS[name].walltimeMs(text)]).toEqual([name, text, wanted]);
  }
});
