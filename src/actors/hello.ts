/** @file What the two ends of a way to actors say before anything else. */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import type { MessagePort } from "node:worker_threads";
import type { OwnHello } from "../comm/index.ts";
import type { Role } from "../protocol/index.ts";

const manifest = createRequire(import.meta.url)("../../package.json") as { version: string };

/** What one end of a connection says of itself; no two are the same. */
export function actorHello(role: Role): OwnHello {
  const id = `actors-${process.pid}-${randomBytes(6).toString("hex")}`;
  return { role, id, incarnation: id, version: manifest.version, codeHash: "", facts: {} };
}

/** Posted to a thread that shall take a port; other listeners of the thread see it, too. */
export interface PortOffer {
  /** An actor that lives there. */
  readonly heddleActor: string;
  readonly port: MessagePort;
}
