import { totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { planWorkers, type WorkerFlags } from "../../../src/cli/worker-plan.ts";

function plan(flags: Partial<WorkerFlags>, cores = 8): ReturnType<typeof planWorkers> {
  return planWorkers({ nanny: true, ...flags }, "/tmp", cores);
}

describe("how many, with how many threads", () => {
  it.each([
    [{}, 1, 8],
    [{ nworkers: "2" }, 2, 4],
    [{ nworkers: "3", nthreads: "2" }, 3, 2],
    [{ nworkers: "-1" }, 8, 1],
    [{ nworkers: "-7" }, 2, 4],
    [{ nworkers: "20" }, 20, 1],
    [{ nthreads: "0" }, 1, 8],
  ] as const)("%j on 8 cores", (flags, workers, threads) => {
    expect(plan({ ...flags, memoryLimit: "1GB" })).toMatchObject({ workers, threads });
  });

  it.each([
    [{ nworkers: "0" }, /--nworkers 0/],
    [{ nworkers: "-9" }, /--nworkers -9/],
    [{ nworkers: "1.5" }, /--nworkers 1.5/],
    [{ nworkers: " " }, /--nworkers/],
    [{ nworkers: "auto", nthreads: "2" }, /no --nthreads with --nworkers auto/],
    [{ nthreads: "-1" }, /--nthreads -1/],
    [{ nworkers: "2", nanny: false }, /--no-nanny.*--nworkers 1/],
    [{ nworkers: "2", workerPort: "9000" }, /a range of ports for 2 workers/],
    [{ nworkers: "2", listenAddress: "tcp://a:1" }, /--listen-address/],
    [{ listenAddress: "tcp://a:1", host: "b" }, /--host b: give either this or --listen-address/],
    [{ listenAddress: "tcp://a:1", workerPort: "5" }, /--worker-port 5/],
    [{ contactAddress: "tcp://a:1" }, /--listen-address with it/],
    [{ listenAddress: "http://a:1" }, /--listen-address: .*scheme http/],
    [{ nannyPort: "x" }, /--nanny-port x/],
    [{ name: " " }, /--name/],
    [{ lifetime: "60" }, /--lifetime 60: .*"60s"/],
    [{ lifetime: "soon" }, /--lifetime soon/],
    [{ lifetimeGrace: "60" }, /--lifetime-grace 60: .*"60s"/],
    [{ protocol: "udp", host: "a" }, /--protocol udp/],
    [{ host: "a", interface: "lo" }, /either --host or --interface/],
    [{ host: "a b" }, /--host a b/],
  ] as const)("%j is refused", (flags, message) => {
    expect(() => plan(flags)).toThrow(message);
  });
});

describe("memory", () => {
  it.each([
    ["2GB", 2e9],
    ["1GiB", 2 ** 30],
    ["0.5", Math.floor(totalmem() / 2)],
    ["50%", Math.floor(totalmem() / 2)],
  ])("%s", (memoryLimit, bytes) => {
    expect(plan({ memoryLimit })).toMatchObject({ memoryLimitBytes: bytes, isLimited: true });
  });

  it("0 stands for no limit", () => {
    const { isLimited, memoryLimitBytes } = plan({ memoryLimit: "0" });
    expect(isLimited).toBe(false);
    expect(memoryLimitBytes).toBeGreaterThan(2 ** 28);
  });
});

describe("where", () => {
  it.each([
    [{ host: "h", workerPort: "9000:9100" }, "tcp://h:9000-9100"],
    [{ host: "::1" }, "tcp://[::1]:0"],
    [{ interface: "lo", protocol: "tls" }, "tls://127.0.0.1:0"],
    [{ listenAddress: "tls://a:1" }, "tls://a:1"],
    [{}, undefined],
  ] as const)("%j", (flags, listen) => {
    expect(plan(flags).listen).toBe(listen);
  });

  it("resources, lifetime, folders", () => {
    expect(
      plan({
        resources: "GPU=2 MEM=10e9",
        lifetime: "1h",
        lifetimeStagger: "5m",
        lifetimeRestart: true,
        lifetimeGrace: "90s",
        localDirectory: "spill",
      }),
    ).toMatchObject({
      resources: { GPU: 2, MEM: 10e9 },
      lifetime: { ms: 3_600_000, staggerMs: 300_000, restart: true },
      graceMs: 90_000,
      localDirectory: "/tmp/spill",
      deathMs: 60_000,
    });
    expect(plan({}).lifetime).toBeUndefined();
    expect(plan({}).graceMs).toBe(30_000);
  });
});
