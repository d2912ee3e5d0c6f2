/** @file Takes a profile for `client.profile`: begins it on the workers, waits, and collects. */
import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { nodeCrypto } from "../functions/crypto.ts";
import type { ControlOp, ThreadProfile, WorkerChoice } from "./control/ops.ts";
import { describeGiven } from "./given.ts";
import { Profile, profiledThread } from "./profile.ts";

/** Options of `client.profile`. */
export interface ProfileOptions {
  /** Which workers are meant, by address, name or host; default all. */
  readonly workers?: string | readonly string[];
  /** How long samples are taken, where no function is given; default 1000. */
  readonly durationMs?: number;
  /** Time between two samples of a thread; default 1. */
  readonly intervalMs?: number;
}

const DURATION_MS = 1000;
const INTERVAL_MS = 1;

/** The threads' profiles by worker; null of one that has gone. */
type Answer = Readonly<Record<string, readonly ThreadProfile[] | null>>;

export async function takeProfile(
  ask: (op: ControlOp) => Promise<unknown>,
  use: (() => unknown) | undefined,
  options: ProfileOptions,
  chosen: WorkerChoice,
): Promise<Profile> {
  checkOptionNames("client.profile", options, ["durationMs", "intervalMs", "workers"]);
  const { durationMs = DURATION_MS, intervalMs = INTERVAL_MS } = options;
  checkTime("durationMs", durationMs);
  checkTime("intervalMs", intervalMs);
  const id = nodeCrypto().randomBytes(8).toString("hex");
  await ask({ kind: "profile-start", id, intervalUs: Math.ceil(intervalMs * 1000), ...chosen });
  let answer: Answer;
  try {
    await (use === undefined ? sleep(durationMs) : use());
  } finally {
    // Ended also when `use` fails.
    answer = (await ask({ kind: "profile-stop", id, ...chosen })) as Answer;
  }
  const threads = Object.entries(answer).flatMap(([worker, profiles]) => {
    return (profiles ?? []).map((sent) => profiledThread(worker, sent));
  });
  return new Profile(threads);
}

function checkTime(name: string, ms: number): void {
  if (typeof ms === "number" && ms > 0 && Number.isFinite(ms)) return;
  throw new HeddleError(
    "InvalidArgument",
    `client.profile: ${name} is ${describeGiven(ms)}; it must be a time in milliseconds above 0`,
  );
}
