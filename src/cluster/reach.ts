/**
 * @file Which of a scheduler's addresses answers from here. A host on several networks has an
 * address on each, and from a node of a batch system often one alone leads anywhere.
 */
import { hostname } from "node:os";
import { dial } from "../comm/dial.ts";
import { parseAddress, type Security } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";

/** The next address is tried beside the others when there is no answer for so long. */
const BESIDE_MS = 250;
/** An attempt takes at most so long; packets to a wrong network may vanish without a word. */
const ATTEMPT_MS = 5000;
const PAUSE_MS = 500;

export interface ReachOptions {
  readonly security?: Security | undefined;
  /** All are tried again for so long. */
  readonly withinMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The first of the addresses that answers, the earlier ones preferred. Errors: `ConnectFailed`,
 * with every address and what was wrong with it.
 */
export async function reachable(
  addresses: readonly string[],
  options: ReachOptions,
): Promise<string> {
  const endMs = performance.now() + options.withinMs;
  for (;;) {
    const { found, failures } = await tryAll(addresses, options);
    if (found !== undefined) return found;
    options.signal?.throwIfAborted();
    if (performance.now() >= endMs) throw noneAnswers(addresses, failures, options.withinMs);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

interface Attempts {
  readonly found: string | undefined;
  readonly failures: readonly unknown[];
}

/** Tries all once, each a moment after the one before it, or as soon as that has failed. */
async function tryAll(
  addresses: readonly string[],
  { security, signal: outer }: ReachOptions,
): Promise<Attempts> {
  const over = new AbortController();
  const limits = [over.signal, AbortSignal.timeout(ATTEMPT_MS), ...(outer ? [outer] : [])];
  const signal = AbortSignal.any(limits);
  const failures: unknown[] = addresses.map(() => undefined);
  const answers: Promise<string | undefined>[] = [];
  let found: string | undefined;
  for (const [i, address] of addresses.entries()) {
    const attempt = knock(address, security, signal).then(
      () => {
        found ??= address;
        return address;
      },
      (error: unknown) => {
        failures[i] = error;
        return undefined;
      },
    );
    answers.push(attempt);
    const next = new Promise((resolve) => setTimeout(resolve, BESIDE_MS).unref());
    await Promise.race([attempt, next]);
    if (found !== undefined) break;
  }
  const first = Promise.any(answers.map(async (answer) => (await answer) ?? Promise.reject()));
  await first.catch(() => undefined);
  over.abort(new Error("another address has answered"));
  return { found, failures };
}

async function knock(
  address: string,
  security: Security | undefined,
  signal: AbortSignal,
): Promise<void> {
  const wire = await dial(parseAddress(address), {
    role: "client",
    security,
    preferUnix: true,
    signal,
  });
  // In order: a connection that is broken off is worth a warning to the scheduler.
  wire.end();
  wire.unref();
}

function noneAnswers(
  addresses: readonly string[],
  failures: readonly unknown[],
  withinMs: number,
): HeddleError<"ConnectFailed"> {
  const tried = addresses.map((address, i) => `${address} (${reasonOf(failures[i])})`);
  return new HeddleError(
    "ConnectFailed",
    `none of the scheduler's addresses answers from ${hostname()}, tried for ` +
      `${withinMs / 1000} s: ${tried.join(", ")}. Does the scheduler still run? The interface or ` +
      "host that it is given says on which network it listens",
    { cause: failures.find((failure) => failure !== undefined), fields: { addresses } },
  );
}

function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return "not tried";
  if (failure.name === "TimeoutError") return `no answer in ${ATTEMPT_MS / 1000} s`;
  const reason = failure instanceof HeddleError ? failure.fields["reason"] : undefined;
  return typeof reason === "string" && reason !== "" ? reason : failure.message;
}
