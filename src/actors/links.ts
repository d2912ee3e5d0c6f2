/**
 * @file The callers' side: one channel to each thread that has actors which this thread knows, the
 * questions that wait for an answer, and which actors are referred to here.
 */
import { MessageChannel, postMessageToThread } from "node:worker_threads";
import { accessesTo } from "./access.ts";
import { type Channel, CommChannel, PortChannel, whyAway } from "./channel.ts";
import { type ActorHandle, isInThisProcess, lostActor, ownHost } from "./handle.ts";
import { actorHello } from "./hello.ts";
import {
  type ActorVerb,
  type FromActors,
  fromActors,
  type ToActors,
  toActors,
} from "./messages.ts";

/** What came of a question. */
export type Told = Pick<FromActors, "outcome" | "value">;

/** A worker that cannot be reached for so long is taken for lost. */
const AWAY_MS = 5000;
/** The same on this host, where no network can be cut, once it has been reached. */
const NEAR_MS = 250;

interface Asked {
  readonly handle: ActorHandle;
  readonly resolve: (told: Told) => void;
  readonly reject: (error: Error) => void;
}

type Way = Channel<FromActors, ToActors>;

class ActorLink {
  readonly #asked = new Map<number, Asked>();
  readonly #opening: Promise<Way>;
  #way: Way | undefined;
  #nextRequest = 1;
  #closed: { readonly reason: string; readonly cause: unknown } | undefined;
  /** A pending answer keeps the process alive. */
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(handle: ActorHandle, ended: () => void) {
    this.#opening = openWay(handle);
    this.#opening.then(
      (way) => {
        this.#way = way;
        way.onMessage = (told) => this.#told(told);
        way.onClosed = (reason, cause) => this.#end(reason, ended, cause);
      },
      (error: unknown) => {
        this.#end(whyAway(error), ended, error);
      },
    );
  }

  async ask(
    handle: ActorHandle,
    make: (request: number) => Exclude<ToActors, { kind: "drop" }>,
  ): Promise<Told> {
    const closed = this.#closed;
    if (closed !== undefined) throw lostActor(handle, closed.reason, closed.cause);
    const request = this.#nextRequest++;
    this.#keepAlive ??= setInterval(() => undefined, 2 ** 30);
    return await new Promise<Told>((resolve, reject) => {
      this.#asked.set(request, { handle, resolve, reject });
      this.#send(make(request));
    });
  }

  drop(actor: string): void {
    this.#send({ kind: "drop", actor });
  }

  /** What is said before the way is open follows in its order. */
  #send(message: ToActors): void {
    if (this.#way !== undefined) this.#way.send(message);
    else this.#opening.then((way) => way.send(message)).catch(() => undefined);
  }

  #told({ request, outcome, value }: FromActors): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    this.#rest();
    asked?.resolve({ outcome, value });
  }

  #end(reason: string, ended: () => void, cause?: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason, cause };
    ended();
    for (const { handle, reject } of this.#asked.values()) reject(lostActor(handle, reason, cause));
    this.#asked.clear();
    this.#rest();
  }

  #rest(): void {
    if (this.#asked.size > 0) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }
}

const links = new Map<string, ActorLink>();

function linkTo(handle: ActorHandle): ActorLink {
  const { host, pid, thread } = handle.place;
  const key = `${host}/${pid}/${thread}`;
  const known = links.get(key);
  if (known !== undefined) return known;
  const link: ActorLink = new ActorLink(handle, () => {
    if (links.get(key) === link) links.delete(key);
  });
  links.set(key, link);
  return link;
}

/** Asks an actor. Rejects with `Lost` when it is not there any more. */
export async function askActor(
  handle: ActorHandle,
  question: {
    readonly verb: ActorVerb;
    readonly member: string;
    readonly args: Uint8Array;
    readonly chain: readonly string[];
  },
): Promise<Told> {
  const told = await linkTo(handle).ask(handle, (request) => {
    return { kind: "ask", request, actor: handle.id, ...question };
  });
  if (told.outcome === "gone") throw released(handle);
  return told;
}

/** How many objects of this thread refer to each actor. */
const held = new Map<string, number>();

/** One more object refers to the actor; resolves when the actor's thread knows of it. */
export async function holdActor(handle: ActorHandle): Promise<void> {
  const count = (held.get(handle.id) ?? 0) + 1;
  held.set(handle.id, count);
  const told = await linkTo(handle).ask(handle, (request) => {
    return { kind: "hold", request, actor: handle.id };
  });
  if (told.outcome === "gone") throw released(handle);
}

/** One object less refers to the actor. */
export function dropActor(handle: ActorHandle): void {
  const count = (held.get(handle.id) ?? 1) - 1;
  if (count > 0) {
    held.set(handle.id, count);
    return;
  }
  held.delete(handle.id);
  linkTo(handle).drop(handle.id);
}

function released(handle: ActorHandle): Error {
  return lostActor(handle, "nobody referred to it any more");
}

async function openWay(handle: ActorHandle): Promise<Way> {
  if (isInThisProcess(handle.place)) {
    const near = await openPort(handle);
    if (near !== undefined) return near;
  }
  return await openComm(handle);
}

/** A port to the thread; undefined where it is not of this process after all, or has ended. */
async function openPort({ id, place }: ActorHandle): Promise<Way | undefined> {
  const { port1, port2 } = new MessageChannel();
  const way = new PortChannel<FromActors, ToActors>(port1);
  const { offerHere } = await import("./door.ts");
  if (offerHere(place.thread, { heddleActor: id, port: port2 })) return way;
  try {
    await postMessageToThread(place.thread, { heddleActor: id, port: port2 }, [port2]);
    return way;
  } catch {
    way.close();
    return undefined;
  }
}

async function openComm({ place }: ActorHandle): Promise<Way> {
  if (place.contact === "") throw new Error("its thread has ended");
  const awayMs = place.host === ownHost() ? NEAR_MS : AWAY_MS;
  const accesses = await accessesTo(place.scheduler);
  const { connect, Relay } = await import("../comm/index.ts");
  let problem: unknown = new Error("this program has no connection to its cluster");
  for (const { scheduler, token, security } of accesses) {
    try {
      const comm = await connect<FromActors, ToActors>(place.contact, {
        hello: actorHello("client"),
        token,
        security,
        incoming: fromActors,
        outgoing: toActors,
        // A thread that runs a task answers late.
        connectMs: AWAY_MS,
        reconnectMs: awayMs,
        relay: new Relay(scheduler),
      });
      return new CommChannel(comm);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}
