/**
 * @file Clusters over `ssh`, against a real sshd that this test starts on this machine for its own
 * user. Where there is no sshd (Debian: openssh-server) the tests are left out.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { config } from "heddle";
import { SSHCluster } from "heddle/deploy";
import { Client, Security } from "heddle/distributed";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive, startProgram } from "../fixtures/programs.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"].find(existsSync);
if (SSHD === undefined) {
  process.stderr.write(
    "No sshd here (Debian: openssh-server): the tests of SSHCluster are skipped\n",
  );
}

let folder: string;
let port: number;
let end: () => void = () => undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-ssh-"));
  process.env["HOME"] = join(folder, "home");
  if (SSHD === undefined) return;
  for (const name of ["host", "key"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  }
  port = await freePort();
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/key.pub`,
    `PidFile ${folder}/pid`,
    "StrictModes no",
    "UsePAM no",
  ];
  writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
  // It wants its folder even though it does not use it.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  const server = spawn(SSHD, ["-D", "-e", "-f", join(folder, "config")], { stdio: "pipe" });
  end = () => server.kill();
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stderr.on("data", (text: Buffer) => {
      log += text.toString();
      if (log.includes("Server listening")) resolve();
    });
    server.once("close", () => reject(new Error(`sshd: ${log}`)));
  });
});
afterAll(() => {
  end();
  rmSync(folder, { recursive: true, force: true });
});

function connect(): { port: number; privateKey: string; options: string[] } {
  const options = ["StrictHostKeyChecking=no", `UserKnownHostsFile=${folder}/known`];
  return { port, privateKey: join(folder, "key"), options };
}

const SMALL = { nThreads: 1, memoryLimit: "1GB", schedulerHost: "127.0.0.1" } as const;

describe.skipIf(SSHD === undefined)("SSHCluster", () => {
  it("has workers on its hosts, scales, gives their logs, and leaves nothing", async () => {
    const hosts = ["127.0.0.1", "localhost", "127.0.0.1"];
    const environ = { GREETING: "it's me" };
    const cluster = new SSHCluster({ hosts, connect: connect(), environ, name: "lab", ...SMALL });
    const client = new Client(cluster);
    await cluster.waitForWorkers(2);
    expect(String(cluster)).toMatch(
      /^SSHCluster\(lab, tcp:\/\/127.0.0.1:\d+, 2 workers, 2 threads\)/,
    );
    expect(await client.submit(() => process.env["GREETING"]).result()).toBe("it's me");
    const pids = Object.values(await client.run(() => process.pid)) as number[];
    expect(new Set(pids).size).toBe(2);
    // No secret where every user of the host could read it.
    const commands = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(commands).toContain("--name lab-0");
    const { token } = await cluster.access();
    expect(commands).not.toContain(token);
    await cluster.scale(1);
    expect(Object.keys((await client.schedulerInfo()).workers)).toHaveLength(1);
    expect(Object.keys(await cluster.logs()).sort()).toEqual(["lab-0", "lab-1", "scheduler"]);
    await client.close();
    await cluster.close();
    await expect.poll(() => pids.some(isAlive), { timeout: 10_000 }).toBe(false);
  });

  it("has options for workers, scheduler and each host, and certificates", async () => {
    const security = await Security.temporary();
    const others = { ...connect(), options: [...connect().options, "Compression=yes"] };
    const change = config.set({ "worker.resources": { SPIN: 3 } });
    const cluster = new SSHCluster({
      hosts: ["127.0.0.1", "localhost"],
      connect: [connect(), others],
      remoteNode: [process.execPath, process.execPath],
      workerOptions: { nWorkers: 2, nThreads: 1, memoryLimit: "300MB", lifetimeMs: 3_600_000 },
      schedulerOptions: { host: "127.0.0.1", dashboardAddress: null, port: "0" },
      ...{ security, name: "full" },
    });
    change.undo();
    const client = new Client(cluster);
    await cluster.waitForWorkers(2);
    expect(cluster.address).toMatch(/^tls:/);
    expect(cluster.dashboardLink).toBeUndefined();
    const workers = Object.values((await client.schedulerInfo()).workers);
    // What the program has configured reaches the other hosts.
    expect(workers).toMatchObject([
      { name: "full-0", memoryLimitBytes: 3e8, resources: { SPIN: 3 } },
      { name: "full-1", memoryLimitBytes: 3e8, resources: { SPIN: 3 } },
    ]);
    expect(await client.submit((x: number) => x + 1, 41).result()).toBe(42);
    const commands = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(commands).toContain("--lifetime 3600000ms");
    expect(commands).not.toContain("PRIVATE KEY");
    await client.close();
    await cluster.close();
  });

  it("says why a host cannot be used", async () => {
    const wrong = { ...connect(), privateKey: join(folder, "host") };
    const cluster = new SSHCluster({ hosts: ["127.0.0.1"], connect: wrong, ...SMALL });
    await expect(cluster.ready).rejects.toMatchObject({
      code: "ConnectFailed",
      message: expect.stringMatching(/No Heddle on 127.0.0.1 over ssh.*denied/s),
    });
    await cluster.close();
    const lost = new SSHCluster({
      hosts: ["127.0.0.1"],
      connect: connect(),
      remoteCommand: "no-such-command",
    });
    await expect(lost.ready).rejects.toThrow(/no-such-command/);
    await lost.close();
  });

  it("heddle ssh: a cluster for as long as it runs", async () => {
    const hostfile = join(folder, "hosts");
    writeFileSync(hostfile, "localhost  # the same machine\n");
    const file = join(folder, "cluster.json");
    const ssh = ["--ssh-port", String(port), "--ssh-private-key", join(folder, "key")];
    const options = connect().options.flatMap((option) => ["--ssh-option", option]);
    const flags = ["--nthreads", "1", "--memory-limit", "1GB", "--scheduler-port", "0"];
    const files = ["--hostfile", hostfile, "--scheduler-file", file];
    const logs = ["--log-directory", join(folder, "logs"), "--json"];
    const args = ["ssh", "127.0.0.1", ...files, ...flags, ...ssh, ...options, ...logs];
    const program = await startProgram(args, folder, {});
    expect(program.first).toMatchObject({ type: "ssh", workers: 2 });
    const client = new Client({ schedulerFile: file });
    await client.waitForWorkers(2);
    expect(await client.submit((x: number) => x * 2, 21).result()).toBe(42);
    await client.close();
    program.kill("SIGTERM");
    expect(await program.ended).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(join(folder, "logs/scheduler.log"), "utf8")).toMatch(/joined at/);
  });

  it("everything ends with the program that started it, also when that is killed", async () => {
    const script = join(folder, "killed.mjs");
    const entry = new URL("../../lib/deploy/index.js", import.meta.url).href;
    const distributed = new URL("../../lib/cluster/index.js", import.meta.url).href;
    writeFileSync(
      script,
      `import { Client } from ${JSON.stringify(distributed)};
      import { SSHCluster } from ${JSON.stringify(entry)};
      const options = ${JSON.stringify({ hosts: ["127.0.0.1"], connect: connect(), ...SMALL })};
      const client = new Client(new SSHCluster(options));
      console.log(await client.submit(() => process.pid).result());
      process.kill(process.pid, "SIGKILL");`,
    );
    const { stdout, signal } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(signal).toBe("SIGKILL");
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });
});

it("a host that ssh would take for an option is refused", () => {
  const make = (): SSHCluster => new SSHCluster({ hosts: ["-oProxyCommand=touch x"] });
  expect(make).toThrow(/not the name of a host/);
});
