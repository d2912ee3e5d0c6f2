/**
 * @file Calls to the task threads of a worker that are no tasks: each is answered once, also when
 * its thread dies.
 */
import { HeddleError } from "../core/errors.ts";
import { type CallOutcome, outcomeOf } from "../functions/index.ts";
import type { ThreadAnswer, ThreadMessage, ThreadOp } from "../threads/messages.ts";

interface Call {
  readonly thread: number;
  readonly resolve: (outcome: CallOutcome) => void;
}

export class ThreadCalls {
  readonly #post: (thread: number, message: ThreadMessage) => void;
  readonly #calls = new Map<number, Call>();
  #nextCall = 1;

  constructor(post: (thread: number, message: ThreadMessage) => void) {
    this.#post = post;
  }

  /** What became of it on that thread. */
  async call(thread: number, op: ThreadOp): Promise<CallOutcome> {
    const call = this.#nextCall++;
    return await new Promise((resolve) => {
      this.#calls.set(call, { thread, resolve });
      this.#post(thread, { kind: "call", call, op });
    });
  }

  answered({ call, outcome }: ThreadAnswer): void {
    this.#calls.get(call)?.resolve(outcome);
    this.#calls.delete(call);
  }

  /** Nothing more comes from a thread. */
  async threadDied(thread: number, reason: string): Promise<void> {
    const error = new HeddleError("KilledWorker", `the thread ended before it answered: ${reason}`);
    const outcome = await outcomeOf(async () => await Promise.reject(error));
    for (const [call, { thread: other, resolve }] of [...this.#calls]) {
      if (other !== thread) continue;
      this.#calls.delete(call);
      resolve(outcome);
    }
  }
}
