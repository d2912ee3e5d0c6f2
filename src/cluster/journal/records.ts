/**
 * @file What a scheduler's journal holds, as messages: facts of the scheduler machine, events of
 * the coordination machine, who has which number, and at the beginning of a compacted journal the
 * whole state.
 */
import type { CoordinationSnapshot } from "../../machine/coordination/coordination.ts";
import type { CoordinationEvent } from "../../machine/coordination/events.ts";
import type { Fact } from "../../machine/scheduler/facts.ts";
import type {
  SavedClient,
  SavedFailure,
  SavedGraph,
  SavedScheduler,
} from "../../machine/scheduler/saved.ts";
import type { Failure } from "../../machine/scheduler/state.ts";
import {
  bool,
  bytes,
  type Codec,
  f64,
  f64s,
  i32,
  i32s,
  list,
  type MessageSet,
  message,
  messageSet,
  oneOf,
  optional,
  record,
  text,
  u8s,
  u32,
} from "../../protocol/index.ts";
import type { WireError } from "../messages.ts";
import { mapped, plainAs, wireError } from "../wire/fields.ts";
import { graphFacts } from "../wire/graphs.ts";
import type { Answer } from "./answers.ts";

/** Who has a number: of clients and workers, by what they say of themselves when they connect. */
export interface Numbered {
  readonly number: number;
  readonly key: string;
}

export type JournalRecord =
  | Fact
  /** A scheduler begins here: the how-manieth. */
  | { readonly kind: "life"; readonly life: number }
  | ({ readonly kind: "client" } & Numbered)
  | ({ readonly kind: "worker" } & Numbered)
  | { readonly kind: "worker-gone"; readonly number: number }
  /** An actor was made on a worker, and is not to be made again. */
  | { readonly kind: "actor"; readonly key: string; readonly worker: string }
  /** Nobody can ask for it any more. */
  | { readonly kind: "actor-gone"; readonly key: string }
  /** A step of the coordination machine; without an event when something was due. */
  | {
      readonly kind: "coordination";
      readonly atMs: number;
      readonly event?: CoordinationEvent;
    }
  | ({ readonly kind: "saved-graph" } & SavedGraph)
  /** Comes after its graphs. */
  | ({ readonly kind: "saved" } & Omit<SavedScheduler, "graphs"> & SavedShell);

/** What the shell of the machine has to remember. */
export interface SavedShell {
  readonly life: number;
  readonly nextClient: number;
  readonly nextWorker: number;
  readonly clientKeys: readonly Numbered[];
  readonly workerKeys: readonly Numbered[];
  readonly answers: readonly Answer[];
  readonly coordination: CoordinationSnapshot;
}

/** Machines never look into errors; those of a cluster travel. */
const error: Codec<unknown> = mapped(
  wireError,
  (value: unknown) => value as WireError,
  (wire): unknown => wire,
);

const failureFields = { error, culprit: text, culpritId: i32, attempts: u32 } as const;
const failure: Codec<Failure> = record(failureFields);
const savedFailure: Codec<SavedFailure> = record({ ...failureFields, ids: i32s });

/** Bodies of graphs are bytes in a cluster; scattered values have none. */
const body: Codec<unknown> = mapped(
  bytes,
  (value: unknown) => (value instanceof Uint8Array ? value : new Uint8Array(0)),
  (wire): unknown => (wire.length === 0 ? undefined : wire),
);

const savedClient: Codec<SavedClient> = record({
  client: i32,
  wants: i32s,
  cancelled: i32s,
  askedIds: i32s,
  askedRequests: i32s,
});

const numbered: Codec<Numbered> = record({ number: u32, key: text });

const answer: Codec<Answer> = record({
  client: u32,
  request: u32,
  base: u32,
  ids: optional(i32s),
  outputs: i32s,
});

const wants = { client: i32, ids: i32s } as const;

export const journalRecords: MessageSet<JournalRecord> = messageSet([
  message("life", 1, { life: u32 }),
  message("client", 2, { number: u32, key: text }),
  message("worker", 3, { number: u32, key: text }),
  message("worker-gone", 4, { number: u32 }),
  message("coordination", 5, { atMs: f64, event: optional(plainAs<CoordinationEvent>()) }),
  message("actor", 6, { key: text, worker: text }),
  message("actor-gone", 7, { key: text }),
  message("graph", 16, {
    client: i32,
    request: u32,
    parent: optional(i32),
    base: u32,
    ids: optional(i32s),
    facts: graphFacts,
    body,
  }),
  message("brought", 17, {
    client: i32,
    request: u32,
    base: u32,
    name: text,
    bytes: f64s,
    epochs: i32s,
    broadcast: u32,
  }),
  message("done", 18, { ids: i32s, epochs: i32s, bytes: f64s, tags: u8s, words: f64s }),
  message("gone", 19, { ids: i32s, how: optional(text) }),
  message("erred", 20, { id: i32, error, blame: oneOf("user", "worker", "memory") }),
  message("suspected", 21, { id: i32 }),
  message("convicted", 22, { id: i32, blame: oneOf("worker", "memory") }),
  message("failed", 23, { id: i32, failure }),
  message("want", 24, wants),
  message("retry", 25, wants),
  message("release", 26, { ...wants, seen: optional(u32) }),
  message("cancel", 27, { ...wants, force: optional(bool), spared: i32s }),
  message("client-left", 28, { client: i32 }),
  message("rejoined", 29, { ...wants, kept: i32s }),
  message("replicate", 30, { ids: i32s, copies: u32 }),
  message("inherited", 31, { id: i32 }),
  message("brought-again", 32, { id: i32, epoch: i32 }),
  message("saved-graph", 48, {
    base: u32,
    serial: u32,
    parent: optional(record({ id: i32, serial: u32 })),
    generation: f64,
    facts: graphFacts,
    body,
    ids: optional(i32s),
    states: u8s,
    named: i32s,
  }),
  message("saved", 49, {
    generation: u32,
    serial: u32,
    values: record({ ids: i32s, epochs: i32s, bytes: f64s, tags: u8s, words: f64s }),
    failures: list(savedFailure),
    attempts: i32s,
    suspects: i32s,
    copies: i32s,
    clients: list(savedClient),
    life: u32,
    nextClient: u32,
    nextWorker: u32,
    clientKeys: list(numbered),
    workerKeys: list(numbered),
    answers: list(answer),
    coordination: plainAs<CoordinationSnapshot>(),
  }),
]);
