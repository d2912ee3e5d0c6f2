/**
 * @file What a rank that is not the program's runs until the launch ends: the scheduler, a worker,
 * or both; each is the program of the command line, within this process. Launchers end all ranks
 * when one fails, so the loss of a worker is said on standard error, and the rank ends with 0. The
 * process has to be ended then: what looks for a scheduler may still do so.
 *
 * What launchers do when a rank is killed or ends with another code than 0, measured: Open MPI
 * (4.1) ends all, unless `mpirun --enable-recovery`, which then ends with 0 (with `--mca
 * orte_abort_on_non_zero_status 0` the others go on, and mpirun never ends); MPICH (4.0) ends all,
 * whatever it is told; `srun` lets the others go on, unless the site or `--kill-on-bad-exit=1` says
 * otherwise. None of them waits for MPI_Finalize where MPI_Init was never called. So workers are
 * processes below the ranks (`nanny`), whose deaths no launcher sees.
 */
import { listenAddress, timeOrConfig } from "../cli/flags.ts";
import type { SchedulerContext } from "../cli/scheduler.ts";
import { runScheduler } from "../cli/scheduler.ts";
import { INTERRUPTED } from "../cli/shutdown.ts";
import { runWorker } from "../cli/worker.ts";
import { makeToken, Security, tokenFrom } from "../comm/index.ts";
import { packageVersion } from "../config/package-version.ts";
import { LifelineHolder } from "./lifeline.ts";
import { isEncrypted, type LaunchOptions, schedulerFlags, workerFlags } from "./options.ts";
import type { Rank } from "./rank.ts";
import {
  awaitRendezvous,
  clearRendezvous,
  isOver,
  markOver,
  type Rendezvous,
} from "./rendezvous.ts";
import type { Layout, Roles } from "./roles.ts";

/** Exit code of a launch that did not come to be. */
const FAILED = 1;

/** So often a worker that has not joined looks whether there still is something to join. */
const LOOK_MS = 500;

/** A rank, what it does, and where it meets the others. */
export interface Seat {
  readonly rank: Rank;
  readonly layout: Layout;
  readonly roles: Roles;
  /** Undefined where the scheduler was started elsewhere. */
  readonly rendezvous: Rendezvous | undefined;
  /** Address of that one, if it is not known by its file. */
  readonly address?: string | undefined;
  readonly options: LaunchOptions;
  /** What is written is JSON. */
  readonly json?: boolean;
  /** Nothing is said on standard output. */
  readonly quiet: boolean;
}

/** Runs what the rank has to run; resolves to its exit code when the launch has ended. */
export async function runSeat(seat: Seat): Promise<number> {
  const { scheduler, worker } = seat.roles;
  if (!scheduler) return await hostWorker(seat);
  let end: (reason: string) => void = () => undefined;
  const listens = (context: SchedulerContext): void => {
    end = (reason) => context.close(reason);
  };
  if (!worker) return await hostScheduler(seat, listens);
  const [code, failure] = await Promise.all([
    hostScheduler(seat, listens),
    hostWorker(seat).then(
      () => undefined,
      (error: unknown) => {
        end("the worker beside it could not be started");
        return error;
      },
    ),
  ]);
  if (failure !== undefined) throw failure;
  return code;
}

/** The scheduler, until a client or a signal ends it, or the program has ended. */
async function hostScheduler(
  seat: Seat,
  listens: (context: SchedulerContext) => void,
): Promise<number> {
  const { options, rendezvous, layout, json = false, quiet } = seat;
  const { schedulerFile } = options;
  const paths = [rendezvous?.path, schedulerFile].filter((path) => path !== undefined);
  if (rendezvous !== undefined) clearRendezvous(rendezvous, schedulerFile);
  const token = tokenFrom(process.env) ?? makeToken();
  const security = isEncrypted(options) ? await Security.temporary() : undefined;
  const end = new ProgramsEnd(seat);
  const facts = layout.programRank === null ? undefined : await end.open();
  const beganMs = performance.now();
  try {
    return await runScheduler({ ...schedulerFlags(options), json }, packageVersion(), {
      access: { token, security },
      files: paths,
      quiet,
      ...(facts === undefined ? {} : { facts: { lifeline: facts } }),
      listens: (context) => {
        listens(context);
        end.tell(context);
      },
    });
  } finally {
    await end.close();
    // Nobody comes later than that.
    const isYoung = performance.now() - beganMs < patienceMs(options);
    if (rendezvous !== undefined && isYoung) markOver(rendezvous);
  }
}

/** Ends the scheduler when the program has ended, or has not come. */
class ProgramsEnd {
  readonly #seat: Seat;
  #holder: LifelineHolder | undefined;
  #context: SchedulerContext | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  async open(): Promise<LifelineHolder["facts"]> {
    const { interface: network } = this.#seat.options;
    const where = network === undefined ? {} : { interface: network };
    this.#holder = await LifelineHolder.open(listenAddress(where, "0.0.0.0", "0"), {
      began: () => clearTimeout(this.#late),
      ended: () => this.#context?.close("the program has ended"),
    });
    return this.#holder.facts;
  }

  tell(context: SchedulerContext): void {
    this.#context = context;
    if (this.#holder === undefined) return;
    const { options, layout } = this.#seat;
    const rank = `the program's rank (${layout.programRank}) has not come`;
    this.#late = setTimeout(() => context.close(rank, FAILED), patienceMs(options));
  }

  async close(): Promise<void> {
    clearTimeout(this.#late);
    await this.#holder?.close();
  }
}

/** How long ranks wait for each other. */
export function patienceMs({ workerOptions = {} }: LaunchOptions): number {
  const { deathTimeout: given } = workerOptions;
  const text = typeof given === "number" ? `${given}ms` : given;
  return timeOrConfig("deathTimeout", text, "worker.death-timeout");
}

/** A worker, until the scheduler ends it or is gone. */
async function hostWorker(seat: Seat): Promise<number> {
  const { rank, options, rendezvous, address, json = false } = seat;
  const flags = { ...workerFlags(rank, options), json };
  const file = rendezvous?.path ?? options.schedulerFile;
  if (rendezvous !== undefined) {
    const info = await awaitRendezvous(rendezvous, rank, patienceMs(options));
    if (info === undefined) return 0;
  }
  const joined = new AbortController();
  const work = runWorker(
    address,
    address === undefined && file !== undefined ? { ...flags, schedulerFile: file } : flags,
    packageVersion(),
    { quiet: true, started: () => joined.abort() },
  );
  try {
    const code = await (rendezvous === undefined
      ? work
      : Promise.race([work, overBefore(rendezvous, joined.signal)]));
    return code === INTERRUPTED ? code : 0;
  } finally {
    joined.abort();
  }
}

/**
 * Resolves when the launch is over before the worker has joined: a program may need less time than
 * the worker's start, and the worker would then look for its scheduler until it gives up.
 */
async function overBefore(rendezvous: Rendezvous, joined: AbortSignal): Promise<number> {
  return await new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isOver(rendezvous)) resolve(0);
    }, LOOK_MS);
    joined.addEventListener("abort", () => clearInterval(timer));
  });
}
