import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planSSH } from "../../../src/cli/ssh.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-ssh-plan-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("the first host has the scheduler and workers, unless told otherwise", () => {
  expect(planSSH(["a", "b"], {})).toEqual({
    hosts: ["a", "a", "b"],
    connect: {},
    schedulerPort: "8786",
  });
  expect(planSSH(["a", "b"], { nohost: true }).hosts).toEqual(["a", "b"]);
  expect(planSSH(["a", "b"], { scheduler: "s" }).hosts).toEqual(["s", "a", "b"]);
  const hostfile = join(folder, "hosts");
  writeFileSync(hostfile, "# machines\nc\n  d # slow\n\n");
  expect(planSSH(["a"], { hostfile }).hosts).toEqual(["a", "a", "c", "d"]);
});

it("flags go to ssh and to the programs", () => {
  const flags = {
    sshUsername: "me",
    sshPort: "2222",
    sshPrivateKey: "key",
    sshOption: ["A=b"],
    nworkers: "2",
    nthreads: "4",
    workerPort: "9000:9100",
    remoteCommand: "nice heddle",
  };
  expect(planSSH(["a"], flags)).toMatchObject({
    connect: { username: "me", port: 2222, privateKey: "key", options: ["A=b"] },
    nWorkers: 2,
    nThreads: 4,
    workerPort: "9000-9100",
    remoteCommand: ["nice", "heddle"],
  });
});

it.each([
  [[], {}, /takes hosts/],
  [["a"], { nohost: true }, /--nohost leaves no host/],
  [["a"], { sshPort: "0" }, /--ssh-port 0/],
  [["a"], { nworkers: "x" }, /--nworkers x/],
  [["a"], { hostfile: "/none" }, /--hostfile \/none cannot be read/],
])("%j %j is refused", (hosts, flags, message) => {
  expect(() => planSSH(hosts, flags)).toThrow(message);
});
