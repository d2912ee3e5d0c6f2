/**
 * @file How this thread proves to workers of its clusters that it belongs to them: a task thread
 * knows its cluster, a program the clusters that its clients have connected to.
 */
import { isMainThread, workerData } from "node:worker_threads";
import type { SecurityOptions } from "../comm/index.ts";
import type { Security } from "../comm/security.ts";

/** What is shown to a worker. */
export interface Access {
  /** Where the scheduler listens, as this thread reaches it. */
  readonly scheduler: string;
  readonly token?: string | undefined;
  readonly security?: Security | undefined;
}

interface ThreadAccess {
  readonly cluster?: {
    readonly scheduler: string;
    readonly token?: string;
    readonly security?: SecurityOptions;
  };
}

/** By the scheduler's address, the latest last. */
const known = new Map<string, Access>();

/** What there is to show. */
type Shown = Omit<Access, "scheduler">;

/** A client has connected to a cluster. */
export function rememberAccess(scheduler: string, { token, security }: Shown): void {
  known.delete(scheduler);
  known.set(scheduler, { scheduler, token, security });
}

/** The cluster that this thread runs tasks of. */
export async function ownAccess(): Promise<Access | undefined> {
  const { cluster } = isMainThread ? {} : ((workerData ?? {}) as ThreadAccess);
  if (cluster === undefined) return undefined;
  const { scheduler, token, security } = cluster;
  if (security === undefined) return { scheduler, token };
  const { Security } = await import("../comm/security.ts");
  return { scheduler, token, security: new Security(security) };
}

/** What may be shown to workers of this scheduler, the likeliest first. */
export async function accessesTo(scheduler: string): Promise<Access[]> {
  const own = await ownAccess();
  const named = known.get(scheduler);
  const others = [...known.values()].reverse().filter((access) => access !== named);
  return [own, named, ...others].filter((access) => access !== undefined);
}
