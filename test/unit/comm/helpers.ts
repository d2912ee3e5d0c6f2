/** @file Messages, hellos, listeners and connections that the tests of `comm/` share. */
import { onTestFinished } from "vitest";
import {
  type Comm,
  type CommTrouble,
  type ConnectOptions,
  connect,
  type Listener,
  type ListenOptions,
  listen,
  makeToken,
  type OwnHello,
} from "../../../src/comm/index.ts";
import {
  bytes,
  type MessageOf,
  message,
  messageSet,
  text,
  u32,
} from "../../../src/protocol/index.ts";

/** The messages of both directions. */
export const TALK = messageSet([
  message("say", 1, { words: text }),
  message("data", 2, { n: u32, bytes }),
]);
export type Talk = MessageOf<typeof TALK>;
export type TalkComm = Comm<Talk, Talk>;

export const TOKEN: string = makeToken();

/** What a process says of itself. */
export function helloOf(role: OwnHello["role"], id: string = role): OwnHello {
  return { role, id, incarnation: "1", version: "0.1.0", codeHash: "", facts: { from: id } };
}

/** A listener with what happened at it. */
export interface Station {
  readonly listener: Listener<Talk, Talk>;
  readonly comms: TalkComm[];
  readonly troubles: CommTrouble[];
  /** The next connection. */
  readonly next: () => Promise<TalkComm>;
  /** The next trouble. */
  readonly trouble: () => Promise<CommTrouble>;
}

/** Hands out what comes, to whoever waits or asks later. */
function queue<T>(): { readonly all: T[]; push: (item: T) => void; next: () => Promise<T> } {
  const all: T[] = [];
  const ready: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    all,
    push(item) {
      all.push(item);
      const waiter = waiting.shift();
      if (waiter === undefined) ready.push(item);
      else waiter(item);
    },
    next: async () => ready.shift() ?? (await new Promise((resolve) => waiting.push(resolve))),
  };
}

/** Listens until the test ends. */
export async function station(
  address = "tcp://127.0.0.1:0",
  options: Partial<ListenOptions<Talk, Talk>> = {},
): Promise<Station> {
  const comms = queue<TalkComm>();
  const troubles = queue<CommTrouble>();
  const listener = await listen<Talk, Talk>(address, {
    hello: helloOf("scheduler"),
    token: TOKEN,
    incoming: TALK,
    outgoing: TALK,
    log: troubles.push,
    ...options,
    accept: async (comm) => {
      await options.accept?.(comm);
      comms.push(comm);
    },
  });
  onTestFinished(() => listener.close());
  return {
    listener,
    comms: comms.all,
    troubles: troubles.all,
    next: comms.next,
    trouble: troubles.next,
  };
}

/** Connects until the test ends. */
export async function dialed(
  address: string,
  options: Partial<ConnectOptions<Talk, Talk>> = {},
): Promise<TalkComm> {
  const comm = await connect<Talk, Talk>(address, {
    hello: helloOf("worker"),
    token: TOKEN,
    incoming: TALK,
    outgoing: TALK,
    connectMs: 0,
    ...options,
  });
  onTestFinished(() => comm.close());
  return comm;
}

/** Collects what a comm receives until so many messages are there. */
export function received(comm: TalkComm, count: number): Promise<Talk[]> {
  const all: Talk[] = [];
  return new Promise((resolve) => {
    comm.onMessages = (messages) => {
      all.push(...messages);
      if (all.length >= count) resolve(all);
    };
  });
}

/** Resolves with how the connection ends. */
export function closed(comm: TalkComm): Promise<Error | undefined> {
  return new Promise((resolve) => {
    comm.onClosed = resolve;
  });
}

/** Resolves when the connection has become this. */
export function becomes(comm: TalkComm, state: TalkComm["state"]): Promise<void> {
  return new Promise((resolve) => {
    if (comm.state === state) resolve();
    comm.onState = (now) => {
      if (now === state) resolve();
    };
  });
}

/** The words of messages. */
export function words(messages: readonly Talk[]): string[] {
  return messages.map((each) => (each.kind === "say" ? each.words : `#${each.n}`));
}
