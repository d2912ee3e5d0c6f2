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

/** Accounting comes some seconds after the end of a job. */
const POST_TRIES = 4;
const POST_AGAIN_MS = 1500;

interface Listing {
  readonly startedMs: number;
  readonly reports: Promise<ReadonlyMap<string, JobReport>>;
}

/** How a job ended, and where its output lies. */
export interface PostMortem {
  readonly report: JobReport | undefined;
  readonly text: string;
}

/** What a group of jobs asks; tests have one of their own. */
export type Desk = Pick<BatchDesk, "submit" | "list" | "cancel" | "postMortem">;

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

  /**
   * What the system remembers of a job; nothing where it cannot be asked. With `isOver` the job has
   * ended: where the system does not know yet how, it is asked again.
   */
  async postMortem({ system }: JobPlan, id: string, isOver: boolean): Promise<PostMortem> {
    let text = "";
    for (let tries = isOver ? POST_TRIES : 1; system.post !== undefined && tries > 0; tries--) {
      // It may have been forgotten, or accounting is slower than we.
      text = await runCommand(system, system.post(id)).catch(() => "");
      const report = system.ended?.(text);
      if (report !== undefined) return { report, text };
      if (tries > 1) await new Promise((resolve) => setTimeout(resolve, POST_AGAIN_MS).unref());
    }
    return { report: undefined, text };
  }
}
