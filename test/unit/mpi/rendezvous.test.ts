import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeConnectionFile } from "../../../src/comm/index.ts";
import type { Rank } from "../../../src/mpi/rank.ts";
import {
  awaitRendezvous,
  clearRendezvous,
  fillPath,
  isOver,
  markOver,
  rendezvousOf,
} from "../../../src/mpi/rendezvous.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-rendezvous-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rank = (launch: string | undefined, jobId?: string): Rank => ({
  launcher: "Slurm",
  rank: 1,
  size: 4,
  localRank: undefined,
  localSize: undefined,
  launch,
  jobId,
});
const INFO = { address: "tcp://127.0.0.1:1", token: "t".repeat(32) };

describe("where ranks meet", () => {
  it("is a file of the launch's own, beside the one that was asked for", () => {
    const file = join(folder, "scheduler.json");
    const first = rendezvousOf(rank("a"), file);
    const second = rendezvousOf(rank("b"), file);
    expect(first).toMatchObject({ isOwn: true });
    expect(dirname(first.path)).toBe(folder);
    expect(first.path).toMatch(/\/\.scheduler-[0-9a-f]{12}\.json$/);
    expect(first.path).not.toBe(second.path);
    expect(rendezvousOf(rank("a"), file)).toEqual(first);
  });

  it("is in the user's own folder where none was asked for", () => {
    expect(dirname(rendezvousOf(rank("a"), undefined).path)).toBe(join(homedir(), ".heddle/mpi"));
  });

  it("is the file itself where nothing names the launch; without one nobody could meet", () => {
    const file = join(folder, "scheduler.json");
    expect(rendezvousOf(rank(undefined), file)).toEqual({ path: file, isOwn: false });
    expect(() => rendezvousOf(rank(undefined), undefined)).toThrow(/give a \{ schedulerFile \}/);
  });

  it("has the job's id in its name where that was asked for", () => {
    expect(fillPath("s-{job_id}.json", rank("a", "12"))).toBe("s-12.json");
    expect(fillPath("s-{job_id}.json", rank("a", "0.vm/../x"))).toBe("s-0.vm_.._x.json");
    expect(fillPath("s.json", rank(undefined))).toBe("s.json");
    expect(fillPath("s-{job_id}.json", rank("a"))).toMatch(/^s-[0-9a-f]{12}\.json$/);
    expect(() => fillPath("s-{job_id}.json", rank(undefined))).toThrow(/no batch job/);
  });
});

describe("what earlier launches have left", () => {
  it("is taken away, and nothing else", () => {
    const file = join(folder, "scheduler.json");
    const gone = { host: hostname(), pid: 2 ** 30 };
    const there = { host: hostname(), pid: process.pid };
    const own = rendezvousOf(rank("own"), file);
    const dead = rendezvousOf(rank("dead"), file).path;
    const alive = rendezvousOf(rank("alive"), file).path;
    const elsewhere = rendezvousOf(rank("elsewhere"), file).path;
    for (const path of [own.path, file, dead]) writeConnectionFile(path, { ...INFO, facts: gone });
    writeConnectionFile(alive, { ...INFO, facts: there });
    writeConnectionFile(elsewhere, { ...INFO, facts: { ...gone, host: "another" } });
    writeConnectionFile(join(folder, "other.json"), { ...INFO, facts: gone });
    writeFileSync(join(folder, ".scheduler-notes.json"), "no connection file");
    clearRendezvous(own, file);
    const left = [alive, elsewhere].map((path) => path.slice(folder.length + 1));
    expect(readdirSync(folder).sort()).toEqual(
      [...left, ".scheduler-notes.json", "other.json"].sort(),
    );
  });
});

describe("waiting for the scheduler's rank", () => {
  it("ends when the file is there", async () => {
    const own = rendezvousOf(rank("a"), join(folder, "s.json"));
    const waiting = awaitRendezvous(own, rank("a"), 20_000);
    expect(existsSync(own.path)).toBe(false);
    writeConnectionFile(own.path, INFO);
    expect(await waiting).toEqual(INFO);
  });

  it("goes past an older file, where files have no names of launches", async () => {
    const file = join(folder, "s.json");
    const place = rendezvousOf(rank(undefined), file);
    writeConnectionFile(file, { ...INFO, address: "tcp://127.0.0.1:2" });
    const before = Date.now() / 1000 - process.uptime() - 3600;
    utimesSync(file, before, before);
    await expect(awaitRendezvous(place, rank(undefined), 0)).rejects.toMatchObject({
      code: "ConnectFailed",
    });
    writeConnectionFile(file, INFO);
    expect(await awaitRendezvous(place, rank(undefined), 0)).toEqual(INFO);
  });

  it("ends when the launch is over already, unless that is of a launch long ago", async () => {
    const own = rendezvousOf(rank("a"), join(folder, "s.json"));
    writeConnectionFile(own.path, INFO);
    expect(isOver(own)).toBe(false);
    rmSync(own.path);
    expect(isOver(own)).toBe(true);
    markOver(own);
    expect(isOver(own)).toBe(true);
    expect(readFileSync(own.path, "utf8")).not.toContain("token");
    expect(await awaitRendezvous(own, rank("a"), 0)).toBeUndefined();
    const before = Date.now() / 1000 - process.uptime() - 3600;
    utimesSync(own.path, before, before);
    await expect(awaitRendezvous(own, rank("a"), 0)).rejects.toMatchObject({
      code: "ConnectFailed",
    });
  });

  it("ends in time, with what to look at", async () => {
    const own = rendezvousOf(rank("a"), join(folder, "s.json"));
    await expect(awaitRendezvous(own, rank("a"), 0)).rejects.toMatchObject({
      code: "ConnectFailed",
      message: expect.stringMatching(/rank 1 of 4 has waited .*do all nodes share the folder\?/),
    });
  });
});
