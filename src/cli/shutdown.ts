/**
 * @file How a server ends: somebody asks for it once (a signal, the scheduler, idleness) and it
 * ends in order; a second signal ends it at once.
 */

/** Exit code of what a user interrupted. */
export const INTERRUPTED = 130;

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

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const listener = (): void => this.#signalled(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
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
    if (this.#ending !== undefined) {
      this.#atOnce();
      process.exit(INTERRUPTED);
    }
    const exitCode = signal === "SIGINT" ? INTERRUPTED : 0;
    this.ask({ reason: `received ${signal}`, exitCode });
  }
}
