/** @file How a cluster's scheduler listens and lives: by its options, and by the configuration. */
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { Security } from "../../../src/comm/index.ts";
import { config } from "../../../src/config/config.ts";
import { JobValues } from "../../../src/jobqueue/job-values.ts";
import type { SLURMClusterOptions } from "../../../src/jobqueue/options.ts";
import { schedulerArguments, schedulerCommand } from "../../../src/jobqueue/scheduler-command.ts";
import { listenAddress, schedulerSettings } from "../../../src/jobqueue/scheduler-settings.ts";

function settings(options: SLURMClusterOptions = {}) {
  return schedulerSettings(new JobValues("slurm", options), options);
}

function address(options: SLURMClusterOptions = {}): string {
  return listenAddress(new JobValues("slurm", options), settings(options));
}

const [loopback = ""] = Object.keys(networkInterfaces()).filter((name) => /^lo/.test(name));

describe("where it listens", () => {
  test("on all networks, encrypted, at any port, unless told otherwise", () => {
    expect(address()).toBe("tls://0.0.0.0:0");
    expect(address({ protocol: "tcp" })).toBe("tcp://0.0.0.0:0");
    expect(address({ host: "login1", schedulerOptions: { port: 8786 } })).toBe("tls://login1:8786");
    expect(address({ schedulerOptions: { host: "::1", port: "9000:9010" } })).toBe(
      "tls://[::1]:9000-9010",
    );
  });

  test("on the workers' interface, or on one of its own", () => {
    expect(address({ interface: loopback })).toBe("tls://127.0.0.1:0");
    const own = { interface: "ib0", schedulerOptions: { interface: loopback } };
    expect(address(own)).toBe("tls://127.0.0.1:0");
    // A host says more than an interface that only workers have.
    expect(address({ interface: "ib0", host: "login1" })).toBe("tls://login1:0");
    expect(() => address({ interface: "ib7" })).toThrow(
      new RegExp(
        `no network interface "ib7".*It has: .*${loopback}.*schedulerOptions: \\{ interface`,
      ),
    );
  });

  test("as the configuration says, where options do not", () => {
    const said = { port: "8800-8810", "dashboard-address": ":9000", "idle-timeout": "1h" };
    config.with({ "jobqueue.slurm.scheduler-options": said }, () => {
      expect(settings()).toMatchObject({
        port: "8800-8810",
        dashboardAddress: ":9000",
        idleTimeoutMs: 3_600_000,
      });
      expect(settings({ schedulerOptions: { port: 1 } })).toMatchObject({
        port: "1",
        dashboardAddress: ":9000",
      });
      expect(settings({ dashboardAddress: null }).dashboardAddress).toBeNull();
    });
    config.with({ "jobqueue.slurm.scheduler-options": { prot: 1 } }, () => {
      expect(() => settings()).toThrow(
        /scheduler-options has no option "prot"; did you mean "port"/,
      );
    });
  });

  test("nonsense is refused", async () => {
    const security = await Security.temporary();
    const wrong: readonly (readonly [SLURMClusterOptions, RegExp])[] = [
      [{ schedulerOptions: { port: 99_999 } }, /schedulerOptions.port is 99999/],
      [{ schedulerOptions: { port: "9-8" } }, /schedulerOptions.port is "9-8"/],
      [{ schedulerOptions: { pot: 1 } as object }, /no option "pot"; did you mean "port"/],
      [{ protocol: "udp" as "tcp" }, /protocol is "udp"; it must be "tls" or "tcp"/],
      [{ protocol: "tcp", security }, /it must be "tls" with security/],
      [{ onClientExit: "keep" }, /ends with this program: give schedulerPlacement: "process"/],
      [
        { schedulerPlacement: "login" as "job" },
        /schedulerPlacement is "login"; it must be "client"/,
      ],
    ];
    for (const [options, message] of wrong) expect(() => settings(options)).toThrow(message);
  });
});

describe("a scheduler that is a program of its own", () => {
  const files = { secrets: "/shared/x.secrets.json", connectionFile: "/shared/x.json" };

  test("is told where its files are, and nothing secret", () => {
    const all = settings({
      interface: "ib0",
      dashboardAddress: null,
      schedulerOptions: { journal: "/j", idleTimeoutMs: 5, preload: ["a.mjs"], port: 8786 },
    });
    expect(schedulerArguments(all, files).join(" ")).toBe(
      "--access-file /shared/x.secrets.json --scheduler-file /shared/x.json --protocol tls " +
        "--port 8786 --interface ib0 --idle-timeout 5ms --journal /j --preload a.mjs --no-dashboard",
    );
    expect(schedulerArguments(settings({ host: "login1" }), files).join(" ")).toMatch(
      /--host login1 --dashboard-address :8787$/,
    );
  });

  test("is a line for the shell of a job, in which variables are the node's", () => {
    const own = { ...files, connectionFile: "$HOME/a b.json" };
    expect(schedulerCommand("$NODE", settings(), own)).toMatch(
      /^"\$NODE" \S+main\.js scheduler --access-file \S+ --scheduler-file "\$HOME\/a b.json" /,
    );
  });
});
