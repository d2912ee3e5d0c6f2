/** @file The command line of a worker. */
import { expect, it } from "vitest";
import { workerArguments } from "../../../src/deploy/worker-arguments.ts";

it("has a flag for each option that is given", () => {
  expect(workerArguments("w-0", "tcp://h:1", {})).toEqual(["worker", "tcp://h:1", "--name", "w-0"]);
  const text = workerArguments("w", "tcp://h:1", {
    ...{ nThreads: 2, memoryLimit: "1GB", localDirectory: "/tmp/x", workerPort: "9000:9010" },
    ...{ resources: { GPU: 1, MEM: 2 }, interface: "ib0", lifetimeMs: 1000 },
    ...{ lifetimeStaggerMs: 10, lifetimeRestart: true, deathTimeoutMs: 500 },
    ...{ preload: ["a.mjs", "b.mjs"], nanny: false, extraArgs: ["--validate"] },
  }).join(" ");
  expect(text).toBe(
    "worker tcp://h:1 --name w --nthreads 2 --memory-limit 1GB --local-directory /tmp/x " +
      "--worker-port 9000:9010 --resources GPU=1 MEM=2 --interface ib0 --lifetime 1000ms " +
      "--lifetime-stagger 10ms --lifetime-restart --death-timeout 500ms --preload a.mjs " +
      "--preload b.mjs --no-nanny --validate",
  );
});

it("leaves out what is off or as usual", () => {
  const given = { lifetimeRestart: false, nanny: true, preload: [] };
  expect(workerArguments("w", "a", given)).toEqual(["worker", "a", "--name", "w"]);
});
