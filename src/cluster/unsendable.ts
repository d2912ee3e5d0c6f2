/**
 * @file What becomes of a message that cannot be encoded: whoever waits for its answer gets the
 * reason in place of one. Messages are posted at the end of a turn, where nobody could catch it.
 */
import { type ErrorCode, HeddleError, isHeddleError } from "../core/errors.ts";
import type { Outcome } from "./control/ops.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import type { ToScheduler } from "./wire/client-messages.ts";

/** What the engine would say if it had refused the message; a warning where nobody waits. */
export function answerToUnsendable(
  message: ClientMessage | ToScheduler,
  error: unknown,
): EngineMessage {
  const { code, message: why } = reasonOf(error);
  switch (message.kind) {
    case "graph":
    case "scatter":
      return { kind: "refused", request: message.request, code, message: why };
    case "control":
    case "query": {
      const outcome: Outcome = { error: { code, message: why, fields: {} } };
      return { kind: "controlled", request: message.request, outcome };
    }
    case "coordinate": {
      const { request } = message.event;
      const news = { kind: "refuse", request, error: { code, message: why } } as const;
      return { kind: "coordinated", news };
    }
    default:
      return { kind: "warn", message: `a message to the engine was not sent: ${why}` };
  }
}

/** `InvalidArgument`, whoever threw: the caller has given something that cannot travel. */
function reasonOf(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (isHeddleError(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new HeddleError("InvalidArgument", `something that was given cannot be sent: ${why}`);
}
