/**
 * @file How many workers a cluster should have: a pure decision from what there is to do and what
 * there is. It grows at once and shrinks only after several looks in a row have asked for it, since
 * a worker costs seconds to start. The rules are those of Dask's `Adaptive`.
 */

/** What there is to do, and what does it. */
export interface Demand {
  /** Tasks that could run if there were room. */
  readonly queued: number;
  /** Tasks that are running or about to. */
  readonly leased: number;
  /** Thread time that all these will take, as far as is known. */
  readonly expectedMs: number;
  /** Bytes of values, and the room for them, of all workers. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly workers: readonly WorkerDemand[];
}

export interface WorkerDemand {
  readonly name: string;
  readonly threads: number;
  readonly leased: number;
  /** Bytes of the values that it has. */
  readonly heldBytes: number;
  /** Whether a plugin of the scheduler wants it to stay. */
  readonly stays?: boolean;
}

/** Options of `cluster.adapt`. */
export interface AdaptOptions {
  /** Fewest workers (0). */
  readonly minimum?: number;
  /** Most workers (no bound). */
  readonly maximum?: number;
  /** Time between two looks (1,000). */
  readonly intervalMs?: number;
  /** So many looks in a row must ask for fewer workers before any goes (3). */
  readonly waitCount?: number;
  /** What there is to do should be over in about so much time (5,000). */
  readonly targetDurationMs?: number;
}

export type AdaptRules = Required<Omit<AdaptOptions, "intervalMs">>;

/** Part of the memory that may be in use before more workers are wanted for it. */
const MEMORY_SHARE = 0.6;

/** Workers that the work asks for, within the bounds. */
export function wantedWorkers(demand: Demand, rules: AdaptRules, threadsPerWorker: number): number {
  const { queued, leased, expectedMs, memoryBytes, memoryLimitBytes, workers } = demand;
  const tasks = queued + leased;
  const byTime = Math.ceil(expectedMs / rules.targetDurationMs / threadsPerWorker);
  // More threads than tasks help nobody.
  const byTasks = Math.ceil(tasks / threadsPerWorker);
  let wanted = Math.min(byTime, byTasks);
  if (tasks > 0) wanted = Math.max(1, wanted);
  // Values must lie somewhere, also when nothing is to do.
  const isFull = memoryLimitBytes > 0 && memoryBytes > MEMORY_SHARE * memoryLimitBytes;
  if (isFull) wanted = Math.max(wanted, 2 * workers.length);
  wanted = Math.max(wanted, workersFor(demand));
  return Math.min(rules.maximum, Math.max(rules.minimum, wanted));
}

/** So many workers of the present size hold the values that there are. */
function workersFor({ memoryBytes, memoryLimitBytes, workers }: Demand): number {
  if (memoryBytes === 0 || memoryLimitBytes === 0) return 0;
  const each = memoryLimitBytes / workers.length;
  return Math.ceil(memoryBytes / (MEMORY_SHARE * each));
}

/** What is to happen now. */
export type Decision =
  | { readonly kind: "stay" }
  | { readonly kind: "grow"; readonly workers: number }
  /** These are to go. */
  | { readonly kind: "shrink"; readonly names: readonly string[] };

/** What was decided before: how often in a row fewer workers were wanted. */
export interface Patience {
  readonly looks: number;
  /** The most that any of these looks wanted. */
  readonly most: number;
}

export const NO_PATIENCE: Patience = { looks: 0, most: 0 };

/**
 * Decides from the demand, what is started already (`planned`, workers that are there or on their
 * way), and the looks before.
 */
export function decide(
  demand: Demand,
  planned: number,
  rules: AdaptRules,
  before: Patience,
  threadsPerWorker: number,
): { readonly decision: Decision; readonly patience: Patience } {
  const wanted = wantedWorkers(demand, rules, threadsPerWorker);
  if (wanted > planned) {
    return { decision: { kind: "grow", workers: wanted }, patience: NO_PATIENCE };
  }
  // Those on their way are waited for before any goes.
  if (wanted === planned || demand.workers.length < planned) {
    return { decision: { kind: "stay" }, patience: NO_PATIENCE };
  }
  const patience = { looks: before.looks + 1, most: Math.max(before.most, wanted) };
  const isPatient = patience.looks < rules.waitCount;
  // Bounds hold at once.
  const target = isPatient ? Math.min(planned, rules.maximum) : patience.most;
  if (target === planned) return { decision: { kind: "stay" }, patience };
  const names = leastUseful(demand.workers, planned - target);
  return { decision: { kind: "shrink", names }, patience: isPatient ? patience : NO_PATIENCE };
}

/** Names of so many workers: idle ones, and of these those with the fewest values, go first. */
export function leastUseful(workers: readonly WorkerDemand[], count: number): readonly string[] {
  return workers
    .filter(({ stays }) => stays !== true)
    .sort((a, b) => a.leased - b.leased || a.heldBytes - b.heldBytes)
    .slice(0, Math.max(0, count))
    .map(({ name }) => name);
}
