/** @file When the other side of a connection is suspect, and when it is lost, as configured. */
import type { CommOptions } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { Role } from "../protocol/index.ts";

/** Pings go out often enough for a silence to be noticed in time. */
const PINGS = 4;

/**
 * When a peer of this role is given up. A client's event loop stands still while its program
 * computes, so silence says little of it: its system closes the connection when the process ends.
 */
export function sessionTimers(role: Role = "worker"): NonNullable<CommOptions["session"]> {
  const suspectMs = config.get("comm.timeouts.suspect");
  const deadMs = config.get("comm.timeouts.dead");
  const isClient = role === "client";
  return {
    // Nobody waits for a client that is away, and its futures would be lost with it.
    lostMs: isClient ? deadMs : config.get("comm.timeouts.lost"),
    suspectMs,
    deadMs: isClient ? Math.max(deadMs, config.get("comm.timeouts.client")) : deadMs,
    pingMs: Math.min(5000, suspectMs / PINGS),
  };
}
