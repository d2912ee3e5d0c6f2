/**
 * @file What a task throws, on its way back: the user's error with its class, cause and fields, and
 * both stacks, the one of the throw and the one of the call that waits for the result.
 */
import { inspect, types } from "node:util";
import { decodeValue, encodeValue, prepareValue } from "../codec/values.ts";
import { HeddleError } from "../core/errors.ts";
import { failedStep, stepFailure } from "../core/step-failure.ts";
import { mapStack } from "./source-maps.ts";

/** Between the stack of the task and the stack of the caller. */
const SEAM = "    --- submitted from ---";

/** An error as bytes of a value; never throws, whatever was thrown. */
export function encodeTaskError(error: unknown): Uint8Array {
  const plain = () => {
    const step = failedStep(error);
    return step === undefined ? plainError(error) : stepFailure(step.key, plainError(step.cause));
  };
  const shown = () => new Error(describe(error));
  for (const attempt of [() => error, plain, shown]) {
    try {
      const encoded = encodeValue(attempt());
      const bytes = new Uint8Array(encoded.bytes);
      encoded.writeTo(bytes);
      return bytes;
    } catch {
      // Getters and proxies of the user may throw anything.
    }
  }
  throw new HeddleError("InvariantViolated", "A plain error could not be encoded.");
}

/**
 * The error of a task. With `localStack` (an `Error().stack` taken at submit) the stack shows both
 * places, the throw first. What was thrown need not be an error.
 */
export async function decodeTaskError(bytes: Uint8Array, localStack?: string): Promise<unknown> {
  await prepareValue(bytes);
  const error = decodeValue(bytes);
  for (let each: unknown = error, depth = 0; types.isNativeError(each) && depth < 16; depth++) {
    setStack(each, mapStack(each.stack ?? ""));
    each = each.cause;
  }
  const step = failedStep(error);
  const thrown = step === undefined ? error : step.cause;
  if (localStack !== undefined && types.isNativeError(thrown)) addStack(thrown, localStack);
  return error;
}

/** Appends the frames of the caller's stack, once. */
function addStack(error: Error, localStack: string): void {
  const remote = error.stack ?? `${error.name}: ${error.message}`;
  if (remote.includes(SEAM)) return;
  const frames = localStack.split("\n").filter((line) => /^\s+at /.test(line));
  if (frames.length > 0) setStack(error, [remote, SEAM, ...frames].join("\n"));
}

function setStack(error: Error, stack: string): void {
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
}

/** What is left of an error whose class or fields cannot travel. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error) && !types.isNativeError(error)) return new Error(describe(error));
  const plain = new Error(String(error.message));
  Object.defineProperty(plain, "name", { value: String(error.name), configurable: true });
  if (typeof error.stack === "string") plain.stack = error.stack;
  return plain;
}

function describe(thrown: unknown): string {
  try {
    const text = inspect(thrown, { depth: 1, maxArrayLength: 10, maxStringLength: 200 });
    return `A task threw ${text}, which cannot be sent.`;
  } catch {
    return "A task threw a value that cannot be sent or shown.";
  }
}
