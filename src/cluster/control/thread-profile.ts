/**
 * @file Profiles the task thread that calls it, with V8's sampling profiler. For engines within the
 * program, whose threads nobody else can reach; a thread that is in a synchronous task begins, and
 * ends, after it.
 */
import { Session } from "node:inspector";
import { referToAll } from "../../functions/index.ts";
import * as self from "./thread-profile.ts";

/** A profile that nobody asks for any more ends by itself. */
export const PROFILE_MOST_MS = 600_000;

interface Running {
  readonly session: Session;
  readonly late: NodeJS.Timeout;
}

const running = new Map<string, Running>();

/**
 * What V8 is told to begin a profile with a sample each `intervalUs` microseconds.
 *
 * A profiler that starts does not learn of loops that V8 has compiled while they ran (on-stack
 * replacement), and finds no function in their samples. To begin to count calls throws all
 * optimised code away, such loops with it, also those that run right now; what is worth it is
 * compiled again before the profiler's eyes. Where all calls are being counted anyway, stopping it
 * would take that from whoever has asked for it.
 */
export function beginning(intervalUs: number): [method: string, params: object][] {
  const forget: [string, object][] = [
    ["Profiler.startPreciseCoverage", { callCount: false, detailed: false }],
    ["Profiler.stopPreciseCoverage", {}],
  ];
  return [
    ["Profiler.enable", {}],
    ...(process.env["NODE_V8_COVERAGE"] === undefined ? forget : []),
    ["Profiler.setSamplingInterval", { interval: intervalUs }],
    ["Profiler.start", {}],
  ];
}

/** Takes a sample each `intervalUs` microseconds, until `stopProfile` with the same id. */
export function startProfile(id: string, intervalUs: number): void {
  const session = new Session();
  session.connect();
  const late = setTimeout(() => {
    running.delete(id);
    session.disconnect();
  }, PROFILE_MOST_MS);
  late.unref();
  running.set(id, { session, late });
  // Answered before `post` returns: the thread asks itself.
  for (const [method, params] of beginning(intervalUs)) session.post(method, params);
}

/** The profile as JSON, as V8 writes it; undefined when there is none of that id. */
export async function stopProfile(id: string): Promise<string | undefined> {
  const found = running.get(id);
  if (found === undefined) return undefined;
  running.delete(id);
  clearTimeout(found.late);
  const { session } = found;
  return await new Promise((resolve) => {
    session.post("Profiler.stop", (_error, answer) => {
      session.disconnect();
      resolve(answer === undefined ? undefined : JSON.stringify(answer.profile));
    });
  });
}

referToAll(import.meta.url, self);
