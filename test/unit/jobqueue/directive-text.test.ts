import { describe, expect, test } from "vitest";
import { isJobName, isLine, isPath, isWord } from "../../../src/jobqueue/directive-text.ts";
import { makePlan } from "../../../src/jobqueue/make-plan.ts";
import type { JobQueueOptions } from "../../../src/jobqueue/options.ts";

const OUTSIDE = ["a\nb", "a\r", "a\0b", "", " ", "\u2028"];

test("a line is one line, a path has no blanks, and a word begins with no dash", () => {
  for (const text of OUTSIDE)
    expect([isLine(text), isPath(text), isWord(text)]).not.toContain(true);
  for (const text of ["a b", "it's", 'a"b', "a\\nb", "`id`"]) {
    expect([isLine(text), isPath(text), isWord(text)]).toEqual([true, false, false]);
  }
  for (const text of ["-x", "--mem=1"]) expect([isPath(text), isWord(text)]).toEqual([true, false]);
  for (const text of ["normal", "a,b", "50G", "$HOME/logs", "q@server", "1-02:00:00"]) {
    expect([isLine(text), isPath(text), isWord(text)]).toEqual([true, true, true]);
  }
  expect([isJobName("work_1"), isJobName("1x"), isJobName("a\nb")]).toEqual([true, false, false]);
});

describe("what would leave its directive is refused", () => {
  const plan = (own: JobQueueOptions): unknown =>
    makePlan(
      "slurm",
      { cores: 1, memory: "1GB", ...own },
      { connectionFile: "/f.json", clusterName: "work" },
    );

  test.each([
    ...["queue", "account", "jobMem", "memPerCpu", "memPerGpu", "walltime", "logDirectory"],
    ...["shebang", "jobExtraDirectives"],
  ])("%s with a command behind it", (name) => {
    const text = "x\ntouch /tmp/x";
    const value = name === "jobExtraDirectives" ? [text] : text;
    expect(() => plan({ [name]: value } as JobQueueOptions)).toThrow(new RegExp(`${name} is `));
  });

  test.each(["queue", "account", "memPerCpu", "logDirectory"])(
    "%s with an option behind it",
    (name) => {
      expect(() => plan({ [name]: "x --comment=y" } as JobQueueOptions)).toThrow(/without blanks/);
    },
  );

  test("a NUL anywhere in the command", () => {
    expect(() => plan({ localDirectory: "/a\0b" })).toThrow(/no NUL/);
    expect(() => plan({ localDirectory: "$TMPDIR/a\0b" })).toThrow(/no NUL/);
  });

  test("values that JSON has no word for are refused in words", () => {
    expect(() => plan({ cores: 10n } as unknown as JobQueueOptions)).toThrow(/cores is 10n/);
    expect(() => plan({ cores: Number.NaN })).toThrow(/cores is NaN/);
  });
});
