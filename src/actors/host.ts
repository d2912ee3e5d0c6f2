/**
 * @file The actors of this thread. The methods of one run one at a time, in the order in which the
 * calls have come, on the event loop, so between tasks. A call that some running method of the
 * actor waits for runs at once: an actor may be called back by one that it calls.
 */
import { randomBytes } from "node:crypto";
import { decodeValue, prepareValue } from "../codec/values.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { bytesOf } from "../functions/calls.ts";
import { encodeTaskError } from "../functions/index.ts";
import { runInCall } from "./chain.ts";
import type { Channel } from "./channel.ts";
import { openDoor } from "./door.ts";
import type { ActorHandle } from "./handle.ts";
import { countActor } from "./living.ts";
import type { FromActors, ToActors } from "./messages.ts";
import { heldHere } from "./reference.ts";

type Ask = Extract<ToActors, { kind: "ask" }>;
type Way = Channel<ToActors, FromActors>;

/** How an actor is made. */
export interface ActorSpec {
  readonly key: string;
  /** How many of its asynchronous methods may be under way; default 1. */
  readonly concurrency?: number | undefined;
  /** Called when nobody refers to it any more. */
  readonly gone: () => void;
}

type Method = (...args: unknown[]) => unknown;

const NOTHING = new Uint8Array(0);

class Instance {
  readonly handle: ActorHandle;
  readonly #value: Record<string, unknown>;
  readonly #concurrency: number;
  readonly gone: () => void;
  /** Calls under way. */
  readonly #running = new Set<string>();
  /** Calls that wait for their turn, in the order in which they came. */
  readonly #waiting: { readonly call: string; readonly begin: () => void }[] = [];
  #calls = 0;
  /** Who keeps it. */
  readonly holders: Set<unknown> = new Set();

  constructor(handle: ActorHandle, value: object, spec: ActorSpec) {
    this.handle = handle;
    this.#value = value as Record<string, unknown>;
    this.#concurrency = spec.concurrency ?? 1;
    this.gone = spec.gone;
  }

  /** Does what is asked when it is its turn. */
  async run(ask: Ask): Promise<unknown> {
    const call = `${this.handle.id}/${++this.#calls}`;
    const isCalledBack = ask.chain.some((one) => this.#running.has(one));
    if (isCalledBack || this.#running.size < this.#concurrency) this.#running.add(call);
    else await new Promise<void>((begin) => this.#waiting.push({ call, begin }));
    try {
      return await runInCall(ask.chain, call, async () => await this.#do(ask));
    } finally {
      this.#running.delete(call);
      this.#next();
    }
  }

  /** The next one is under way from now on: whoever comes before it goes on waits behind it. */
  #next(): void {
    if (this.#running.size >= this.#concurrency) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#running.add(next.call);
    next.begin();
  }

  async #do({ verb, member, args }: Ask): Promise<unknown> {
    const { methods, fields } = this.handle;
    if (verb === "read") {
      if (!fields.includes(member)) throw noMember(this.handle, member, fields);
      return await this.#value[member];
    }
    if (!methods.includes(member)) throw noMember(this.handle, member, methods);
    await prepareValue(args);
    const given = decodeValue(args) as unknown[];
    // Actors among the arguments are held before the method can keep them.
    await heldHere();
    return await (this.#value[member] as Method).apply(this.#value, given);
  }
}

class ActorHost {
  readonly #instances = new Map<string, Instance>();

  has(actor: string): boolean {
    return this.#instances.has(actor);
  }

  async make(
    make: new (...args: never[]) => unknown,
    args: readonly unknown[],
    spec: ActorSpec,
  ): Promise<ActorHandle> {
    const place = await openDoor(this);
    await heldHere();
    const value = new make(...(args as never[])) as object;
    const { methods, fields } = membersOf(value, make.name);
    const id = randomBytes(16).toString("hex");
    const handle = { id, key: spec.key, className: make.name, methods, fields, place };
    this.#instances.set(id, new Instance(handle, value, spec));
    countActor(1);
    return handle;
  }

  accept(channel: Way): void {
    channel.onMessage = (message) => this.#hear(channel, message);
    channel.onClosed = () => {
      for (const actor of [...this.#instances.keys()]) this.release(actor, channel);
    };
  }

  /** Somebody keeps it no more: without anybody it goes. */
  release(actor: string, holder: unknown): void {
    const instance = this.#instances.get(actor);
    if (instance?.holders.delete(holder) !== true || instance.holders.size > 0) return;
    this.#instances.delete(actor);
    countActor(-1);
    instance.gone();
  }

  #hear(channel: Way, message: ToActors): void {
    if (message.kind === "drop") return this.release(message.actor, channel);
    const { request } = message;
    const tell = (outcome: FromActors["outcome"], value: Uint8Array): void => {
      channel.send({ kind: "told", request, outcome, value });
    };
    const instance = this.#instances.get(message.actor);
    if (instance === undefined) return tell("gone", NOTHING);
    if (message.kind === "hold") {
      instance.holders.add(channel);
      return tell("value", NOTHING);
    }
    instance
      .run(message)
      .then(bytesOf)
      .then(
        (bytes) => tell("value", bytes),
        (error: unknown) => tell("error", encodeTaskError(error)),
      );
  }
}

/** The actors of this thread. */
export const actorHost: ActorHost = new ActorHost();

/**
 * Names of methods, and of what can be read, from the class and those that it extends. Not of what
 * the language itself calls: whoever awaits an actor does not call it, nor who shows it.
 */
function membersOf(value: object, className: string): { methods: string[]; fields: string[] } {
  const methods = new Set<string>();
  const fields = new Set(Object.keys(value).filter((name) => !isFunctionOf(value, name)));
  for (const name of Object.keys(value)) if (isFunctionOf(value, name)) methods.add(name);
  let up: unknown = Object.getPrototypeOf(value);
  while (typeof up === "object" && up !== null && up !== Object.prototype) {
    for (const [name, { value: method, get }] of Object.entries(
      Object.getOwnPropertyDescriptors(up),
    )) {
      if (name === "constructor") continue;
      if (typeof method === "function") methods.add(name);
      else if (get !== undefined) fields.add(name);
    }
    up = Object.getPrototypeOf(up);
  }
  if (methods.has("then") || fields.has("then")) {
    throw new HeddleError(
      "NotSupported",
      `an actor of the class ${className} could not be awaited, since it has a member called ` +
        '"then": give it another name',
    );
  }
  methods.delete("toString");
  return { methods: [...methods], fields: [...fields] };
}

function isFunctionOf(value: object, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(value, name)?.value === "function";
}

function noMember(handle: ActorHandle, member: string, names: readonly string[]): HeddleError {
  const near = nearestName(member, names);
  return new HeddleError(
    "InvalidArgument",
    `the actor ${handle.key} has no ${member}; there is ${names.join(", ") || "nothing"}.` +
      `${near === undefined ? "" : ` Did you mean "${near}"?`}`,
    { fields: { actor: handle.key, member } },
  );
}
