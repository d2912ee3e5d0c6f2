/** @file When the other side of a connection is suspect, and when it is lost, as configured. */
import type { CommOptions } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { Role } from "../protocol/index.ts";

/** Pings go out often enough for a silence to be noticed in time. */
const PINGS = 4;

/**
 * When a peer of this role is given up. A client's event loop stands still while its program
 * computes, so silence says little of it. A closed connection says much: the system closes it when
 * the process ends, while a network that is cut closes nothing, and a client that lives comes back
 * within moments. What the client had locked is not kept from others for longer than that takes.
 */
export function sessionTimers(role: Role = "worker"): NonNullable<CommOptions["session"]> {
  const suspectMs = config.get("comm.timeouts.suspect");
  const deadMs = config.get("comm.timeouts.dead");
  const isClient = role === "client";
  return {
    lostMs: isClient
      ? Math.min(deadMs, config.get("comm.timeouts.client-gone"))
      : config.get("comm.timeouts.lost"),
    suspectMs,
    deadMs: isClient ? Math.max(deadMs, config.get("comm.timeouts.client")) : deadMs,
    pingMs: Math.min(5000, suspectMs / PINGS),
  };
}

/** How long a client may take to come back that was known when something else than it broke. */
export function awayMs(): number {
  return config.get("comm.timeouts.dead");
}
