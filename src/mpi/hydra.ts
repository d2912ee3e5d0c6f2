/**
 * @file What names a launch of MPICH. Its launcher (hydra) tells the ranks nothing that does; but
 * the proxy that started them on each node was told where `mpirun` listens, by its command line.
 */
import { readFileSync } from "node:fs";

/** The rank may have been started by a shell or a wrapper, itself started by the proxy. */
const GENERATIONS = 8;

/** Where the `mpirun` that started this process listens; undefined where that cannot be seen. */
export function hydraLaunch(pid: number = process.ppid): string | undefined {
  let ancestor = pid;
  for (let i = 0; i < GENERATIONS && ancestor > 1; i++) {
    try {
      const found = controlOf(readFileSync(`/proc/${ancestor}/cmdline`, "utf8"));
      if (found !== undefined) return found;
      ancestor = parentOf(readFileSync(`/proc/${ancestor}/stat`, "utf8"));
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The address in a proxy's command line (words end with a null character). */
export function controlOf(commandLine: string): string | undefined {
  const words = commandLine.split("\0");
  if (!words[0]?.includes("hydra")) return undefined;
  const after = (flag: string): string | undefined => words[words.indexOf(flag) + 1];
  if (words.includes("--control-port")) return after("--control-port");
  // Intel MPI's.
  if (!words.includes("--upstream-port")) return undefined;
  return `${after("--upstream-host") ?? ""}:${after("--upstream-port")}`;
}

/** The parent in `/proc/<pid>/stat`, where the command's name may hold anything. */
function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
