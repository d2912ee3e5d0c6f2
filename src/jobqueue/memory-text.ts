/**
 * @file Amounts of memory as each batch system writes them, always rounded up: a worker that is
 * told of more than its job has is killed by the system.
 */
import { HeddleError } from "../core/errors.ts";

/** Slurm: whole units of 1024, the largest that gives at least one: `27G`, `2K`. */
export function slurmMemory(bytes: number): string {
  for (const [power, unit] of [
    [3, "G"],
    [2, "M"],
    [1, "K"],
  ] as const) {
    if (bytes >= 1024 ** power) return `${Math.ceil(bytes / 1024 ** power)}${unit}`;
  }
  return "1K";
}

/** PBS and Moab: whole units of 1024, the largest that gives at least ten: `27GB`, `1234B`. */
export function pbsMemory(bytes: number): string {
  for (const [power, unit] of [
    [3, "GB"],
    [2, "MB"],
    [1, "kB"],
  ] as const) {
    if (bytes >= 10 * 1024 ** power) return `${Math.ceil(bytes / 1024 ** power)}${unit}`;
  }
  return `${Math.ceil(bytes)}B`;
}

const LSF_POWERS: Readonly<Record<string, number>> = { kb: 1, mb: 2, gb: 3, tb: 4, pb: 5, eb: 6 };

/** LSF: a whole number of the unit that the site has set, in powers of 1000: `28000000` for kb. */
export function lsfMemory(bytes: number, unit: string): string {
  const power = LSF_POWERS[unit.toLowerCase()];
  if (power === undefined) {
    const known = Object.keys(LSF_POWERS).join(", ");
    throw new HeddleError("InvalidArgument", `lsfUnits is "${unit}"; it may be one of ${known}`);
  }
  return String(Math.ceil(bytes / 1000 ** power));
}

/** OAR: MiB for each core. */
export function oarMemory(bytes: number, cores: number): number {
  return Math.ceil(bytes / (cores * 2 ** 20));
}
