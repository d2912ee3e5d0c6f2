/**
 * @file Profiles of a worker's task threads. Where they are children of the process's main thread,
 * V8 is asked from there and answers at once, also while a thread is in the middle of a task; else
 * each thread profiles itself (`thread-profile.ts`).
 */
import { Session } from "node:inspector";
import { isMainThread } from "node:worker_threads";
import { encodeCall, valueIn } from "../../functions/index.ts";
import type { ThreadCalls } from "../thread-calls.ts";
import type { ThreadProfile } from "./ops.ts";
import { beginning, PROFILE_MOST_MS, startProfile, stopProfile } from "./thread-profile.ts";

const root = new URL("../../", import.meta.url).href;
const TASK_THREAD = /heddle-task-(\d+)$/;

/** Profiles that run, by the id under which they were asked for. */
export class Profiler {
  readonly #running = new Map<string, Inspected>();
  readonly #calls: ThreadCalls;
  readonly #threads: number;

  constructor(calls: ThreadCalls, threads: number) {
    this.#calls = calls;
    this.#threads = threads;
  }

  async start(id: string, intervalUs: number): Promise<void> {
    if (isMainThread) {
      const inspected = new Inspected(intervalUs);
      this.#running.set(id, inspected);
      setTimeout(() => this.#forget(id), PROFILE_MOST_MS).unref();
      return await inspected.started;
    }
    await this.#onEach(encodeCall(startProfile, [id, intervalUs]));
  }

  async stop(id: string): Promise<ThreadProfile[]> {
    const inspected = this.#running.get(id);
    this.#running.delete(id);
    if (inspected !== undefined) return await inspected.stop();
    const profiles = await this.#onEach(encodeCall(stopProfile, [id]));
    return profiles.flatMap((profile, thread) => {
      return typeof profile === "string" ? [{ thread, root, profile }] : [];
    });
  }

  #forget(id: string): void {
    this.#running.get(id)?.end();
    this.#running.delete(id);
  }

  async #onEach(call: Uint8Array): Promise<unknown[]> {
    const threads = Array.from({ length: this.#threads }, (_, thread) => thread);
    return await Promise.all(
      threads.map(async (thread) => {
        const { ok, bytes } = await this.#calls.call(thread, { kind: "run", call });
        return ok ? await valueIn(bytes) : undefined;
      }),
    );
  }
}

interface AttachedThread {
  readonly sessionId: string;
  readonly thread: number;
}

/** What V8 answers to one of our messages. */
interface Answer {
  readonly profile?: unknown;
}

interface Asked {
  readonly sessionId: string;
  readonly resolve: (answer: Answer) => void;
}

/** The threads of this process under V8's inspector, each over a channel of its own. */
class Inspected {
  /** Resolves when every thread that was there is being sampled. */
  readonly started: Promise<void>;
  readonly #session: Session = new Session();
  readonly #threads: AttachedThread[] = [];
  readonly #asked = new Map<number, Asked>();
  #nextMessage = 1;

  constructor(intervalUs: number) {
    const session = this.#session;
    session.connect();
    const begun: Promise<unknown>[] = [];
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      const { sessionId, workerInfo } = params;
      const name = TASK_THREAD.exec(workerInfo.title);
      if (name === null) return;
      const thread = { sessionId, thread: Number(name[1]) };
      this.#threads.push(thread);
      const ask = (method: string, given = {}) => this.#ask(thread, method, given);
      begun.push(...beginning(intervalUs).map(([method, given]) => ask(method, given)));
    });
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      const { id, result } = JSON.parse(params.message) as { id?: number; result?: object };
      if (id === undefined) return;
      this.#asked.get(id)?.resolve(result ?? {});
      this.#asked.delete(id);
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => this.#gone(params.sessionId));
    this.started = new Promise((resolve, reject) => {
      session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
        if (error === null) Promise.all(begun).then(() => resolve(), reject);
        else reject(error);
      });
    });
  }

  async stop(): Promise<ThreadProfile[]> {
    const profiles = await Promise.all(
      this.#threads.map(async (attached) => {
        const { profile } = await this.#ask(attached, "Profiler.stop");
        if (profile === undefined) return [];
        return [{ thread: attached.thread, root, profile: JSON.stringify(profile) }];
      }),
    );
    this.end();
    return profiles.flat();
  }

  end(): void {
    this.#session.disconnect();
  }

  async #ask({ sessionId }: AttachedThread, method: string, params: object = {}): Promise<Answer> {
    const id = this.#nextMessage++;
    return await new Promise((resolve) => {
      this.#asked.set(id, { sessionId, resolve });
      const message = JSON.stringify({ id, method, params });
      this.#session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, (error) => {
        // The thread has ended meanwhile.
        if (error !== null) resolve({});
      });
    });
  }

  /** A thread has ended: it answers nothing more. */
  #gone(sessionId: string): void {
    const at = this.#threads.findIndex((thread) => thread.sessionId === sessionId);
    if (at >= 0) this.#threads.splice(at, 1);
    for (const asked of this.#asked.values()) {
      if (asked.sessionId === sessionId) asked.resolve({});
    }
  }
}
