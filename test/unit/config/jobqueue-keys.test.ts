/** @file The sections of batch systems, and those that users name themselves. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Config } from "../../../src/config/config.ts";
import { JOB_SYSTEMS, ownSectionKey, sectionKeys } from "../../../src/config/jobqueue-keys.ts";
import { resolveKey } from "../../../src/config/keys.ts";
import { collectEnv } from "../../../src/config/sources.ts";
import { travels } from "../../../src/config/travel.ts";

const none = (): Config => new Config(() => []);

describe("the keys of dask-jobqueue", () => {
  /** Words of Python, and names that it has given up itself; `heddle config import` knows them. */
  const NOT_HERE = /\.(python|extra|env-extra|job-extra)$/;
  const golden = JSON.parse(
    readFileSync(new URL("../../conformance/goldens/jobqueue-keys.json", import.meta.url), "utf8"),
  ) as Readonly<Record<string, unknown>>;

  test.each(JOB_SYSTEMS)("all of %s are here", (system) => {
    const keys = Object.keys(golden).filter((key) => key.startsWith(`jobqueue.${system}.`));
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys.filter((one) => !NOT_HERE.test(one))) expect(resolveKey(key)).toBe(key);
  });

  test("and have the same defaults, but for the name", () => {
    const config = none();
    const differing = Object.entries(golden).flatMap(([key, value]) => {
      const isHere = JOB_SYSTEMS.some((system) => key.startsWith(`jobqueue.${system}.`));
      if (!isHere || NOT_HERE.test(key)) return [];
      const own = config.get(resolveKey(key) as "jobqueue.slurm.cores") as unknown;
      return JSON.stringify(own) === JSON.stringify(value) ? [] : [[key, own, value]];
    });
    // Times are milliseconds; the command is there for wrappers.
    const usual = /\.(name|death-timeout|worker-command)$/;
    expect(differing.filter(([key]) => !usual.test(String(key)))).toEqual([]);
  });
});

describe("sections of one's own", () => {
  test("have the keys of all systems; what they leave out is null", () => {
    const config = none();
    config.set({ "jobqueue.gadi.queue": "express" } as object);
    expect(config.get("jobqueue.gadi.queue" as "jobqueue.pbs.queue")).toBe("express");
    expect(config.get("jobqueue.gadi.cores" as "jobqueue.pbs.cores")).toBeNull();
    expect(ownSectionKey("jobqueue.gadi.ncpus")?.kind.parse("4")).toBe(4);
    expect(ownSectionKey("jobqueue.gadi.qeueu")).toBeUndefined();
    expect(ownSectionKey("jobqueue.gadi.toString")).toBeUndefined();
    expect(ownSectionKey("jobqueue.slurm.nothing")).toBeUndefined();
  });

  test("are listed, found and serialised as the others are", () => {
    const config = none();
    config.set({ "jobqueue.gadi.jobDirectivesSkip": ["select"] } as object);
    expect(config.list("jobqueue.gadi").map(({ key, value }) => [key, value])).toEqual([
      ["jobqueue.gadi.job-directives-skip", ["select"]],
    ]);
    expect(config.find("gadi directives")).toHaveLength(1);
    expect(config.serialize()).toContain("jobqueue.gadi.job-directives-skip");
    const other = none();
    other.adopt(config.serialize());
    expect(other.list("jobqueue.gadi")).toHaveLength(1);
  });

  test("come from variables, too; a slip in a system's name is no section", () => {
    const layer = collectEnv({ HEDDLE_JOBQUEUE__GADI__LOCAL_DIRECTORY: "/scratch" });
    expect([...layer.keys()]).toEqual(["jobqueue.gadi.local-directory"]);
    expect(() => collectEnv({ HEDDLE_JOBQUEUE__SLRUM__QUEUE: "x" })).toThrow(
      /jobqueue\.slurm\.queue/,
    );
    expect(() => resolveKey("jobqueue.gadi.qeueu")).toThrow(/no configuration key/);
  });

  test("extra directives are lines, or lines by key as HTCondor has them", () => {
    const { parse } = ownSectionKey("jobqueue.gadi.job-extra-directives")?.kind ?? {};
    expect(parse?.(["-l a=1"])).toEqual(["-l a=1"]);
    expect(parse?.({ universe: "docker" })).toEqual({ universe: "docker" });
  });
});

test("the walltime that is usual is written as the system writes it", () => {
  const usual = JOB_SYSTEMS.map((system) => sectionKeys(system)["walltime"]?.default);
  expect(usual).toEqual([
    "00:30:00",
    "00:30:00",
    "00:30:00",
    "00:30",
    "00:30:00",
    "00:30:00",
    null,
  ]);
});

test("workers on nodes are told nothing of how their jobs were made", () => {
  expect(travels("jobqueue.slurm.queue")).toBe(false);
  expect(travels(resolveKey("jobqueue.gadi.queue"))).toBe(false);
});

test("variables that Heddle reads itself are no keys", () => {
  const own = { HEDDLE_NODE: "/opt/node", HEDDLE_JOB_ID: "3.0", HEDDLE_TOKEN: "x" };
  expect(collectEnv(own).size).toBe(0);
});
