/**
 * @file Real batch systems on this machine, for tests: started when the first of them needs one,
 * shared by all that run, and stopped by the last. Needs root and the packages of the system;
 * without them `startLab` says so in one line, and the tests are skipped. A batch system that the
 * machine may have is never touched: a lab has folders and ports of its own, and this process is
 * told of it by variables of its own environment.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export type LabName = "slurm" | "ge";

export interface Lab {
  /** Where it keeps its state, logs and pid files. */
  readonly folder: string;
  /** What a command of the system writes. */
  run(file: string, ...args: readonly string[]): string;
  /** Stops it, unless other tests use it. */
  end(): Promise<void>;
}

const path = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Ports of a lab of its own, for tests that take nodes down. */
const OWN_PORT = 46_817;

/**
 * The lab of that name, with its variables in the environment; undefined where it cannot be. With
 * `own` it is no other test's.
 */
export async function startLab(name: LabName, own?: string): Promise<Lab | undefined> {
  const folder = `/var/tmp/heddle-${name}-lab${own === undefined ? "" : `-${own}`}`;
  const lock = `${folder}.lock`;
  const prefix = name.toUpperCase();
  process.env[`${prefix}_LAB_DIR`] = folder;
  if (own !== undefined) process.env[`${prefix}_LAB_PORT`] = String(OWN_PORT);
  const problem = process.platform === "linux" ? undefined : "it needs Linux";
  const holder = problem === undefined ? await share(lock) : undefined;
  // One starts it, others wait and find it up; its servers must not hold the lock.
  const up = spawnSync("flock", ["-o", `${lock}.up`, path(`${name}-up`)], { encoding: "utf8" });
  const exported = /^export (.*)$/m.exec(up.stdout ?? "")?.[1];
  if (holder === undefined || up.status !== 0 || exported === undefined) {
    const why = problem ?? (up.stderr ?? String(up.error)).trim();
    process.stderr.write(`No ${name} lab here, its tests are skipped: ${why}\n`);
    holder?.stdin?.end();
    return undefined;
  }
  for (const pair of exported.trim().split(/\s+/)) {
    const at = pair.indexOf("=");
    process.env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return {
    folder,
    run: (file, ...args) => execFileSync(file, args, { encoding: "utf8" }),
    end: async () => {
      const gone = new Promise((resolve) => holder.once("close", resolve));
      holder.stdin?.end();
      await gone;
      // Fails while another test holds the lock, which is then the last.
      spawnSync("flock", ["-n", "-x", lock, path(`${name}-down`)]);
    },
  };
}

/** Holds a share of the lock until its input ends, as it does with this process. */
async function share(lock: string): Promise<ChildProcess | undefined> {
  const holder = spawn("flock", ["-s", lock, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  return await new Promise((resolve) => {
    holder.once("error", () => resolve(undefined));
    holder.once("close", () => resolve(undefined));
    holder.stdout.once("data", () => resolve(holder));
  });
}
