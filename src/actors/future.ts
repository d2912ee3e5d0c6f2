/** @file The result of an actor's method that is under way; not thenable, like other futures. */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import { currentTask } from "../threads/task-context.ts";

/** The longest that Node's timers can wait, 24 days: whoever would wait longer has no limit. */
const TIMER_MOST_MS = 2 ** 31 - 1;

/** A call of an actor, or what is read of it. It runs whether its result is asked for or not. */
export class ActorFuture<R = unknown> {
  readonly #what: string;
  readonly #value: Promise<R>;
  #done = false;

  /** @internal */
  constructor(what: string, value: Promise<R>) {
    this.#what = what;
    this.#value = value;
    const settled = (): void => {
      this.#done = true;
    };
    // A failure that nobody asks for is nobody's.
    value.then(settled, settled);
  }

  /** Resolves when the call has ended; a task that waits for this keeps its slot. @internal */
  get settled(): Promise<void> {
    return this.#value.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Whether the call has ended or failed. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * What the method returned; with `timeoutMs`, not later than that. A task that waits lends its
   * slot. Errors: what the method threw, with its class, message and stack; `Lost` when the actor
   * is gone; `Timeout`, after which the call goes on.
   */
  async result(options: { readonly timeoutMs?: number } = {}): Promise<R> {
    checkWait(options);
    const resume = currentTask()?.suspend();
    try {
      return await this.#within(options.timeoutMs);
    } finally {
      resume?.();
    }
  }

  /** What the method threw, or undefined; waits for the call. */
  async exception(): Promise<unknown> {
    try {
      await this.result();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  toString(): string {
    return `ActorFuture(${this.#what}, ${this.#done ? "done" : "pending"}): await .result()`;
  }

  async #within(timeoutMs: number | undefined): Promise<R> {
    if (timeoutMs === undefined || timeoutMs > TIMER_MOST_MS) return await this.#value;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `${this.#what} did not end within ${timeoutMs} ms; it goes on`;
      timer = setTimeout(() => reject(new HeddleError("Timeout", message)), timeoutMs);
    });
    try {
      return await Promise.race([this.#value, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
inspectAsText(ActorFuture.prototype);

/** Throws `InvalidArgument` for what is no time to wait. */
function checkWait(options: { readonly timeoutMs?: unknown }): void {
  checkOptionNames("ActorFuture.result", options, ["timeoutMs"]);
  const { timeoutMs } = options;
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && timeoutMs >= 0)) return;
  throw new HeddleError(
    "InvalidArgument",
    `ActorFuture.result: timeoutMs is ${String(timeoutMs)}; it may be a number of milliseconds ` +
      "from 0 on",
  );
}
