/** @file Walltimes as batch systems write them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function numbers(text: string): number[] | undefined {
  if (!/^\d+(:\d+)*$/.test(text)) return undefined;
  return text.split(":").map(Number);
}

/** Slurm: `minutes`, `m:s`, `h:m:s`, `d-h`, `d-h:m`, `d-h:m:s`. */
export function slurmWalltime(text: string): number | undefined {
  const [days, rest] = text.includes("-") ? text.split("-", 2) : [undefined, text];
  const parts = numbers(rest ?? "");
  if (parts === undefined || parts.length > 3) return undefined;
  if (days !== undefined) {
    const whole = numbers(days);
    if (whole?.length !== 1) return undefined;
    const [hours = 0, minutes = 0, seconds = 0] = parts;
    return (whole[0] as number) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
  }
  const [seconds = 0, minutes = 0, hours = 0] =
    parts.length === 1 ? [0, ...parts] : parts.reverse();
  return hours * HOUR + minutes * MINUTE + seconds * SECOND;
}

/** PBS, Moab, Grid Engine: `seconds`, `m:s`, `h:m:s`, Moab and Torque also `d:h:m:s`. */
export function colonWalltime(text: string): number | undefined {
  const parts = numbers(text);
  if (parts === undefined || parts.length > 4) return undefined;
  const [seconds = 0, minutes = 0, hours = 0, days = 0] = parts.reverse();
  return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
}

/** LSF: `minutes` or `h:m`, with a host after a slash that is of no matter here. */
export function lsfWalltime(text: string): number | undefined {
  const parts = numbers(text.split("/", 1)[0] ?? "");
  if (parts === undefined || parts.length > 2) return undefined;
  const [minutes = 0, hours = 0] = parts.reverse();
  return hours * HOUR + minutes * MINUTE;
}

/** OAR: `h`, `h:m`, `h:m:s`. */
export function oarWalltime(text: string): number | undefined {
  const parts = numbers(text);
  if (parts === undefined || parts.length > 3) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = parts;
  return hours * HOUR + minutes * MINUTE + seconds * SECOND;
}
