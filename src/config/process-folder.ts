/**
 * @file Names of the folders that processes make for themselves, by which those of killed ones are
 * known. A folder may be shared with other machines and containers, whose processes cannot be seen,
 * so names say the host and whose process numbers they use; a number is used again, so they say
 * when the process began.
 */
import { hostname } from "node:os";
import { nodeCrypto } from "../functions/crypto.ts";
import { isRunning, ownNamespace, startOf } from "./process-identity.ts";

/** `heddle-<host>-<namespace>-<pid>-<start>-<a word, or what nobody can guess>`. */
const PROCESS_FOLDER = /^heddle-([\w.-]*)-(\d*)-(\d+)-(\d*)-(?:[0-9a-f]{16}|[a-z]+)$/;

let ownPrefix: string | undefined;

/**
 * Name of a folder for this process that no other one has, and that nobody can guess; with a word
 * the one that all threads of the process mean by it.
 */
export function processFolder(word: string = nodeCrypto().randomBytes(8).toString("hex")): string {
  ownPrefix ??= `heddle-${ownHost()}-${ownNamespace()}-${process.pid}-${startOf(process.pid)}`;
  return `${ownPrefix}-${word}`;
}

/** Whether a name is that of a process's folder. */
export function isProcessFolder(name: string): boolean {
  return PROCESS_FOLDER.test(name);
}

/** Whether a folder of this name was a process's of this system that has ended. */
export function isLeftover(name: string): boolean {
  const [, host, namespace, pid, start] = PROCESS_FOLDER.exec(name) ?? [];
  if (host !== ownHost() || namespace !== ownNamespace()) return false;
  return !isRunning(Number(pid), start ?? "");
}

/** The host's name with nothing in it that a folder's name must not have. */
function ownHost(): string {
  return hostname().replace(/[^\w.-]/g, "_");
}
