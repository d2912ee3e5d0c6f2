/** @file The unit in which an LSF site writes limits of memory: its `lsf.conf` says it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** LSF's own, where nothing else is said. */
const USUAL = "kb";

/** The unit of this host's LSF; kb where there is none, or its file says nothing. */
export function siteUnits(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const folder = env["LSF_ENVDIR"] || env["LSF_CONFDIR"] || "/etc";
  let text: string;
  try {
    text = readFileSync(join(folder, "lsf.conf"), "utf8");
  } catch {
    return USUAL;
  }
  // The last one counts, as for LSF.
  const said = [...text.matchAll(/^\s*LSF_UNIT_FOR_LIMITS\s*=\s*"?([kmgtpe])b?\b/gim)].at(-1);
  return said?.[1] === undefined ? USUAL : `${said[1].toLowerCase()}b`;
}
