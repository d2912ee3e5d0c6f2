/**
 * @file What a client has asked its scheduler and not heard of yet. After a connection that could
 * not go on it is asked again: the scheduler recognises what it has taken already. Only what might
 * then be done twice (changes of the cluster) is answered with an error instead.
 */
import type { EngineMessage } from "./messages.ts";
import type { ToClient, ToScheduler } from "./wire/client-messages.ts";

/** Cancellations are looked through when they have become so many. */
const CANCELS_MAX = 64;

type Cancel = Extract<ToScheduler, { kind: "cancel" }>;

/** What to say after a new start. */
export interface Again {
  /** Numbers of graphs. */
  readonly asking: Int32Array;
  readonly messages: readonly ToScheduler[];
  /** Answers to what is not asked again. */
  readonly lost: EngineMessage[];
}

export class Unanswered {
  readonly #isPending: (id: number) => boolean;
  readonly #requests = new Map<number, ToScheduler>();
  /** Questions to the coordination machine have numbers of their own. */
  readonly #coordination = new Map<number, ToScheduler>();
  #cancels: Cancel[] = [];

  constructor(isPending: (id: number) => boolean) {
    this.#isPending = isPending;
  }

  sent(message: ToScheduler): void {
    switch (message.kind) {
      case "graph":
      case "scatter":
      case "query":
      case "control":
        this.#requests.set(message.request, message);
        return;
      case "coordinate":
        if (message.event.kind === "ask") this.#coordination.set(message.event.request, message);
        return;
      case "cancel":
        this.#cancels.push(message);
        if (this.#cancels.length > CANCELS_MAX) this.#cancels = this.#openCancels();
        return;
      default:
    }
  }

  heard(message: ToClient): void {
    switch (message.kind) {
      case "accepted":
      case "refused":
      case "answer":
      case "controlled":
        this.#requests.delete(message.request);
        return;
      case "coordinated":
        if (message.news.kind !== "event") this.#coordination.delete(message.news.request);
        return;
      default:
    }
  }

  again(): Again {
    const asking: number[] = [];
    const messages: ToScheduler[] = [];
    const lost: EngineMessage[] = [];
    for (const [request, message] of this.#requests) {
      if (message.kind === "control") {
        this.#requests.delete(request);
        lost.push({ kind: "controlled", request, outcome: { error: INTERRUPTED } });
        continue;
      }
      if (message.kind === "graph") asking.push(request);
      messages.push(message);
    }
    this.#cancels = this.#openCancels();
    messages.push(...this.#coordination.values(), ...this.#cancels);
    return { asking: Int32Array.from(asking), messages, lost };
  }

  #openCancels(): Cancel[] {
    return this.#cancels.filter(({ ids }) => ids.some(this.#isPending));
  }
}

const INTERRUPTED = {
  code: "CommClosed",
  message:
    "the connection to the scheduler was interrupted before it answered: it may have done what " +
    "was asked, or not",
  fields: {},
} as const;
