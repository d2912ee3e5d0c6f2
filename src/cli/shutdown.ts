/**
 * @file How a server ends: somebody asks for it once (a signal, the scheduler, idleness) and it
 * ends in order; a second signal ends it at once. Batch systems warn with SIGUSR1 or SIGUSR2 before
 * a job's time is over, and then send SIGTERM: that is no second signal.
 */

/** Exit code of what a user interrupted. */
export const INTERRUPTED = 130;

/** Those that end a server; of the last two Node would make something else. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;
const WARNINGS: ReadonlySet<string> = new Set(["SIGUSR1", "SIGUSR2"]);

export interface Ending {
  readonly reason: string;
  readonly exitCode: number;
}

export class Shutdown {
  /** Resolves when the program is to end. */
  readonly asked: Promise<Ending>;
  #ask: (ending: Ending) => void = () => undefined;
  #ending: Ending | undefined;
  /** Done before the process ends at once. */
  #atOnce: () => void = () => undefined;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  #hasBegun: boolean;
  /** It ends because of a warning: the next signal is no second one. */
  #isWarned = false;

  /** With `isStarting` there is nothing yet to end in order: signals end the process at once. */
  constructor({ isStarting = false }: { readonly isStarting?: boolean } = {}) {
    this.#hasBegun = !isStarting;
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
    for (const signal of SIGNALS) {
      const listener = (): void => this.#signalled(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  /** From now on there is something to end in order. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** What a second signal does before the process is gone. */
  set atOnce(run: () => void) {
    this.#atOnce = run;
  }

  /** Asks for the end; only the first one counts. */
  ask(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#ask(ending);
  }

  /** Asks for the end when standard input ends: whoever holds it is gone, or wants that. */
  endWithStdin(): void {
    process.stdin.on("end", () => this.ask({ reason: "its standard input ended", exitCode: 0 }));
    process.stdin.on("error", () => undefined);
    process.stdin.resume();
  }

  /** Signals do again what they do by themselves. */
  release(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    this.#listeners.clear();
    process.stdin.pause();
  }

  #signalled(signal: NodeJS.Signals): void {
    const exitCode = signal === "SIGINT" ? INTERRUPTED : 0;
    if (!this.#hasBegun) process.exit(exitCode);
    const isEnding = this.#ending !== undefined;
    if (WARNINGS.has(signal)) {
      this.#isWarned ||= !isEnding;
    } else if (isEnding && !this.#isWarned) {
      this.#atOnce();
      process.exit(INTERRUPTED);
    } else this.#isWarned = false;
    this.ask({ reason: `received ${signal}`, exitCode });
  }
}
