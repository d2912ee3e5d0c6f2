/** @file What a process of this package says of itself when it connects. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { OwnHello } from "../comm/index.ts";
import { packageVersion } from "../config/package-version.ts";
import type { Role } from "../protocol/index.ts";

/**
 * Names the code that this process runs: a hash that `scripts/bundle.mjs` leaves beside it. Empty
 * in a tree that is being worked on, where files change under way.
 */
const codeHash = readCodeHash();

/** Another one after each start. */
const incarnation = randomBytes(8).toString("hex");

/** The hello of this process in a role; `id` names it in the cluster. */
export function ownHello(role: Role, id: string, facts: unknown): OwnHello {
  const version = packageVersion();
  return { role, id, incarnation, version, codeHash, facts };
}

/** A name that no other process has. */
export function uniqueName(stem: string): string {
  return `${stem}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

function readCodeHash(): string {
  // The package's sources are there: it is being worked on.
  if (existsSync(new URL("../../src/", import.meta.url))) return "";
  try {
    return readFileSync(new URL("../code-hash", import.meta.url), "utf8");
  } catch {
    return "";
  }
}
