/** @file When the other side of a connection is suspect, and when it is lost, as configured. */
import type { CommOptions } from "../comm/index.ts";
import { config } from "../config/config.ts";

/** Pings go out often enough for a silence to be noticed in time. */
const PINGS = 4;

export function sessionTimers(): NonNullable<CommOptions["session"]> {
  const suspectMs = config.get("comm.timeouts.suspect");
  return {
    lostMs: config.get("comm.timeouts.lost"),
    suspectMs,
    deadMs: config.get("comm.timeouts.dead"),
    pingMs: Math.min(5000, suspectMs / PINGS),
  };
}
