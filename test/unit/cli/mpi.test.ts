import { type Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { planMPI } from "../../../src/cli/mpi.ts";
import type { MPIFlags } from "../../../src/cli/mpi-flags.ts";
import { makeProgram } from "../../../src/cli/program.ts";
import { HeddleError } from "../../../src/core/errors.ts";
import type { Rank } from "../../../src/mpi/rank.ts";

const rank: Rank = {
  launcher: "Slurm",
  rank: 2,
  size: 4,
  localRank: 0,
  localSize: 2,
  launch: "slurm lab 6 0 0",
  jobId: "6",
};
const FLAGS: MPIFlags = {
  schedulerRank: "0",
  scheduler: true,
  nanny: true,
  exclusiveWorkers: true,
  dashboard: true,
  name: "heddle-mpi",
};

describe("what a rank is asked for", () => {
  it("one rank is the scheduler, the others are workers", () => {
    const seats = [0, 1, 2, 3].map((own) => planMPI({ ...rank, rank: own }, undefined, FLAGS));
    const letters = seats.map(
      ({ roles }) => (roles.scheduler ? "s" : "") + (roles.worker ? "w" : ""),
    );
    expect(letters).toEqual(["s", "w", "w", "w"]);
    expect(seats[0]?.options.schedulerFile).toBe("scheduler.json");
    expect(new Set(seats.map(({ rendezvous }) => rendezvous?.path)).size).toBe(1);
  });

  it("flags become options", () => {
    const { options, roles, layout } = planMPI(rank, undefined, {
      ...FLAGS,
      schedulerFile: "s-{job_id}.json",
      schedulerPort: "8786:8799",
      schedulerRank: "2",
      interface: "ib0",
      protocol: "tcp",
      nthreads: "4",
      memoryLimit: "8GB",
      localDirectory: "/scratch",
      nanny: false,
      exclusiveWorkers: false,
      workerClass: "distributed.Worker",
      workerOptions: '{"resources": {"GPU": 1}}',
      dashboard: false,
      dashboardAddress: ":9000",
      name: "w",
    });
    expect(roles).toEqual({ scheduler: true, program: false, worker: true });
    expect(layout).toEqual({ schedulerRank: 2, programRank: null, exclusiveWorkers: false });
    expect(options).toEqual({
      schedulerFile: "s-6.json",
      schedulerPort: "8786-8799",
      interface: "ib0",
      protocol: "tcp",
      nThreads: 4,
      memoryLimit: "8GB",
      localDirectory: "/scratch",
      nanny: false,
      workerClass: "distributed.Worker",
      workerOptions: { resources: { GPU: 1 } },
      dashboard: false,
      dashboardAddress: ":9000",
      name: "w",
    });
  });

  it("without a scheduler all are workers of another launch's", () => {
    const seat = planMPI({ ...rank, rank: 0 }, "tcp://host:1", { ...FLAGS, scheduler: false });
    expect(seat.roles).toEqual({ scheduler: false, program: false, worker: true });
    expect(seat).toMatchObject({ rendezvous: undefined, address: "tcp://host:1" });
  });

  it.each<[Partial<MPIFlags>, string | undefined, RegExp]>([
    [{}, "tcp://host:1", /--no-scheduler with the address/],
    [{ schedulerRank: "-1" }, undefined, /--scheduler-rank -1/],
    [{ schedulerRank: "4" }, undefined, /5 are needed/],
    [{ nthreads: "0" }, undefined, /--nthreads 0/],
    [{ schedulerPort: "99999" }, undefined, /--scheduler-port 99999/],
    [{ workerOptions: "[1]" }, undefined, /--worker-options \[1\]: give an object as JSON/],
    [{ workerOptions: "{" }, undefined, /--worker-options \{/],
  ])("%j %s is refused", (flags, address, message) => {
    expect(() => planMPI(rank, address, { ...FLAGS, ...flags })).toThrow(message);
  });
});

describe("heddle mpi", () => {
  let output = "";
  beforeEach(() => {
    output = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      output += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  async function heddle(...args: string[]): Promise<string> {
    const program = makeProgram(() => undefined);
    const quiet = (command: Command): unknown =>
      command.configureOutput({ writeOut: (text) => (output += text), writeErr: () => undefined });
    for (const command of [program, ...program.commands]) quiet(command as Command);
    await program.parseAsync(["node", "heddle", "mpi", ...args]);
    return output;
  }

  it("prints a script in which the launch has the flags that were given", async () => {
    const job = ["--nodes", "2", "--ntasks-per-node", "4", "--cpus-per-task", "3"];
    const more = [
      "--module",
      "a",
      "--module",
      "b",
      "--prologue",
      "date",
      "--command",
      "npx heddle",
    ];
    const own = ["--inclusive-workers", "--no-nanny", "--worker-options", '{"nWorkers":2}'];
    const text = await heddle("--job-script", ...job, ...more, ...own);
    expect(text).toContain("#SBATCH --nodes=2\n#SBATCH --ntasks-per-node=4\n");
    expect(text).toContain("module load a\nmodule load b\ndate\n");
    expect(text).toContain(
      "srun --cpus-per-task=3 --kill-on-bad-exit=0 \\\n" +
        "  npx heddle mpi --no-nanny --worker-options '{\"nWorkers\":2}' --inclusive-workers " +
        "--scheduler-file scheduler.json --nthreads 3\n",
    );
  });

  it("prints a script with this very command, the file and the threads", async () => {
    const text = await heddle("--job-script", "--scheduler-file", "my.json", "--nthreads", "5");
    expect(text).toContain(`${process.execPath} `);
    expect(text).toMatch(/main\.js mpi --scheduler-file my\.json --nthreads 5\n/);
  });

  it("a script for too few ranks is refused", async () => {
    const job = heddle("--job-script", "--ntasks-per-node", "1");
    await expect(job).rejects.toMatchObject({ code: "WorldTooSmall" });
  });

  it("says hello as the rank that it is", async () => {
    vi.stubEnv("PMI_RANK", "1");
    vi.stubEnv("PMI_SIZE", "2");
    vi.stubEnv("SLURMD_NODENAME", "n7");
    expect(await heddle("--hello")).toMatch(/I am process 1 of 2 on .*\[PMI, /);
    output = "";
    const said: unknown = JSON.parse(await heddle("--hello", "--json"));
    expect(said).toMatchObject({ type: "rank", launcher: "PMI", rank: 1, size: 2, node: "n7" });
    vi.stubEnv("MPI_LOCALNRANKS", "1");
    output = "";
    expect(JSON.parse(await heddle("--hello", "--json"))).not.toHaveProperty("node");
  });

  it("says what was looked for where there is no launcher", async () => {
    await expect(heddle()).rejects.toBeInstanceOf(HeddleError);
    await expect(heddle()).rejects.toMatchObject({ code: "NoLauncher" });
  });

  it("has all of dask-mpi's options", async () => {
    await expect(heddle("--help")).rejects.toBeInstanceOf(CommanderError);
    for (const flag of [
      "--scheduler-file",
      "--scheduler-port",
      "--scheduler-rank",
      "--interface",
      "--protocol",
      "--nthreads",
      "--memory-limit",
      "--local-directory",
      "--scheduler",
      "--no-scheduler",
      "--nanny",
      "--no-nanny",
      "--exclusive-workers",
      "--inclusive-workers",
      "--worker-class",
      "--worker-options",
      "--dashboard",
      "--no-dashboard",
      "--dashboard-address",
      "--name",
    ]) {
      expect(output).toMatch(new RegExp(`^  ${flag}( |$)`, "m"));
    }
  });
});
