/**
 * @file Errors of tasks that run fused into another one: they say which task it was, so that users
 * see the same failure as without fusion.
 */
import { HeddleError, isHeddleError } from "./errors.ts";

/** A failed step: the key of its task and what it threw. */
export interface FailedStep {
  readonly key: string;
  readonly cause: unknown;
}

/** What a fused task throws when one of its steps does. */
export function stepFailure(key: string, cause: unknown): HeddleError<"TaskFailed"> {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HeddleError("TaskFailed", message, { cause, fields: { key, step: true } });
}

/** The step that failed; undefined for anything else that a task throws. */
export function failedStep(error: unknown): FailedStep | undefined {
  if (!isHeddleError(error, "TaskFailed") || error.fields["step"] !== true) return undefined;
  return { key: String(error.fields["key"]), cause: error.cause };
}
