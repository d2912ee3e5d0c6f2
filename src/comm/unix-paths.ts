/**
 * @file Where sockets in the file system lie. Each listener on tcp also listens on a unix socket,
 * whose path follows from its address: whoever connects to that address from the same host finds it
 * without asking. The folder belongs to the user alone (0700). The network namespace is part of the
 * name, so that two hosts on one file system (containers) are two hosts here, too.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateFolder } from "../config/private-folder.ts";

/** Longest path of a unix socket on every system that we know: 104 bytes with the final 0. */
export const SOCKET_PATH_BYTES_MAX = 103;

/** Longest name below the folder: "/" and 24 characters. */
const NAME_BYTES = 25;

/**
 * The folder of this user's sockets, made if need be. Throws `AuthFailed` unless it is ours alone.
 */
export function socketFolder(base: string = tmpdir()): string {
  const user = process.getuid?.() ?? 0;
  const wanted = join(base, `heddle-${user}`);
  const fits = Buffer.byteLength(wanted) + NAME_BYTES <= SOCKET_PATH_BYTES_MAX;
  const folder = fits ? wanted : `/tmp/heddle-${user}`;
  makePrivateFolder(folder);
  return folder;
}

function nameOf(text: string): string {
  return createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, NAME_BYTES - 5);
}

/** The network that this process is in, as the system names it. */
function networkName(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return "";
  }
}

/** What begins the name of every socket of this network. */
function networkPrefix(): string {
  return nameOf(networkName()).slice(0, 6);
}

/** Path of the socket beside the listener on `host` and `port`. */
export function besideSocket(host: string, port: number, folder: string = socketFolder()): string {
  return join(folder, `${networkPrefix()}${nameOf(`${host} ${port}`).slice(6)}.tcp`);
}

/**
 * Removes sockets that killed processes of this network left in the folder. The system lists those
 * that are in use; where it does not, nothing is removed.
 */
export function sweepFolder(folder: string, list = "/proc/net/unix"): void {
  const prefix = networkPrefix();
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix));
  if (names.length === 0) return;
  let used: string;
  try {
    // Read after the names: what was listening by then is in it.
    used = readFileSync(list, "utf8");
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(folder, name);
    if (!used.includes(path)) rmSync(path, { force: true });
  }
}

/**
 * The path to use for an asked one: itself, or, when the system could not hold it, one in the
 * user's folder that both sides find in the same way.
 */
export function usablePath(path: string): string {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  return join(socketFolder(), `${nameOf(path)}.sock`);
}
