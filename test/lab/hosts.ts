/**
 * @file Several simulated hosts on this machine, each a network namespace, and the faults of the
 * network between them (`netns-lab`). Needs root, `ip` and `nft`; without them `whyNot` says so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const tool = fileURLToPath(new URL("./netns-lab", import.meta.url));

/** Why there can be no such hosts here; undefined where there can. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it needs root on Linux";
  for (const program of ["ip", "nft", "tc"]) {
    if (spawnSync(program, ["-V"]).error !== undefined) return `it needs the program ${program}`;
  }
  const probe = `probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", probe], { encoding: "utf8" });
  spawnSync("ip", ["netns", "del", probe]);
  return made.status === 0 ? undefined : `no network namespaces: ${made.stderr.trim()}`;
}

/** Hosts 1, 2, ... of one laboratory. */
export class Hosts {
  readonly #env: NodeJS.ProcessEnv;
  readonly #net: string;

  /** Takes down what a laboratory of the same name has left. */
  constructor(count: number, name: string, net: number) {
    this.#net = `10.${net}.0`;
    this.#env = { ...process.env, NETNS_LAB_PREFIX: name, NETNS_LAB_NET: this.#net };
    this.#do("down");
    this.#do("up", count);
  }

  addressOf(host: number): string {
    return `${this.#net}.${host}`;
  }

  /** What runs a command on a host, with the environment that it needs. */
  on(host: number): readonly string[] {
    const { NETNS_LAB_PREFIX: name, NETNS_LAB_NET: net } = this.#env;
    const env = [`NETNS_LAB_PREFIX=${name}`, `NETNS_LAB_NET=${net}`];
    return ["env", ...env, tool, "exec", String(host)];
  }

  /** Nothing gets through between the two. */
  partition(a: number, b: number): void {
    this.#do("partition", a, b);
  }

  /** Nothing gets through from one to the other; the way back is open. */
  cut(from: number, to: number): void {
    this.#do("cut", from, to);
  }

  /** No new connections get through from one to the other; those that there are go on. */
  refuse(from: number, to: number): void {
    this.#do("refuse", from, to);
  }

  isolate(host: number): void {
    this.#do("isolate", host);
  }

  loss(a: number, b: number, percent: number): void {
    this.#do("loss", a, b, percent);
  }

  rate(host: number, mbit: number): void {
    this.#do("rate", host, mbit);
  }

  /** Takes the cable out. */
  unplug(host: number): void {
    this.#do("unplug", host);
  }

  heal(): void {
    this.#do("heal");
  }

  /** Ends everything that runs on the hosts, and removes them. */
  close(): void {
    this.#do("down");
  }

  #do(...command: readonly (string | number)[]): void {
    execFileSync(tool, command.map(String), { env: this.#env, stdio: "pipe" });
  }
}
