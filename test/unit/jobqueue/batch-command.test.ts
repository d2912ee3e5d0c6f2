import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../../src/jobqueue/batch-command.ts";
import { makePlan } from "../../../src/jobqueue/make-plan.ts";
import { SYSTEMS } from "../../../src/jobqueue/systems/index.ts";

const sh = (script: string, input?: string) => ({
  file: "sh",
  args: ["-c", script],
  ...(input === undefined ? {} : { input }),
});

describe("a command of a batch system", () => {
  test("gets its input and gives what it writes", async () => {
    const text = "#!/bin/sh\necho 'a \"b\" $c'\n";
    expect(await runCommand(SYSTEMS.slurm, sh("cat", text))).toBe(text);
  });

  test("may have its input in a file, which is gone after it", async () => {
    const command = { file: "sh", args: ["-c", 'echo "$0"; cat "$0"; ls -l "$0"'], input: "a\nb" };
    const said = await runCommand(SYSTEMS.lsf, { ...command, inFile: true });
    const [path = "", ...rest] = said.split("\n");
    expect(rest.join("\n")).toMatch(/^a\nb-rwx------ /);
    expect(existsSync(path)).toBe(false);
  });

  test("of LSF has the script in its input or, where that cannot be, in a file", () => {
    const { shape } = makePlan(
      "lsf",
      { cores: 1, memory: "1GB" },
      { connectionFile: "FILE", clusterName: "work" },
    );
    const given = SYSTEMS.lsf.submit("text", 2, shape);
    expect(given).toEqual({ file: "bsub", args: ["-J", "heddle-worker[1-2]"], input: "text" });
    const own = { ...shape.own, useStdin: false };
    expect(SYSTEMS.lsf.submit("text", 1, { ...shape, own })).toEqual({
      ...given,
      args: ["-Zs"],
      inFile: true,
    });
  });

  test("may end without reading a long input", async () => {
    expect(await runCommand(SYSTEMS.slurm, sh("echo 7", "x".repeat(2 ** 22)))).toBe("7\n");
  });

  test("that fails says what the system said, and whether it may pass", async () => {
    const refused = "sbatch: error: invalid partition specified: nope";
    const failing = runCommand(SYSTEMS.slurm, sh(`echo '${refused}' >&2; exit 3`));
    await expect(failing).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/^Slurm: sh ended with exit code 3: sbatch: error: invalid/),
      fields: { exitCode: 3, words: refused, mayPass: false },
    });
    const busy = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
    await expect(runCommand(SYSTEMS.slurm, sh(`echo '${busy}' >&2; exit 1`))).rejects.toMatchObject(
      { fields: { words: busy, mayPass: true } },
    );
    await expect(runCommand(SYSTEMS.pbs, sh("echo on stdout; exit 1"))).rejects.toMatchObject({
      fields: { words: "on stdout" },
    });
  });

  test("that is not there is named, with what to do", async () => {
    const command = { file: "heddle-no-such-command", args: ["--parsable"] };
    await expect(runCommand(SYSTEMS.lsf, command)).rejects.toMatchObject({
      code: "JobFailed",
      message: expect.stringMatching(/LSF: there is no command "heddle-no-such-command" on PATH/),
      fields: { mayPass: false },
    });
  });

  test("is ended when it takes too long or writes too much", async () => {
    await expect(
      runCommand(SYSTEMS.oar, sh("exec sleep 60"), { timeoutMs: 50 }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/OAR: sh had not answered after 0.05 s/),
      fields: { mayPass: true },
    });
    await expect(
      runCommand(SYSTEMS.oar, { file: "yes", args: [] }, { bytesMax: 10_000 }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/more than 10000 bytes/) });
  });
});
