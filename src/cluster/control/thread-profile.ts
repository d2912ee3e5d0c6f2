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
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: intervalUs });
  session.post("Profiler.start");
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
