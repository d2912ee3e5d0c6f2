/** @file Topics: what is remembered, and how much at most. */
import { expect, test } from "vitest";
import type { TopicEvent } from "../../../../src/machine/coordination/events.ts";
import { Driver } from "./drive.ts";

const say = (d: Driver, value: number, bytes = 1, topic = "t"): unknown =>
  d.now(1, { kind: "topic-publish", topics: [topic], bytes: new Uint8Array(bytes).fill(value) });

const heard = (d: Driver): number[] =>
  ((d.now(1, { kind: "topic-events", topic: "t" }) as Record<string, TopicEvent[]>)["t"] ?? []).map(
    ({ bytes }) => bytes[0]!,
  );

test("only the last events are remembered, by their number and by their bytes", () => {
  const d = new Driver({ topicEventsMax: 3, topicBytesMax: 1000 });
  for (let i = 1; i <= 50; i++) say(d, i);
  expect(heard(d)).toEqual([48, 49, 50]);
  const { bytes } = d.machine.totals;
  for (let i = 51; i <= 60; i++) say(d, i);
  expect(d.machine.totals.bytes).toBe(bytes);
  say(d, 61, 900);
  expect(heard(d)).toEqual([61]);
});

test("events have the time at which the scheduler heard them, which never goes back", () => {
  const d = new Driver();
  d.nowMs = 1000;
  say(d, 1);
  d.nowMs = 900;
  say(d, 2);
  const events = d.now(1, { kind: "topic-events" }) as Record<string, TopicEvent[]>;
  expect(events["t"]!.map(({ atMs }) => atMs)).toEqual([1000, 1000]);
});

test("an event that is refused leaves nothing behind, not even the topic", () => {
  const d = new Driver({ valueBytesMax: 10, bytesMax: 70 });
  expect(say(d, 1, 11)).toBe("MemoryLimit");
  expect(say(d, 1, 10)).toBe("MemoryLimit");
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
});

test("who has left or unsubscribed hears no more, and a topic without both is forgotten", () => {
  const d = new Driver();
  d.now(2, { kind: "topic-subscribe", topic: "t" });
  d.now(3, { kind: "topic-subscribe", topic: "t" });
  d.now(3, { kind: "topic-subscribe", topic: "t" });
  say(d, 1);
  d.now(3, { kind: "topic-unsubscribe", topic: "t" });
  d.leave(2);
  say(d, 2);
  const events = d.said.filter(({ kind }) => kind === "event");
  expect(events).toMatchObject([{ client: 2 }, { client: 3 }]);
  d.now(3, { kind: "topic-subscribe", topic: "quiet" });
  d.now(3, { kind: "topic-unsubscribe", topic: "quiet" });
  expect(d.machine.totals.names).toBe(1);
});
