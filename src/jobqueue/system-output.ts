/** @file Reading what the commands of batch systems write. */
import { HeddleError } from "../core/errors.ts";

/**
 * The groups of the first line that matches. Throws `JobFailed`, with what was written, where there
 * is none: an id that was guessed would cancel the job of somebody else.
 */
export function idsOf(command: string, stdout: string, pattern: RegExp): [string, ...string[]] {
  for (const line of stdout.split("\n")) {
    const found = pattern.exec(line.trim());
    if (found?.[1] !== undefined) return found.slice(1) as [string, ...string[]];
  }
  throw new HeddleError(
    "JobFailed",
    `${command} wrote ${stdout.trim() === "" ? "nothing" : `"${stdout.trim().slice(0, 500)}"`} ` +
      "where the id of a job was expected: is it a wrapper of this site? Put the system's own " +
      "command first in PATH.",
    { fields: { command, stdout } },
  );
}

/** `a`, and after it each of the elements, as `system` numbers them. */
export function elements(count: number, id: (index: number) => string, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => id(first + i));
}

/** What stands between the tags of this name in XML as batch systems write it, first occurrence. */
export function xmlText(xml: string, tag: string): string | undefined {
  const found = new RegExp(`<${tag}(?:\\s[^>]*)?>([^<]*)</${tag}>`).exec(xml);
  return found?.[1]?.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
