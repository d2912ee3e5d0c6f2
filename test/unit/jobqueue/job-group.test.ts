import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HeddleError } from "../../../src/core/errors.ts";
import type { Desk } from "../../../src/jobqueue/batch-desk.ts";
import { type GroupHost, JobGroup } from "../../../src/jobqueue/job-group.ts";
import type { JobPlan } from "../../../src/jobqueue/plan.ts";
import type { JobReport } from "../../../src/machine/jobs/events.ts";
import { planOf } from "../../support/job-plans.ts";

/** A batch system that says what a test wants. */
class FakeDesk implements Desk {
  readonly calls: string[] = [];
  reports = new Map<string, JobReport>();
  /** What the next submissions fail with. */
  refusals: { readonly words: string; readonly mayPass: boolean }[] = [];
  #nextId = 1;

  async submit(_plan: JobPlan, count: number): Promise<readonly string[]> {
    this.calls.push(`submit ${count}`);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      const { words, mayPass } = refusal;
      throw new HeddleError("JobFailed", `Slurm: sbatch: ${words}`, { fields: { mayPass } });
    }
    const number = this.#nextId++;
    return Array.from({ length: count }, (_, i) => (count === 1 ? `${number}` : `${number}_${i}`));
  }

  async list(): Promise<ReadonlyMap<string, JobReport>> {
    this.calls.push("list");
    return this.reports;
  }

  async cancel(_plan: JobPlan, ids: readonly string[]): Promise<void> {
    this.calls.push(`cancel ${ids.join(" ")}`);
    for (const id of ids) this.reports.set(id, { phase: "ended", state: "CANCELLED" });
  }

  async postMortem(): Promise<{ report: undefined; text: string }> {
    return { report: undefined, text: "" };
  }

  say(phase: JobReport["phase"], more: Partial<JobReport>, ...ids: readonly string[]): void {
    for (const id of ids) this.reports.set(id, { phase, state: phase.toUpperCase(), ...more });
  }
}

let desk: FakeDesk;
let group: JobGroup;
let retired: string[];
/** Workers that cannot hand over. */
let kept: string[];
let warnings: string[];
/** How often hope was lost, or found again. */
let refused: number;

