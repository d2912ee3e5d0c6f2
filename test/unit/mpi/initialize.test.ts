import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { setDefaultEngine } from "../../../src/cluster/default-engine.ts";
import type { HeddleError } from "../../../src/core/errors.ts";
import { execute, initialize, ownRank, sendCloseSignal } from "../../../src/mpi/initialize.ts";

const comm = { rank: 0, size: 2 };

describe("initialize", () => {
  it.each<[string, object, string, RegExp]>([
    ["too few ranks", { comm }, "WorldTooSmall", /2 ranks were launched, and 3 are needed/],
    [
      "one rank",
      { comm: { rank: 0, size: 1 }, exclusiveWorkers: false },
      "WorldTooSmall",
      /1 rank was/,
    ],
    ["no launcher", {}, "NoLauncher", /No launcher has started this process/],
    ["a rank that is none", { comm: { rank: 2, size: 2 } }, "InvalidArgument", /no rank 2 of 2/],
    [
      "a launch without a name or a file",
      { comm: { rank: 1, size: 3 } },
      "InvalidArgument",
      /give a \{ schedulerFile \}/,
    ],
    ["a misspelt option", { comm, nthreads: 1 }, "InvalidArgument", /did you mean "nThreads"/],
  ])("%s: %j is %s", async (_, options, code, message) => {
    await expect(initialize(options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("is refused in a thread, where a task has loaded the program's module", async () => {
    const module = new URL("../../../dist/mpi/index.js", import.meta.url).href;
    const program = `import(${JSON.stringify(module)})
      .then((m) => m.initialize({ comm: { rank: 1, size: 3, launch: "x" } }))
      .catch((e) => require("node:worker_threads").parentPort.postMessage([e.code, e.message]))`;
    const thread = new Worker(program, { eval: true });
    const [code, message] = await new Promise<[string, string]>((resolve) =>
      thread.once("message", resolve),
    );
    await thread.terminate();
    expect(code).toBe("NotSupported");
    expect(message).toMatch(/initialize was called in a thread.*a module of their own/);
  });
});

describe("execute", () => {
  it("takes a function, and two ranks", async () => {
    const text = "fn" as unknown as () => void;
    await expect(execute(text)).rejects.toMatchObject({ code: "InvalidArgument" });
    const options = { comm: { rank: 0, size: 4, launch: "x" }, clientRank: 0 };
    await expect(execute(() => 1, options)).rejects.toThrow(/rank 0 cannot have both/);
    const far = { ...options, clientRank: 1.5 };
    await expect(execute(() => 1, far)).rejects.toThrow(/clientRank is 1.5/);
  });
});

describe("sendCloseSignal", () => {
  it("needs a launch", async () => {
    setDefaultEngine(undefined);
    await expect(sendCloseSignal()).rejects.toThrow(/there is none in this process/);
  });
});

describe("ownRank", () => {
  it("is what is given", () => {
    expect(ownRank({ ...comm, launch: "x", localSize: 2 })).toEqual({
      launcher: "given",
      ...comm,
      launch: "x",
      localRank: undefined,
      localSize: 2,
      jobId: undefined,
    });
    expect(() => ownRank({ rank: 0.5, size: 2 })).toThrow(
      expect.objectContaining({ code: "InvalidArgument" } satisfies Partial<HeddleError>),
    );
  });
});
