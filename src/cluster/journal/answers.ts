/**
 * @file Which graphs of clients have been accepted, for clients that did not hear of it: a client
 * that comes back asks again for what was not answered, and must not get its work twice.
 */
import type { Fact } from "../../machine/scheduler/facts.ts";

export interface Answer {
  readonly client: number;
  readonly request: number;
  readonly base: number;
  /** As in `accepted`. */
  readonly ids?: Int32Array;
  /** The tasks that the client wants by it. */
  readonly outputs: Int32Array;
}

export class Answers {
  readonly #ofClient = new Map<number, Map<number, Answer>>();

  find(client: number, request: number): Answer | undefined {
    return this.#ofClient.get(client)?.get(request);
  }

  add(answer: Answer): void {
    let known = this.#ofClient.get(answer.client);
    if (known === undefined) {
      known = new Map();
      this.#ofClient.set(answer.client, known);
    }
    known.set(answer.request, answer);
  }

  /** Takes what a fact says about answers. */
  learn(fact: Fact): void {
    if (fact.kind === "graph") {
      const { client, request, base, ids, facts } = fact;
      const outputs = facts.outputs.map((local) => ids?.[local] ?? base + local);
      this.add({ client, request, base, outputs, ...(ids === undefined ? {} : { ids }) });
    } else if (fact.kind === "client-left") {
      this.#ofClient.delete(fact.client);
    } else if (fact.kind === "release" && fact.seen !== undefined) {
      this.#forget(fact.client, fact.seen);
    }
  }

  all(): Answer[] {
    return [...this.#ofClient.values()].flatMap((known) => [...known.values()]);
  }

  /** The client has heard all answers up to this one: they are given in order. */
  #forget(client: number, seen: number): void {
    const known = this.#ofClient.get(client);
    if (known === undefined) return;
    for (const request of known.keys()) {
      if (request > seen) return;
      known.delete(request);
    }
  }
}
