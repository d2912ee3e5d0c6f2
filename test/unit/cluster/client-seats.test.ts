/** @file When clients hear of what happened: at once, or with the next news. */
import { describe, expect, it, vi } from "vitest";
import { ClientSeats } from "../../../src/cluster/client-seats.ts";
import type { EngineMessage } from "../../../src/cluster/messages.ts";
import type { GraphFacts } from "../../../src/machine/scheduler/events.ts";

function seats(): { seats: ClientSeats; client: number; posts: string[][] } {
  const posts: string[][] = [];
  const made = new ClientSeats({
    tell: () => undefined,
    answer: () => undefined,
    control: () => undefined,
    refusal: undefined,
    hasAnswered: () => false,
    clientJoined: () => undefined,
    clientLeft: () => undefined,
    coordinate: () => undefined,
    watch: () => undefined,
  });
  const client = made.add({
    post: (messages: EngineMessage[]) => posts.push(messages.map(({ kind }) => kind)),
    values: () => undefined,
    left: () => undefined,
  });
  return { seats: made, client, posts };
}

/** As far as seats look into graphs. */
function graphOf(count: number): GraphFacts {
  return { count } as GraphFacts;
}

function ask(to: ClientSeats, client: number, request: number, count: number): void {
  to.receive(client, [{ kind: "graph", request, facts: graphOf(count), image: {} as never }]);
  to.say({ kind: "accepted", client, request, base: 0 });
  to.flush();
}

describe("seats of clients", () => {
  it("say that a few tasks are accepted together with what becomes of them", () => {
    const { seats: clients, client, posts } = seats();
    ask(clients, client, 1, 1);
    expect(posts).toEqual([]);
    clients.say({ kind: "done", client, ids: Int32Array.of(0) });
    clients.flush();
    expect(posts).toEqual([["accepted", "done"]]);
  });

  it("say so a millisecond later when nothing becomes of them", () => {
    vi.useFakeTimers();
    try {
      const { seats: clients, client, posts } = seats();
      ask(clients, client, 1, 1);
      vi.advanceTimersByTime(1);
      expect(posts).toEqual([["accepted"]]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("say at once that many tasks are accepted: others may wait to build on them", () => {
    const { seats: clients, client, posts } = seats();
    ask(clients, client, 1, 1000);
    expect(posts).toEqual([["accepted"]]);
  });
});
