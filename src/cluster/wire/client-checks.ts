/** @file What the scheduler makes sure of before it believes a client. */
import { checkAmounts, checkIds, checkLength, nonsense } from "./checks.ts";
import type { ToScheduler } from "./client-messages.ts";
import { checkGraph } from "./graph-checks.ts";
import { checkControl, checkCoordination } from "./op-checks.ts";

/** Values that one message may scatter. */
const SCATTER_MAX = 2 ** 24;

/**
 * Throws `ProtocolError` for a message that would lead the scheduler astray. `end`: no task ever
 * had an id from there on.
 */
export function checkToScheduler(message: ToScheduler, end: number): void {
  switch (message.kind) {
    case "graph":
      return checkGraph(message.facts, end);
    case "want":
    case "retry":
    case "release":
    case "cancel":
    case "rejoin":
      return checkIds(message.kind, message.ids, end);
    case "unplaced":
      checkLength("unplaced: epochs", message.epochs, message.ids.length);
      return checkIds(message.kind, message.ids, end);
    case "scatter":
      if (message.bytes.length > SCATTER_MAX) nonsense(`${message.bytes.length} values at once`);
      return checkAmounts("scatter: the size of a value", message.bytes);
    case "control":
      return checkControl(message.op, end);
    case "coordinate":
      return checkCoordination(message.event, end);
    // Questions about tasks that never were have answers.
    case "query":
    case "close":
      return;
  }
}
