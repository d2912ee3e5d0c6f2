/** @file The active memory manager as clients see it: `client.amm`. */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { AmmAction, AmmPolicy } from "./control/memory-manager.ts";
import { describeGiven } from "./given.ts";

/** Options of `client.amm.start` and `runOnce`. */
export interface AmmOptions {
  /**
   * What it does, for all clients from now on: `"reduce-replicas"` drops copies that tasks have
   * fetched and that none will read any more, `"rebalance"` moves values to workers that hold less.
   * Default both.
   */
  readonly policies?: readonly AmmPolicy[];
}

const POLICIES = ["reduce-replicas", "rebalance"] satisfies AmmPolicy[];

/**
 * Drops superfluous copies and evens out what workers hold, every two seconds while it runs. On a
 * cluster it runs by itself (`scheduler.active-memory-manager.start`), and then drops copies
 * whenever a worker is more than half full; `start()` has it do all of its work, always. Copies
 * that were asked for (`replicate`, `scatter` with `broadcast`) stay.
 */
export class ActiveMemoryManager {
  readonly #ask: (action: AmmAction, options?: AmmOptions) => Promise<boolean>;

  /** @internal */
  constructor(ask: (action: AmmAction, options?: AmmOptions) => Promise<boolean>) {
    this.#ask = ask;
  }

  async start(options: AmmOptions = {}): Promise<void> {
    await this.#ask("start", checked("client.amm.start", options));
  }

  /** Copies that were asked for are safe either way. */
  async stop(): Promise<void> {
    await this.#ask("stop");
  }

  async running(): Promise<boolean> {
    return await this.#ask("running");
  }

  /** Does its work now, whether it runs or not. */
  async runOnce(options: AmmOptions = {}): Promise<void> {
    await this.#ask("run-once", checked("client.amm.runOnce", options));
  }
}

function checked(what: string, options: AmmOptions): AmmOptions {
  checkOptionNames(what, options, ["policies"]);
  const { policies } = options;
  if (policies === undefined) return {};
  const isList = Array.isArray(policies);
  const wrong = isList ? policies.find((one) => !POLICIES.includes(one)) : policies;
  if (isList && wrong === undefined) return { policies };
  throw new HeddleError(
    "InvalidArgument",
    `${what}: policies has ${describeGiven(wrong)}; it is a list of ${POLICIES.join(" and ")}`,
  );
}
