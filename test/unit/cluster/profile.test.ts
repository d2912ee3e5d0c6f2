/** @file What becomes of the samples that V8 takes: one tree of the functions of tasks. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, Event } from "../../../dist/index.js";
import { Profile, profiledThread } from "../../../src/cluster/profile.ts";
import { ENGINES, startEngine } from "../../support/engines.ts";

const root = "file:///heddle/lib/";
type Spec = readonly [name: string, url: string, children: readonly number[]];

/** A thread's profile: nodes by number, and how many milliseconds each sample stands for. */
function threadOf(nodes: readonly Spec[], samples: readonly (readonly [number, number])[]) {
  const profile = {
    nodes: nodes.map(([functionName, url, children], i) => ({
      id: i + 1,
      callFrame: { functionName, url, scriptId: "1", lineNumber: 6, columnNumber: 0 },
      children,
    })),
    startTime: 1000,
    endTime: 1000 + samples.reduce((sum, [, ms]) => sum + ms * 1000, 0),
    samples: samples.map(([node]) => node),
    timeDeltas: [0, ...samples.slice(0, -1).map(([, ms]) => ms * 1000)],
  };
  return profiledThread("tcp://a:1", { thread: 0, root, profile: JSON.stringify(profile) });
}

const runtime = `${root}threads/task-thread.js`;
const user = "file:///work/program.js";
const one = threadOf(
  [
    ["(root)", "", [2, 9]],
    ["run", runtime, [3]],
    ["runSynchronously", runtime, [4]],
    ["", `${root}core/invoke.js`, [5, 8]],
    ["mine", user, [6, 7]],
    ["sort", "", []],
    ["mine", user, []],
    ["foldChunk", `${root}array/tasks.js`, []],
    ["(garbage collector)", "", []],
  ],
  [
    [2, 100],
    [5, 10],
    [6, 5],
    [7, 3],
    [8, 20],
    [9, 1],
    [1, 0],
  ],
);

describe("samples of threads", () => {
  test("become one tree, without the engine's own frames above the tasks' functions", () => {
    const { tree } = new Profile([one, one]);
    const shape = tree.children.map(({ name, selfMs, totalMs }) => [name, selfMs, totalMs]);
    expect(shape).toEqual([
      ["foldChunk", 40, 40],
      ["mine", 20, 36],
      ["(garbage collector)", 2, 2],
    ]);
    expect(tree.totalMs).toBe(78);
    expect(tree.children[1]).toMatchObject({ url: user, line: 7 });
  });

  test("tell of each function once, also of one that calls itself", () => {
    const all = new Profile([one]).functions();
    expect(all.map(({ name, selfMs, totalMs }) => [name, selfMs, totalMs])).toEqual([
      ["foldChunk", 20, 20],
      ["mine", 13, 18],
      ["sort", 5, 5],
      ["(garbage collector)", 1, 1],
    ]);
    expect(new Profile([one]).of("mine").children.map(({ name }) => name)).toEqual([
      "sort",
      "mine",
    ]);
    expect(new Profile([one]).of("nothing").totalMs).toBe(0);
  });

  test("what no task's function is above of is shown where it is the user's", () => {
    const later = threadOf(
      [
        ["(root)", "", [2]],
        ["processTicksAndRejections", "node:internal", [3]],
        ["later", user, []],
      ],
      [
        [3, 4],
        [1, 0],
      ],
    );
    expect(new Profile([later]).tree.children.map(({ name }) => name)).toEqual(["later"]);
  });

  test("are one .cpuprofile, the threads after each other", () => {
    const { nodes, samples, timeDeltas, startTime, endTime } = new Profile([
      one,
      one,
    ]).toCpuProfile() as {
      nodes: { id: number; children: number[] }[];
      samples: number[];
      timeDeltas: number[];
      startTime: number;
      endTime: number;
    };
    expect(nodes.map(({ id }) => id)).toEqual(nodes.map((_, i) => i + 1));
    expect(nodes[0]?.children).toEqual([2, 11]);
    expect(samples).toEqual([3, 6, 7, 8, 9, 10, 2, 12, 15, 16, 17, 18, 19, 11]);
    expect(timeDeltas).toHaveLength(14);
    expect(endTime - startTime).toBe(2 * 139_000);
  });

  test("are shown as a table", () => {
    const text = String(new Profile([one]));
    expect(text).toContain("Profile of 1 task threads: 39.00 ms in tasks");
    expect(text).toContain("13.00 ms  18.00 ms  mine  file:///work/program.js:7");
  });
});

describe.each(ENGINES)("a client of %s", (engine) => {
  let client: Client;
  const folder = mkdtempSync(join(tmpdir(), "heddle-profile-"));

  beforeAll(async () => {
    const started = await startEngine(engine, 2);
    client = started.client;
    return started.close;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const spin = (n: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.sqrt(i);
    return sum;
  };
  const outer = (n: number): number => spin(n) + 1;

  test("gets a profile of what runs meanwhile, by function and as a file", async () => {
    const profile = await client.profile(() => client.map(outer, [6e7, 6e7 + 1]).results());
    expect(profile.threads).toHaveLength(2);
    const [longest] = profile.functions();
    expect(longest?.name).toBe("spin");
    expect(longest?.url).toContain("profile.test.ts");
    const called = profile.of("outer");
    expect(called.children[0]?.name).toBe("spin");
    expect(called.totalMs).toBeGreaterThan(0);
    const file = join(folder, "tasks.cpuprofile");
    await profile.save(file);
    const saved = JSON.parse(readFileSync(file, "utf8")) as { samples: unknown[] };
    expect(saved.samples.length).toBeGreaterThan(0);
  });

  test.runIf(engine === "processes")("threads in the middle of a task are seen", async () => {
    const stop = join(folder, "stop");
    const endless = async (): Promise<number> => {
      await new Event("spinning").set();
      for (const end = Date.now() + 50_000; Date.now() < end && !existsSync(stop); );
      return 1;
    };
    const running = client.submit(endless);
    await new Event("spinning").wait();
    const profile = await client.profile({ durationMs: 1000 });
    expect(running.done).toBe(false);
    writeFileSync(stop, "");
    expect(profile.of("endless").totalMs).toBeGreaterThan(0);
    expect(await running.result()).toBe(1);
  });

  test("loops that have run before are seen, too", async () => {
    const warm = (n: number): number => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.sqrt(i);
      return sum;
    };
    await client.map(warm, [3e7, 3e7 + 1, 3e7 + 2, 3e7 + 3]).results();
    const profile = await client.profile(() => client.map(warm, [6e7 + 2, 6e7 + 3]).results());
    const inLoops = profile.of("warm").totalMs;
    expect(inLoops).toBeGreaterThan(profile.tree.totalMs / 2);
    expect(inLoops).toBeGreaterThan(20);
  });

  test("what the function throws is thrown, and nonsense is refused", async () => {
    const thrown = client.profile(() => {
      throw new RangeError("no");
    });
    await expect(thrown).rejects.toThrow("no");
    const wrong = client.profile({ durationMs: -1 });
    await expect(wrong).rejects.toMatchObject({ code: "InvalidArgument" });
    const unknown = client.profile({ duration: 1 } as never);
    await expect(unknown).rejects.toThrow('did you mean "durationMs"');
  });
});
