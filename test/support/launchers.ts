/** @file What starts the ranks in tests: the launchers that are there, and one of our own. */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "heddle/distributed";

export interface TestLauncher {
  readonly name: string;
  /** Words before the command. */
  command(ranks: number): readonly string[];
  /** Further words with which it goes on when a rank is killed; undefined where it cannot. */
  readonly lasting: readonly string[] | undefined;
}

/** The path of a program for launches. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/mpi/${name}`, import.meta.url));

/** The command as it is installed. */
export const main: string = fileURLToPath(new URL("../../lib/cli/main.js", import.meta.url));
export const program: string = fixture("program.mjs");

export const FAKE: TestLauncher = {
  name: "a launcher of our own",
  command: (ranks) => [process.execPath, fixture("fake-mpirun.mjs"), "-n", String(ranks)],
  lasting: [],
};

export const OPEN_MPI: TestLauncher = {
  name: "mpirun of Open MPI",
  command: (ranks) => {
    const anywhere = ["--allow-run-as-root", "--oversubscribe"];
    return ["mpirun.openmpi", ...anywhere, "-np", String(ranks)];
  },
  lasting: ["--enable-recovery"],
};

export const MPICH: TestLauncher = {
  name: "mpirun of MPICH",
  command: (ranks) => ["mpirun.mpich", "-np", String(ranks)],
  lasting: undefined,
};

export const SRUN: TestLauncher = {
  name: "srun",
  command: (ranks) => ["srun", "-n", String(ranks)],
  lasting: ["--kill-on-bad-exit=0"],
};

/** Whether it can be used; where not, a line says so. */
export function isThere({ name, command }: TestLauncher): boolean {
  const [word = ""] = command(1);
  if (spawnSync(word, ["--version"]).status === 0) return true;
  process.stderr.write(`There is no ${name} (${word}) here, its tests are skipped\n`);
  return false;
}

/** How a launch ended. */
export interface Launched {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  /** The lines of output that are JSON. */
  readonly said: readonly Record<string, unknown>[];
  /** Numbers of its processes that are still there. */
  left(): number[];
}

/** A launch that goes on. */
export interface Launch {
  readonly ended: Promise<Launched>;
  /** Ends the launcher, for tests that failed. */
  kill(): void;
}

export interface LaunchAt {
  readonly cwd: string;
  readonly environ?: Readonly<Record<string, string>>;
}

/** Starts a command under a launcher. */
export function launch(words: readonly string[], { cwd, environ = {} }: LaunchAt): Launch {
  const [command = "", ...args] = words;
  const mark = randomBytes(8).toString("hex");
  const env = { ...process.env, HOME: cwd, HEDDLE_TOKEN: "", LAUNCH_MARK: mark, ...environ };
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  const ended = new Promise<Launched>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const said = output.split("\n").flatMap((line) => {
        return line.startsWith("{") ? [JSON.parse(line) as Record<string, unknown>] : [];
      });
      resolve({ code, output, errors, said, left: () => marked(mark) });
    });
  });
  return { ended, kill: () => void child.kill("SIGKILL") };
}

/** Processes that have the mark in their environment. */
function marked(mark: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const isOurs = readFileSync(`/proc/${name}/environ`, "utf8").includes(mark);
      const isZombie = /\) Z /.test(readFileSync(`/proc/${name}/stat`, "utf8"));
      return isOurs && !isZombie ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** A client of the launch that leaves this file, which may be another one's for a while. */
export async function clientOf(schedulerFile: string): Promise<Client> {
  for (;;) {
    const client = new Client({ schedulerFile, connectTimeoutMs: 1000 });
    try {
      await client.ready;
      return client;
    } catch {
      await client.close();
    }
  }
}

/** Files below the folder of launches that would let somebody in. */
export function secretsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => {
    return name.endsWith(".json") && readFileSync(join(folder, name), "utf8").includes('"token"');
  });
}
