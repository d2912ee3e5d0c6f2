import { describe, expect, test } from "vitest";
import { runCommand } from "../../../src/jobqueue/batch-command.ts";
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
