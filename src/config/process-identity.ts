/**
 * @file Which process of which system a process is. A number alone is not enough: the system gives
 * it to another process later on, a restarted machine begins anew, and containers have numbers of
 * their own. Linux says when a process began, and which numbers and which start of the machine it
 * belongs to; elsewhere those parts are empty.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** What tells a process from all others, now and later. */
export interface ProcessIdentity {
  readonly host: string;
  /** The start of the machine that it runs on; "" where the system does not say. */
  readonly boot: string;
  /** Whose process numbers these are; "" where the system does not say. */
  readonly namespace: string;
  readonly pid: number;
  /** When it began, by the clock of the system; "" where that does not say. */
  readonly start: string;
}

/**
 * Place of the time at which a process began, among what follows its name in `/proc/<pid>/stat`.
 */
const START_FIELD = 19;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    boot: textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: ownNamespace(),
    pid: process.pid,
    start: startOf(process.pid),
  };
}

/** Whose process numbers this process sees; "" where the system does not say. */
export function ownNamespace(): string {
  return textOf(() => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "");
}

/** When a process of this system began; "" for none, and where the system does not say. */
export function startOf(pid: number): string {
  return textOf(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything.
    const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return rest[START_FIELD] ?? "";
  });
}

/**
 * Whether a process of this system's numbers is there that has this number and began then; one
 * whose start is not known counts when its number is there.
 */
export function isRunning(pid: number, start: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const found = start === "" ? "" : startOf(pid);
  return found === "" || found === start;
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
