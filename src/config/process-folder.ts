/**
 * @file Names of the folders that processes make for themselves, by which those of killed ones are
 * known. A folder may be shared with other machines, whose processes cannot be seen, so names say
 * the host.
 */
import { hostname } from "node:os";
import { nodeCrypto } from "../functions/crypto.ts";

const PROCESS_FOLDER = /^heddle-([\w.-]*)-(\d+)-[0-9a-f]{8}$/;

/** Name of a folder for this process that no other one has; `number` tells its threads apart. */
export function processFolder(number?: number): string {
  const last = number === undefined ? nodeCrypto().randomBytes(4).toString("hex") : hex(number);
  return `heddle-${ownHost()}-${process.pid}-${last}`;
}

/** The process of this host that a folder of this name belongs to, if it is such a name. */
export function processOf(name: string): number | undefined {
  const [, host, pid] = PROCESS_FOLDER.exec(name) ?? [];
  return host === ownHost() && Number(pid) > 0 ? Number(pid) : undefined;
}

/** The host's name with nothing in it that a folder's name must not have. */
function ownHost(): string {
  return hostname().replace(/[^\w.-]/g, "_");
}

function hex(number: number): string {
  return number.toString(16).padStart(8, "0");
}
