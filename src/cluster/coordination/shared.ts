/**
 * @file What clients share without an object of its own: topics, metadata and published datasets.
 * The client's methods of these names are these functions.
 */
import { decodeValue, encodeValue, prepareValue } from "../../codec/index.ts";
import type { Json } from "../../codec/registry.ts";
import { HeddleError } from "../../core/errors.ts";
import { checkFunction, checkOptionNames } from "../../core/options.ts";
import { checkFlag } from "../../core/task-options.ts";
import type { TopicEvent } from "../../machine/coordination/events.ts";
import { checkJson, checkName, namesIn } from "../check-given.ts";
import type { Future } from "../future.ts";
import { loadArrays } from "../link-values.ts";
import type { Asker } from "./asker.ts";
import { contentOf, payloadOf } from "./payload.ts";

/** Something that was said on a topic. */
export interface LoggedEvent {
  /** When the scheduler heard it. */
  readonly time: Date;
  readonly message: unknown;
}

/** Says something on one topic, or on several. */
export async function logEvent(
  asker: Asker,
  topic: string | readonly string[],
  message: unknown,
): Promise<void> {
  const topics = namesIn("client.logEvent: the topic", topic);
  await loadArrays();
  const encoded = encodeValue(message);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  await asker.ask<"topic-publish">({ kind: "topic-publish", topics, bytes });
}

/** What was said on a topic lately, or on each of all topics. */
export async function getEvents(asker: Asker, topic: string): Promise<LoggedEvent[]>;
export async function getEvents(asker: Asker): Promise<Record<string, LoggedEvent[]>>;
export async function getEvents(
  asker: Asker,
  topic?: string,
): Promise<LoggedEvent[] | Record<string, LoggedEvent[]>> {
  if (topic !== undefined) checkName("client.getEvents: the topic", topic);
  const which = topic === undefined ? {} : { topic };
  const events = await asker.ask<"topic-events">({ kind: "topic-events", ...which });
  if (topic !== undefined) return await Promise.all((events[topic] ?? []).map(logged));
  const all = Object.entries(events).map(
    async ([name, list]) => [name, await Promise.all(list.map(logged))] as const,
  );
  return Object.fromEntries(await Promise.all(all));
}

/** Listeners of each topic, by what the user gave. */
const subscriptions = new WeakMap<Asker, Map<string, Map<EventListener, () => void>>>();

/** Hears what is said on a topic. */
export type EventListener = (event: LoggedEvent) => void;

/** Calls `listener` with whatever is said on the topic from now on, in order. */
export async function subscribeTopic(
  asker: Asker,
  topic: string,
  listener: EventListener,
): Promise<void> {
  checkName("client.subscribeTopic: the topic", topic);
  checkFunction("client.subscribeTopic", listener, '("progress", (event) => ...)');
  let topics = subscriptions.get(asker);
  if (topics === undefined) {
    topics = new Map();
    subscriptions.set(asker, topics);
  }
  const listeners = topics.get(topic) ?? new Map<EventListener, () => void>();
  topics.set(topic, listeners);
  listeners.get(listener)?.();
  let order = Promise.resolve();
  const stop = asker.listen(topic, (event) => {
    // What is to be decoded first must not be overtaken.
    order = order.then(async () => listener(await logged(event))).catch(report(asker, topic));
  });
  listeners.set(listener, stop);
  await asker.ask<"topic-subscribe">({ kind: "topic-subscribe", topic });
}

/** Ends a subscription: of this listener, or of all. */
export async function unsubscribeTopic(
  asker: Asker,
  topic: string,
  listener?: EventListener,
): Promise<void> {
  checkName("client.unsubscribeTopic: the topic", topic);
  const topics = subscriptions.get(asker);
  const listeners = topics?.get(topic);
  for (const [known, stop] of [...(listeners ?? [])]) {
    if (listener !== undefined && known !== listener) continue;
    stop();
    listeners?.delete(known);
  }
  if (listeners !== undefined && listeners.size > 0) return;
  topics?.delete(topic);
  await asker.ask<"topic-unsubscribe">({ kind: "topic-unsubscribe", topic });
}

/** Sets metadata that all clients share, at a key or a path of keys. */
export async function setMetadata(
  asker: Asker,
  keys: string | readonly string[],
  value: Json,
): Promise<void> {
  const path = namesIn("client.setMetadata: the key", keys);
  checkJson("client.setMetadata: the value", value);
  await asker.ask<"metadata-set">({ kind: "metadata-set", keys: path, value });
}

/** Metadata at a key or a path of keys. Errors: `MissingKey`, unless there is a `default`. */
export async function getMetadata(
  asker: Asker,
  keys: string | readonly string[],
  options: { readonly default?: Json } = {},
): Promise<Json> {
  checkOptionNames("client.getMetadata", options, ["default"]);
  const path = namesIn("client.getMetadata: the key", keys);
  const found = await asker.ask<"metadata-get">({ kind: "metadata-get", keys: path });
  const value = found.length > 0 ? found[0] : options.default;
  if (value !== undefined) return value;
  throw new HeddleError("MissingKey", `there is no metadata at ${JSON.stringify(path)}`);
}

/**
 * Gives a name to futures, or to a value with futures in it, for all clients. They are kept until
 * the name is unpublished, also when this client has left, and so are those that
 * `others` gives. Errors: `InvalidArgument` when the name is taken.
 */
export async function publishDataset(
  asker: Asker,
  name: string,
  value: unknown,
  options: { readonly override?: boolean } = {},
  others: () => Promise<readonly Future[]> = async () => [],
): Promise<void> {
  checkName("client.publishDataset: the name", name);
  checkOptionNames("client.publishDataset", options, ["override"]);
  checkFlag("client.publishDataset", "override", options.override);
  const payload = await payloadOf(asker, value, await others());
  const { override = false } = options;
  await asker.ask<"dataset-publish">({ kind: "dataset-publish", name, payload, override });
}

/** A published dataset. Errors: `MissingKey`. */
export async function getDataset(asker: Asker, name: string): Promise<unknown> {
  checkName("client.getDataset: the name", name);
  return await asker.receive<"dataset-get", unknown>({ kind: "dataset-get", name }, {}, (payload) =>
    contentOf(asker, payload),
  );
}

/** The names of all published datasets, sorted. */
export async function listDatasets(asker: Asker): Promise<string[]> {
  return [...(await asker.ask<"dataset-list">({ kind: "dataset-list" }))];
}

/** Forgets a published dataset; whether there was one. */
export async function unpublishDataset(asker: Asker, name: string): Promise<boolean> {
  checkName("client.unpublishDataset: the name", name);
  return await asker.ask<"dataset-unpublish">({ kind: "dataset-unpublish", name });
}

async function logged({ atMs, bytes }: TopicEvent): Promise<LoggedEvent> {
  const { isNDArray } = await loadArrays();
  await prepareValue(bytes);
  const message = decodeValue(bytes);
  return { time: new Date(atMs), message: isNDArray(message) ? message.copy() : message };
}

/** What a listener throws must not end the listening. */
function report({ link }: Asker, topic: string): (error: unknown) => void {
  return (error) => link.onWarning(`a listener of topic "${topic}" failed: ${String(error)}`);
}
