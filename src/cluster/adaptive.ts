/**
 * @file Changes the number of a cluster's workers by what there is to do: looks at the demand now
 * and then, decides (`adaptive-target.ts`) and carries it out.
 */
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import {
  type AdaptOptions,
  type AdaptRules,
  type Demand,
  decide,
  NO_PATIENCE,
} from "./adaptive-target.ts";

const OPTIONS = [
  "minimum",
  "maximum",
  "intervalMs",
  "waitCount",
  "targetDurationMs",
] satisfies (keyof AdaptOptions)[];

/** What is adapted. */
export interface Adaptable {
  /** Workers that are there or on their way. */
  readonly workers: number;
  readonly threadsPerWorker: number;
  demand(): Promise<Demand>;
  grow(workers: number): Promise<void>;
  /** Lets workers go, with their values moved to others first. */
  shrink(names: readonly string[]): Promise<void>;
}

/** A cluster that changes its size; `stop()` leaves it as it is. */
export class Adaptive {
  readonly #cluster: Adaptable;
  readonly #rules: AdaptRules;
  readonly #onError: (error: unknown) => void;
  #patience = NO_PATIENCE;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(cluster: Adaptable, options: AdaptOptions, onError: (error: unknown) => void) {
    const { intervalMs, ...rules } = rulesOf(options);
    this.#cluster = cluster;
    this.#rules = rules;
    this.#onError = onError;
    const look = (): void => {
      this.look().catch(this.#onError);
    };
    this.#timer = setInterval(look, intervalMs);
    this.#timer.unref();
    look();
  }

  get minimum(): number {
    return this.#rules.minimum;
  }

  get maximum(): number {
    return this.#rules.maximum;
  }

  /** Looks and acts now, unless it is doing so. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#timer === undefined) return;
    this.#isLooking = true;
    try {
      const demand = await this.#cluster.demand();
      const { workers, threadsPerWorker } = this.#cluster;
      const now = decide(demand, workers, this.#rules, this.#patience, threadsPerWorker);
      this.#patience = now.patience;
      if (this.#timer === undefined) return;
      if (now.decision.kind === "grow") await this.#cluster.grow(now.decision.workers);
      if (now.decision.kind === "shrink") await this.#cluster.shrink(now.decision.names);
    } finally {
      this.#isLooking = false;
    }
  }

  /** The cluster stays as it is. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The rules, from options and configuration. Throws `InvalidArgument`. */
export function rulesOf(options: AdaptOptions): Required<AdaptOptions> {
  checkOptionNames("adapt", options, OPTIONS);
  const rules = {
    minimum: options.minimum ?? config.get("adaptive.minimum"),
    maximum: options.maximum ?? config.get("adaptive.maximum") ?? Number.POSITIVE_INFINITY,
    intervalMs: options.intervalMs ?? config.get("adaptive.interval"),
    waitCount: options.waitCount ?? config.get("adaptive.wait-count"),
    targetDurationMs: options.targetDurationMs ?? config.get("adaptive.target-duration"),
  };
  const isCount = (value: number): boolean =>
    value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 0);
  const bad =
    (!isCount(rules.minimum) && "minimum") ||
    (!isCount(rules.maximum) && "maximum") ||
    (!(Number.isInteger(rules.waitCount) && rules.waitCount >= 1) && "waitCount") ||
    (!(rules.intervalMs > 0) && "intervalMs") ||
    (!(rules.targetDurationMs > 0) && "targetDurationMs");
  if (bad !== false) {
    throw new HeddleError(
      "InvalidArgument",
      `adapt: ${bad} is ${rules[bad]}; minimum and maximum count workers, waitCount is at least 1 ` +
        "and times are milliseconds above 0",
      { fields: { [bad]: rules[bad] } },
    );
  }
  if (rules.minimum <= rules.maximum) return rules;
  throw new HeddleError(
    "InvalidArgument",
    `adapt: the minimum of ${rules.minimum} workers is above the maximum of ${rules.maximum}`,
  );
}
