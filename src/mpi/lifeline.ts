/**
 * @file Tells the scheduler's rank that the program has ended, however it did: a connection that
 * the program holds and that its system closes when the process is gone. Clients cannot stand for
 * it: a program may have several, or none any more, and go on.
 */

import { ownHello, uniqueName } from "../cluster/own-hello.ts";
import { sessionTimers } from "../cluster/session-timers.ts";
import {
  type Comm,
  type CommOptions,
  connect,
  type Listener,
  listen,
  makeToken,
} from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { type AnyMessageType, type Message, messageSet } from "../protocol/index.ts";

/** How the program reaches the other end; it travels in a file that is its owner's alone. */
export interface LifelineFacts {
  readonly address: string;
  readonly token: string;
}

/** A connection that was closed and does not come back within this time is not a hiccup. */
const GONE_MS = 1000;

/** Nothing is ever said. */
const NO_MESSAGES = messageSet<AnyMessageType>([]);

/** Timers of both ends: a program may compute for hours without a word. */
function timers(): NonNullable<CommOptions["session"]> {
  const ofClient = sessionTimers("client");
  return { ...ofClient, lostMs: GONE_MS };
}

/** The scheduler's end. */
export class LifelineHolder {
  readonly facts: LifelineFacts;
  readonly #listener: Listener;

  private constructor(listener: Listener, token: string) {
    this.#listener = listener;
    this.facts = { address: listener.contactAddress, token };
  }

  /** Listens on the address; tells when the program has come, and when it has ended. */
  static async open(
    address: string,
    { began, ended }: { began(): void; ended(): void },
  ): Promise<LifelineHolder> {
    const token = makeToken();
    const listener = await listen<Message, Message>(address, {
      hello: ownHello("scheduler", uniqueName("lifeline"), {}),
      token,
      incoming: NO_MESSAGES,
      outgoing: NO_MESSAGES,
      session: timers,
      accept: (comm) => {
        began();
        comm.onClosed = ended;
      },
    });
    return new LifelineHolder(listener, token);
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }
}

/** The program's end. Keeps no process alive. */
export class Lifeline {
  readonly #comm: Comm<Message, Message>;

  private constructor(comm: Comm<Message, Message>) {
    this.#comm = comm;
  }

  static async open(facts: unknown): Promise<Lifeline> {
    const { address, token } = checked(facts);
    const comm = await connect<Message, Message>(address, {
      hello: ownHello("client", uniqueName("program"), {}),
      token,
      incoming: NO_MESSAGES,
      outgoing: NO_MESSAGES,
      session: timers(),
      reconnectMs: config.get("comm.timeouts.dead"),
    });
    comm.unref();
    return new Lifeline(comm);
  }

  /** Says that the program has ended. */
  async close(): Promise<void> {
    await this.#comm.close("the program has ended");
  }
}

function checked(facts: unknown): LifelineFacts {
  const given = facts as Partial<LifelineFacts> | undefined;
  if (typeof given?.address === "string" && typeof given.token === "string") {
    return { address: given.address, token: given.token };
  }
  throw new HeddleError("FileInvalid", "the scheduler's file is of no launch with a program");
}
