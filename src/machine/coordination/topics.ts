/**
 * @file Topics: whoever has something to say publishes it, whoever has subscribed hears it, and the
 * last events are remembered for those who ask later. Each topic remembers a bounded number of
 * events and of bytes.
 */
import type { Asking, Desk } from "./desk.ts";
import type { OpOf, TopicEvent } from "./events.ts";
import { checkName, checkNames } from "./limits.ts";

interface Topic {
  /** The last events from `first` on, oldest first. */
  events: TopicEvent[];
  first: number;
  bytes: number;
  readonly subscribers: Set<number>;
}

export interface SavedTopic {
  readonly name: string;
  readonly events: readonly TopicEvent[];
  readonly subscribers: readonly number[];
}

/** What keeping an event costs beside its bytes. */
const EVENT_OVERHEAD_BYTES = 64;

export class Topics {
  readonly #desk: Desk;
  readonly #topics = new Map<string, Topic>();
  /** Topics of each client. */
  readonly #subscriptions = new Map<number, Set<string>>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  publish(at: Asking, { topics, bytes }: OpOf<"topic-publish">): void {
    checkNames(this.#desk.limits, "topic", topics);
    this.#desk.checkValue(bytes.length);
    const event: TopicEvent = { atMs: this.#desk.nowMs, bytes };
    for (const name of topics) {
      try {
        this.#remember(this.#topicOf(name), event);
      } finally {
        this.#dropIfIdle(name);
      }
    }
    for (const topic of topics) {
      for (const client of this.#topics.get(topic)?.subscribers ?? []) {
        this.#desk.say({ kind: "event", client, topic, event });
      }
    }
    this.#desk.answer<"topic-publish">(at, null);
  }

  history(at: Asking, { topic }: OpOf<"topic-events">): void {
    const known = [...this.#topics].filter(([name]) => topic === undefined || name === topic);
    const answer = known.flatMap(([name, one]) => {
      const events = eventsOf(one);
      return events.length === 0 ? [] : [[name, events] as const];
    });
    this.#desk.answer<"topic-events">(at, Object.fromEntries(answer));
  }

  subscribe(at: Asking, { topic }: OpOf<"topic-subscribe">): void {
    checkName(this.#desk.limits, "topic", topic);
    this.#join(topic, at.client);
    this.#desk.answer<"topic-subscribe">(at, null);
  }

  unsubscribe(at: Asking, { topic }: OpOf<"topic-unsubscribe">): void {
    this.#part(topic, at.client);
    this.#desk.answer<"topic-unsubscribe">(at, null);
  }

  clientLeft(client: number): void {
    for (const name of [...(this.#subscriptions.get(client) ?? [])]) this.#part(name, client);
  }

  save(): SavedTopic[] {
    return [...this.#topics].map(([name, topic]) => ({
      name,
      events: eventsOf(topic),
      subscribers: [...topic.subscribers],
    }));
  }

  load(saved: readonly SavedTopic[]): void {
    for (const { name, events, subscribers } of saved) {
      const topic = this.#topicOf(name);
      for (const event of events) this.#remember(topic, event);
      for (const client of subscribers) this.#join(name, client);
    }
  }

  #topicOf(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      this.#desk.addName();
      topic = { events: [], first: 0, bytes: 0, subscribers: new Set() };
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /** The oldest events go when there are too many, here or altogether. */
  #remember(topic: Topic, event: TopicEvent): void {
    const { topicEventsMax, topicBytesMax } = this.#desk.limits;
    const bytes = event.bytes.length + EVENT_OVERHEAD_BYTES;
    const isFull = (): boolean =>
      topic.events.length - topic.first >= topicEventsMax || topic.bytes + bytes > topicBytesMax;
    while (topic.first < topic.events.length && isFull()) this.#forgetOldest(topic);
    this.#desk.addBytes(bytes);
    topic.bytes += bytes;
    topic.events.push(event);
  }

  #forgetOldest(topic: Topic): void {
    const { bytes } = topic.events[topic.first++]!;
    topic.bytes -= bytes.length + EVENT_OVERHEAD_BYTES;
    this.#desk.dropBytes(bytes.length + EVENT_OVERHEAD_BYTES);
    if (topic.first * 2 < topic.events.length) return;
    topic.events = eventsOf(topic);
    topic.first = 0;
  }

  #join(name: string, client: number): void {
    this.#topicOf(name).subscribers.add(client);
    let topics = this.#subscriptions.get(client);
    if (topics === undefined) {
      topics = new Set();
      this.#subscriptions.set(client, topics);
    }
    topics.add(name);
  }

  #part(name: string, client: number): void {
    const topic = this.#topics.get(name);
    topic?.subscribers.delete(client);
    const topics = this.#subscriptions.get(client);
    topics?.delete(name);
    if (topics?.size === 0) this.#subscriptions.delete(client);
    this.#dropIfIdle(name);
  }

  #dropIfIdle(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.subscribers.size + topic.events.length > 0) return;
    this.#topics.delete(name);
    this.#desk.dropName();
  }
}

function eventsOf({ events, first }: Topic): TopicEvent[] {
  return events.slice(first);
}