const host: GroupHost = {
  retire: async (workers) => {
    retired.push(...workers);
    return kept;
  },
  changed: () => undefined,
  stepped: () => undefined,
  refused: () => {
    refused++;
  },
  warn: (message) => warnings.push(message),
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  desk = new FakeDesk();
  group = new JobGroup(planOf("slurm"), desk, host);
  [retired, kept, warnings, refused] = [[], [], [], 0];
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets so much time go by, with all that it brings. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A group whose jobs run and have workers. */
async function running(count: number): Promise<readonly string[]> {
  const ids = count === 1 ? ["1"] : Array.from({ length: count }, (_, i) => `1_${i}`);
  desk.say("running", {}, ...ids);
  await group.scale(count);
  group.seen(new Set(ids.map((id) => `c-${id}`)));
  return ids;
}

describe("scaling", () => {
  test("resolves when the system has taken the jobs and has listed them", async () => {
    const scaled = group.scale(3);
    const over = vi.fn();
    const told = scaled.then(over);
    await pass(0);
    expect(desk.calls).toEqual(["submit 3", "list"]);
    expect(over).not.toHaveBeenCalled();
    desk.say("queued", {}, "1_0", "1_1", "1_2");
    await pass(1000);
    await told;
    expect(group.jobs.map(({ stage }) => stage)).toEqual(["queued", "queued", "queued"]);
  });

  test("rejects with what the system refuses, and with what would wait for ever", async () => {
    desk.refusals = [{ words: "invalid partition", mayPass: false }];
    await expect(group.scale(1)).rejects.toMatchObject({ code: "JobFailed" });
    expect(warnings).toEqual(["Slurm: sbatch: invalid partition"]);
    expect([group.hopeless?.message, refused]).toEqual([warnings[0], 1]);
    desk.say("queued", { reason: "PartitionConfig", isHopeless: true }, "1");
    const scaled = group.scale(1);
    scaled.catch(() => undefined);
    await pass(1000);
    await expect(scaled).rejects.toThrow(/^Slurm: job 1 waits for ever/);
    expect(refused).toBe(3);
    desk.say("running", {}, "2");
    const again = group.scale(1);
    await pass(1000);
    await again;
    expect([group.hopeless, refused]).toEqual([undefined, 4]);
  });

  test("is tried again where trying may help", async () => {
    desk.refusals = [{ words: "Unable to contact the controller", mayPass: true }];
    desk.say("running", {}, "1");
    await group.scale(1);
    expect(warnings).toEqual([
      expect.stringMatching(/Unable to contact.*\nThe next try is in 5 s/),
    ]);
    await pass(5100);
    expect(group.jobs.map(({ id }) => id)).toEqual(["1"]);
  });
});

describe("workers", () => {
  test("belong to jobs by their names, whichever of both is known first", async () => {
    desk.say("running", {}, "1_0", "1_1");
    const scaled = group.scale(2);
    group.seen(new Set(["c-1_0", "c-1_1-0", "c-1_1-1", "c-gpu-1_0", "other-1_0", "c-9"]));
    await scaled;
    await pass(0);
    expect(group.jobs.map(({ workers }) => workers)).toEqual([["c-1_0"], ["c-1_1-0", "c-1_1-1"]]);
    expect(group.jobOf("c-1_1-1")).toBe("1_1");
    expect(group.jobOf("c-9")).toBeUndefined();
    group.seen(new Set(["c-1_0"]));
    expect(group.jobs.map(({ workers }) => workers)).toEqual([["c-1_0"], []]);
  });

  test("of jobs that go hand over first; the job is left to end by itself", async () => {
    const [first = ""] = await running(2);
    await group.scale(1, [first]);
    expect(retired).toEqual([`c-${first}`]);
    await pass(30_000);
    expect(desk.calls).not.toContain(`cancel ${first}`);
    desk.say("ended", {}, first);
    await pass(5000);
    expect(group.jobs.map(({ id }) => id)).toEqual(["1_1"]);
    expect(warnings).toEqual([]);
  });

  test("that nobody can take over from are cancelled at once, others after the grace", async () => {
    const [first = "", second = ""] = await running(2);
    kept = [`c-${first}`];
    await group.scale(0);
    await pass(0);
    expect(desk.calls).toContain(`cancel ${first}`);
    expect(desk.calls).not.toContain(`cancel ${second}`);
    await pass(61_000);
    expect(desk.calls).toContain(`cancel ${second}`);
  });
});

test("an idle group asks twice a minute, in one command for all its jobs", async () => {
  await running(200);
  await pass(60_000);
  const before = desk.calls.length;
  await pass(600_000);
  expect(desk.calls.slice(before)).toEqual(Array.from({ length: 20 }, () => "list"));
});

test("a job that is over though it was wanted is replaced, and its end is told", async () => {
  await running(1);
  desk.say("ended", { state: "NODE_FAIL", reason: "NodeDown" }, "1");
  desk.say("running", {}, "2");
  await pass(31_000);
  expect(group.jobs.map(({ id }) => id)).toEqual(["2"]);
  await vi.waitFor(() => expect(warnings).toHaveLength(1));
  expect(warnings).toEqual(["job 1 has ended (NODE_FAIL: NodeDown); another is submitted"]);
});

describe("closing", () => {
  test("cancels what waits at once and what does not end by itself, and then is over", async () => {
    desk.say("running", {}, "1_0");
    desk.say("queued", {}, "1_1");
    await group.scale(2);
    group.seen(new Set(["c-1_0"]));
    const closed = group.close(60_000);
    await pass(0);
    expect(desk.calls).toContain("cancel 1_1");
    await pass(14_000);
    expect(desk.calls).not.toContain("cancel 1_0");
    await pass(2000);
    await closed;
    expect(desk.calls).toContain("cancel 1_0");
    expect(group.jobs).toEqual([]);
  });

  test("gives up on a system that does not end them, and names what is left", async () => {
    await running(1);
    desk.cancel = async () => {
      throw new HeddleError("JobFailed", "Slurm: the controller is down");
    };
    const closed = group.close(60_000);
    await pass(61_000);
    await closed;
    expect(warnings.at(-1)).toMatch(/has not ended these jobs in time: 1$/);
  });
});
