/**
 * @file What clients of a scheduler share by name: published datasets, metadata and topics. The
 * part of the client that is about it; the work is done in `coordination/shared.ts`.
 */
import type { Json } from "../codec/registry.ts";
import type { Asker } from "./coordination/asker.ts";
import * as shared from "./coordination/shared.ts";
import type { Future } from "./future.ts";

export type { EventListener, LoggedEvent } from "./coordination/shared.ts";

export abstract class SharedState {
  /** Asks the coordination machine. @internal */
  abstract get coordination(): Asker;

  /** Futures that keep the actors in a value. @internal */
  protected abstract futuresOfActors(value: unknown): Promise<readonly Future[]>;

  /**
   * Gives a name to futures, collections, actors, or to a value with such in it, for all clients.
   * Futures, actors and what was persisted are kept until the name is unpublished, also when this
   * client has left; what is lazy is computed by whoever gets it. Errors: `InvalidArgument` when
   * the name is taken, unless with `override`.
   */
  async publishDataset(
    name: string,
    value: unknown,
    options: { readonly override?: boolean } = {},
  ): Promise<void> {
    const others = async (): Promise<readonly Future[]> => await this.futuresOfActors(value);
    await shared.publishDataset(this.coordination, name, value, options, others);
  }

  /**
   * What was published under a name; its futures and collections are this client's. Errors:
   * `MissingKey`.
   */
  async getDataset(name: string): Promise<unknown> {
    return await shared.getDataset(this.coordination, name);
  }

  /** The names of all published datasets, sorted. */
  async listDatasets(): Promise<string[]> {
    return await shared.listDatasets(this.coordination);
  }

  /** Forgets a published dataset; whether there was one. */
  async unpublishDataset(name: string): Promise<boolean> {
    return await shared.unpublishDataset(this.coordination, name);
  }

  /** Sets plain data that all clients share, at a key or a path of keys. */
  async setMetadata(keys: string | readonly string[], value: Json): Promise<void> {
    await shared.setMetadata(this.coordination, keys, value);
  }

  /** Metadata at a key or a path of keys. Errors: `MissingKey`, unless there is a `default`. */
  async getMetadata(
    keys: string | readonly string[],
    options: { readonly default?: Json } = {},
  ): Promise<Json> {
    return await shared.getMetadata(this.coordination, keys, options);
  }

  /** Says something on one topic, or on several; tasks may do so through `getClient()`. */
  async logEvent(topic: string | readonly string[], message: unknown): Promise<void> {
    await shared.logEvent(this.coordination, topic, message);
  }

  /** What was said on a topic lately, oldest first; without a topic, on each of all topics. */
  async getEvents(topic: string): Promise<shared.LoggedEvent[]>;
  async getEvents(): Promise<Record<string, shared.LoggedEvent[]>>;
  async getEvents(
    topic?: string,
  ): Promise<shared.LoggedEvent[] | Record<string, shared.LoggedEvent[]>> {
    if (topic === undefined) return await shared.getEvents(this.coordination);
    return await shared.getEvents(this.coordination, topic);
  }

  /** Calls `listener` with whatever is said on the topic from now on, in order. */
  async subscribeTopic(topic: string, listener: shared.EventListener): Promise<void> {
    await shared.subscribeTopic(this.coordination, topic, listener);
  }

  /** Ends a subscription: of this listener, or of all. */
  async unsubscribeTopic(topic: string, listener?: shared.EventListener): Promise<void> {
    await shared.unsubscribeTopic(this.coordination, topic, listener);
  }
}
