/**
 * @file A client's side of the coordination machine: asks, waits for the answer, and calls off what
 * nobody waits for any more. Locks, queues and the like are written against `Asker`; how a question
 * travels is the business of the connection.
 */
import { type ErrorCode, HeddleError } from "../../core/errors.ts";
import type {
  CoordinationCommand,
  CoordinationEvent,
  CoordinationOp,
  OpKind,
  OpOf,
  Payload,
  ResultOf,
  TopicEvent,
} from "../../machine/coordination/events.ts";
import { currentTask } from "../../threads/task-context.ts";
import { Submission } from "../future.ts";
import type { EngineLink } from "../link.ts";
import { forEver } from "../wait-in-task.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

type Mine<T> = T extends unknown ? Omit<T, "client"> : never;

/** What a client says to the machine; the shell knows who it is. */
export type CoordinationRequest = Mine<Exclude<CoordinationEvent, { kind: "client-left" }>>;

/** What a client hears from the machine. */
export type CoordinationNews = Mine<
  Extract<CoordinationCommand, { kind: "answer" | "refuse" | "event" }>
>;

export interface AskOptions {
  /** Calls the question off; it may have been answered by then. */
  readonly signal?: AbortSignal | undefined;
}

/** Tells of an event of a topic. */
export type TopicListener = (event: TopicEvent) => void;

export interface Asker {
  /** Futures of payloads belong to this connection. */
  readonly link: EngineLink;
  readonly leases: LeaseKeeper;
  /**
   * Rejects with the error of the machine, `CommClosed` when the connection ends, or the signal's
   * reason.
   */
  ask<K extends OpKind>(op: OpOf<K>, options?: AskOptions): Promise<ResultOf<K>>;
  /** Asks for payloads; their tasks are kept until `read` has made futures of them. */
  receive<K extends OpKind, T>(
    op: OpOf<K>,
    options: AskOptions,
    read: (result: ResultOf<K>) => Promise<T>,
  ): Promise<T>;
  /** Listens to a topic until the returned function is called. */
  listen(topic: string, listener: TopicListener): () => void;
}

interface Answered {
  readonly result: ResultOf<OpKind>;
  /** Lets go of the answer's tasks. */
  readonly release: () => void;
}

interface Pending {
  readonly resolve: (answered: Answered) => void;
  readonly reject: (error: unknown) => void;
}

export class LinkAsker implements Asker {
  readonly link: EngineLink;
  readonly leases: LeaseKeeper = new LeaseKeeper(this);
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Set<TopicListener>>();
  #nextRequest = 1;

  constructor(link: EngineLink) {
    this.link = link;
  }

  async ask<K extends OpKind>(op: OpOf<K>, options: AskOptions = {}): Promise<ResultOf<K>> {
    return await this.receive<K, ResultOf<K>>(op, options, async (result) => result);
  }

  async receive<K extends OpKind, T>(
    op: OpOf<K>,
    { signal }: AskOptions,
    read: (result: ResultOf<K>) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.link.closed) throw new HeddleError("CommClosed", "the client was closed");
    const request = this.#nextRequest++;
    const callOff = (): void => this.#post({ kind: "cancel", request });
    let isTaskOver = false;
    const forgetTask = currentTask()?.onEnd(() => {
      isTaskOver = true;
      callOff();
    });
    if (isTaskOver) return await forEver();
    signal?.addEventListener("abort", callOff, { once: true });
    try {
      const { result, release } = await this.link.hold(this.#answer(request, op));
      try {
        if (!isTaskOver) return await read(result as ResultOf<K>);
        this.#giveBack(op);
      } finally {
        release();
      }
    } catch (error) {
      if (!isTaskOver) throw signal?.aborted ? signal.reason : error;
    } finally {
      forgetTask?.();
      this.#pending.delete(request);
      signal?.removeEventListener("abort", callOff);
    }
    return await forEver();
  }

  /** Nobody is left who could hold the lease. */
  #giveBack(op: CoordinationOp): void {
    if (op.kind !== "acquire") return;
    const release = { kind: "release-lease", lease: op.lease } as const;
    this.#post({ kind: "ask", request: this.#nextRequest++, op: release });
  }

  listen(topic: string, listener: TopicListener): () => void {
    let listeners = this.#listeners.get(topic);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
    }
    const all = listeners;
    all.add(listener);
    return () => {
      all.delete(listener);
      if (all.size === 0) this.#listeners.delete(topic);
    };
  }

  /** Takes what the machine says; runs before any later message of the engine is read. */
  heard(news: CoordinationNews): void {
    switch (news.kind) {
      case "event":
        for (const listener of this.#listeners.get(news.topic) ?? []) listener(news.event);
        return;
      case "refuse": {
        const { code, message } = news.error;
        this.#pending.get(news.request)?.reject(new HeddleError(code as ErrorCode, message));
        return;
      }
      case "answer": {
        const release = news.confirm === true ? this.#keep(news) : () => undefined;
        const pending = this.#pending.get(news.request);
        if (pending === undefined) release();
        else pending.resolve({ result: news.result, release });
      }
    }
  }

  /** Refers to the tasks of an answer: then the machine need not keep them for this client. */
  #keep({ request, result }: Extract<CoordinationNews, { kind: "answer" }>): () => void {
    const ids = Int32Array.from(payloadsIn(result).flatMap(({ tasks }) => [...tasks]));
    const submission = submissionOf(this.link, ids);
    const release = submission.hold(0, ids.length);
    this.link.post({ kind: "want", ids });
    this.#post({ kind: "confirm", request });
    return release;
  }

  #answer(request: number, op: CoordinationOp): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.#pending.set(request, { resolve, reject });
      this.#post({ kind: "ask", request, op });
    });
  }

  #post(event: CoordinationRequest): void {
    this.link.post({ kind: "coordinate", event });
  }
}

/** Tasks of the engine that exist already, as if this client had submitted them. */
export function submissionOf(link: EngineLink, ids: Int32Array): Submission {
  const submission = new Submission(link);
  submission.settle({ base: 0, ids });
  return submission;
}

function payloadsIn(result: ResultOf<OpKind>): readonly Payload[] {
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  return list.filter(
    (item): item is Payload => typeof item === "object" && item !== null && "tasks" in item,
  );
}
