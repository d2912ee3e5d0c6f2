/**
 * @file What the scheduler says in one step: together per receiver, in an order that means the
 * same.
 */
import { describe, expect, test } from "vitest";
import { Outbox } from "../../../../src/machine/scheduler/outbox.ts";
import { plain } from "../graphs.ts";

describe("Outbox", () => {
  test("lists are put together per receiver", () => {
    const out = new Outbox();
    for (const id of [1, 2, 3]) out.done(7, id);
    out.done(8, 1);
    out.lease(0, 5, 1);
    out.lease(0, 6, 2);
    expect(plain(out.take())).toEqual([
      { kind: "done", client: 7, ids: [1, 2, 3] },
      { kind: "done", client: 8, ids: [1] },
      { kind: "lease", worker: 0, ids: [5, 6], epochs: [1, 2] },
    ]);
    expect(out.take()).toEqual([]);
  });

  test("what one client hears of a task keeps its order", () => {
    const out = new Outbox();
    out.done(1, 5);
    out.reset(1, 5);
    out.done(1, 6);
    out.cancelled(1, 5);
    const kinds = out.take().map((command) => command.kind);
    expect(kinds).toEqual(["done", "reset", "done", "cancelled"]);
  });

  test("failures stand between the news before and after them", () => {
    const out = new Outbox();
    out.reset(1, 5);
    out.say({
      kind: "failed",
      client: 1,
      ids: Int32Array.of(5),
      error: "no",
      culprit: "k",
      attempts: 1,
    });
    out.done(1, 6);
    expect(out.take().map((command) => command.kind)).toEqual(["reset", "failed", "done"]);
  });

  test("leases come last, after what ends and what is uninstalled", () => {
    const out = new Outbox();
    out.lease(0, 1, 1);
    out.sayLast({ kind: "uninstall", worker: 0, base: 9, count: 1 });
    out.free(0, 2);
    out.revoke(0, 3, 4);
    const kinds = out.take().map((command) => command.kind);
    expect(kinds).toEqual(["revoke", "free", "uninstall", "lease"]);
  });
});
