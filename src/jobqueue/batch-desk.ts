/**
 * @file What a cluster asks of its batch system: submit, list, cancel, how a job ended. Groups of a
 * cluster that would list the same jobs share one listing.
 */
import { isHeddleError } from "../core/errors.ts";
import type { JobReport } from "../machine/jobs/events.ts";
import { runCommand } from "./batch-command.ts";
import type { JobPlan } from "./plan.ts";

/** A listing under way serves whoever asks within so long after it has begun. */
const SHARED_MS = 250;

interface Listing {
  readonly startedMs: number;
  readonly reports: Promise<ReadonlyMap<string, JobReport>>;
}

/** How a job ended, and where its output lies. */
export interface PostMortem {
  readonly report: JobReport | undefined;
  readonly text: string;
}

export class BatchDesk {
  /** The last listing of each command. */
  readonly #listings = new Map<string, Listing>();
  /** Listings that were asked of the batch system. */
  listings = 0;

  /** Submits so many jobs in one command; their ids. Errors: `JobFailed`. */
  async submit({ system, script, shape }: JobPlan, count: number): Promise<readonly string[]> {
    const stdout = await runCommand(system, system.submit(script, count, shape));
    return system.submitted(stdout, count).ids;
  }

  /** What the system lists. Errors: `JobFailed`. */
  async list({ system, shape }: JobPlan): Promise<ReadonlyMap<string, JobReport>> {
    const command = system.list(shape.jobName);
    const key = [command.file, ...command.args].join("\n");
    const startedMs = performance.now();
    const last = this.#listings.get(key);
    if (last !== undefined && startedMs - last.startedMs < SHARED_MS) return await last.reports;
    this.listings++;
    const reports = runCommand(system, command).then(
      (stdout) => system.listed(stdout),
      (error: unknown) => {
        // Some systems fail where there is nothing to list.
        const words = isHeddleError(error, "JobFailed") ? String(error.fields["words"]) : "";
        if (system.nothingListed?.test(words) === true) return new Map<string, JobReport>();
        throw error;
      },
    );
    this.#listings.set(key, { startedMs, reports });
    return await reports;
  }

  /** Ends jobs, in whatever state they are. Errors: `JobFailed`. */
  async cancel({ system, shape }: JobPlan, ids: readonly string[]): Promise<void> {
    await runCommand(system, system.cancel(ids, shape));
  }

  /** What the system remembers of a job; nothing where it cannot be asked. */
  async postMortem({ system }: JobPlan, id: string): Promise<PostMortem> {
    if (system.post === undefined) return { report: undefined, text: "" };
    try {
      const text = await runCommand(system, system.post(id));
      return { report: system.ended?.(text), text };
    } catch {
      // It was forgotten, or accounting is slower than we.
      return { report: undefined, text: "" };
    }
  }
}
