/** @file Topics, metadata and published datasets between clients of one scheduler. */
import { describe, expect, test } from "vitest";
import { submissionOf } from "../../../../src/cluster/coordination/asker.ts";
import {
  getDataset,
  getEvents,
  getMetadata,
  type LoggedEvent,
  listDatasets,
  logEvent,
  publishDataset,
  setMetadata,
  subscribeTopic,
  unpublishDataset,
  unsubscribeTopic,
} from "../../../../src/cluster/coordination/shared.ts";
import { Future, FutureList } from "../../../../src/cluster/future.ts";
import { codeOf } from "../../../support/failures.ts";
import { Scheduler } from "./link-pair.ts";

describe("topics", () => {
  test("subscribers hear what is said from then on, and all may ask for the last", async () => {
    const scheduler = new Scheduler();
    const [one, two] = [scheduler.connect().link, scheduler.connect().link];
    const heard: unknown[] = [];
    const listener = ({ message }: LoggedEvent): void => void heard.push(message);
    await logEvent(one.coordination, "t", "before");
    await subscribeTopic(two.coordination, "t", listener);
    await subscribeTopic(two.coordination, "t", listener);
    for (let i = 0; i < 3; i++) await logEvent(one.coordination, ["t", "u"], { i });
    await logEvent(two.coordination, "u", "own");
    const events = await getEvents(two.coordination, "t");
    expect(events.map(({ message }) => message)).toEqual(["before", { i: 0 }, { i: 1 }, { i: 2 }]);
    expect(heard).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    const all = await getEvents(one.coordination);
    expect(Object.keys(all)).toEqual(["t", "u"]);
    expect(all["u"]).toHaveLength(4);
    expect(Math.abs(all["u"]![0]!.time.getTime() - Date.now())).toBeLessThan(60_000);
    await unsubscribeTopic(two.coordination, "t", listener);
    await logEvent(one.coordination, "t", "after");
    await getEvents(two.coordination, "t");
    expect(heard).toHaveLength(3);
    expect(await getEvents(one.coordination, "nothing")).toEqual([]);
  });

  test("one listener of several goes; what another throws ends nothing", async () => {
    const { link } = new Scheduler().connect();
    const warnings: string[] = [];
    link.onWarning = (message) => void warnings.push(message);
    const [first, second]: unknown[][] = [[], []];
    const one = ({ message }: LoggedEvent): void => void first!.push(message);
    await subscribeTopic(link.coordination, "t", one);
    await subscribeTopic(link.coordination, "t", ({ message }) => {
      second!.push(message);
      throw new Error("no");
    });
    await logEvent(link.coordination, "t", 1);
    await unsubscribeTopic(link.coordination, "t", one);
    await logEvent(link.coordination, "t", 2);
    await getEvents(link.coordination, "t");
    expect([first, second]).toEqual([[1], [1, 2]]);
    expect(warnings).toHaveLength(2);
    expect(await codeOf(subscribeTopic(link.coordination, "t", 1 as never))).toBe(
      "InvalidArgument",
    );
  });
});

describe("metadata", () => {
  test("is a tree that all clients read and set", async () => {
    const scheduler = new Scheduler();
    const [one, two] = [scheduler.connect().link, scheduler.connect().link];
    await setMetadata(one.coordination, "run", { step: 1, tags: ["a"] });
    await setMetadata(two.coordination, ["run", "step"], 2);
    await setMetadata(two.coordination, ["run", "deep", "er"], null);
    expect(await getMetadata(one.coordination, "run")).toEqual({
      step: 2,
      tags: ["a"],
      deep: { er: null },
    });
    expect(await getMetadata(one.coordination, ["run", "tags"])).toEqual(["a"]);
    expect(await codeOf(getMetadata(one.coordination, ["run", "none"]))).toBe("MissingKey");
    expect(await getMetadata(one.coordination, ["run", "none"], { default: 7 })).toBe(7);
    expect(await codeOf(getMetadata(one.coordination, "x", { def: 1 } as never))).toBe(
      "InvalidArgument",
    );
    expect(await codeOf(setMetadata(one.coordination, "f", 12n as never))).toBe("InvalidArgument");
  });
});

describe("datasets", () => {
  test("are known to all, and outlive the client that published them", async () => {
    const scheduler = new Scheduler();
    const one = scheduler.connect();
    const two = scheduler.connect().link;
    const submission = submissionOf(one.link, Int32Array.of(5, 6, 7));
    const value = {
      one: new Future(submission, 0, "key"),
      more: new FutureList(submission, 1, 2, (i) => `more[${i}]`),
      note: "plain",
    };
    await publishDataset(one.link.coordination, "b", value);
    await publishDataset(one.link.coordination, "a", [1, 2]);
    one.die();
    expect(await listDatasets(two.coordination)).toEqual(["a", "b"]);
    const got = (await getDataset(two.coordination, "b")) as typeof value;
    expect(got.note).toBe("plain");
    expect([got.one.key, ...got.more.map(({ key }) => key)]).toEqual(["key", "more[0]", "more[1]"]);
    expect([...(await got.more.ids()), await got.one.id()]).toEqual([6, 7, 5]);
    expect(await getDataset(two.coordination, "a")).toEqual([1, 2]);
  });

  test("are replaced only on purpose, and gone when they are unpublished", async () => {
    const { coordination } = new Scheduler().connect().link;
    await publishDataset(coordination, "sales", 1);
    expect(await codeOf(publishDataset(coordination, "sales", 2))).toBe("InvalidArgument");
    await publishDataset(coordination, "sales", 2, { override: true });
    expect(await getDataset(coordination, "sales")).toBe(2);
    await expect(getDataset(coordination, "sale")).rejects.toThrow(/did you mean "sales"/);
    expect(await unpublishDataset(coordination, "sales")).toBe(true);
    expect(await unpublishDataset(coordination, "sales")).toBe(false);
    expect(await codeOf(getDataset(coordination, "sales"))).toBe("MissingKey");
  });
});
