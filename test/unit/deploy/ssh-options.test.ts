/** @file What the options of an `SSHCluster` come to. */
import { describe, expect, it } from "vitest";
import { readSSHOptions, type SSHClusterOptions } from "../../../src/deploy/ssh-options.ts";

const HOSTS = ["login", "node1", "node2"];

function refusal(given: object): string {
  try {
    readSSHOptions({ hosts: HOSTS, ...given } as SSHClusterOptions);
  } catch (error) {
    return String(error);
  }
  return "";
}

describe("hosts", () => {
  it("are the scheduler's and those of the workers; one has both", () => {
    const { scheduler, workerHosts } = readSSHOptions({ hosts: HOSTS });
    expect(scheduler.host).toBe("login");
    expect(workerHosts.map(({ host }) => host)).toEqual(["node1", "node2"]);
    expect(readSSHOptions({ hosts: ["one"] }).workerHosts).toEqual([
      { host: "one", connect: {}, remoteNode: undefined },
    ]);
    expect(refusal({ hosts: [] })).toContain("SSHCluster takes { hosts }");
    expect(refusal({ hosts: "one" })).toContain("SSHCluster takes { hosts }");
  });

  it("may each have a way to connect, and a Node", () => {
    const { scheduler, workerHosts } = readSSHOptions({
      hosts: HOSTS,
      connect: [{ port: 1 }, { port: 2 }, { username: "me" }],
      remoteNode: ["/a", "/b", "/c"],
    });
    expect([scheduler, ...workerHosts]).toEqual([
      { host: "login", connect: { port: 1 }, remoteNode: "/a" },
      { host: "node1", connect: { port: 2 }, remoteNode: "/b" },
      { host: "node2", connect: { username: "me" }, remoteNode: "/c" },
    ]);
    const all = readSSHOptions({ hosts: HOSTS, connect: { port: 7 }, remoteNode: "/n" });
    expect(all.workerHosts[1]).toEqual({ host: "node2", connect: { port: 7 }, remoteNode: "/n" });
    expect(refusal({ connect: [{}] })).toMatch(/connect is a list of 1, but there are 3 hosts/);
    expect(refusal({ remoteNode: ["/a"] })).toMatch(/remoteNode is a list of 1/);
  });
});

describe("options of workers and scheduler", () => {
  it("may be given in short", () => {
    const short = readSSHOptions({
      ...{ hosts: HOSTS, nWorkers: 2, memoryLimit: "1GB" },
      ...{ schedulerPort: 1, schedulerHost: "h", workerOptions: { nThreads: 4 } },
    });
    expect(short.workerOptions).toEqual({ nWorkers: 2, nThreads: 4, memoryLimit: "1GB" });
    expect(short.schedulerOptions).toEqual({ port: 1, host: "h" });
  });

  it("are refused where they are given twice, or have no meaning", () => {
    expect(refusal({ nThreads: 1, workerOptions: { nThreads: 1 } })).toContain("given twice");
    expect(refusal({ schedulerPort: 1, schedulerOptions: { port: 1 } })).toContain("given twice");
    expect(refusal({ workerOptions: { nthreads: 1 } })).toContain('did you mean "nThreads"');
    expect(refusal({ schedulerOptions: { prt: 1 } })).toContain('did you mean "port"');
    expect(refusal({ workerOption: {} })).toContain('did you mean "workerOptions"');
  });
});
