/**
 * @file Actors as callers see them: an object with the methods of the class, each of which gives a
 * future. It travels as a value, to tasks and to other actors.
 */
import { registerCodec } from "../codec/registry.ts";
import { decodeValue, encodeValue, prepareValue } from "../codec/values.ts";
import { inspectAsText } from "../core/symbols.ts";
import { TOKEN } from "../core/token.ts";
import { decodeTaskError } from "../functions/task-errors.ts";
import { currentChain } from "./chain.ts";
import { ActorFuture } from "./future.ts";
import type { ActorHandle } from "./handle.ts";
import type { ActorVerb } from "./messages.ts";
import { ACTOR, ActorReference } from "./reference.ts";

/**
 * An object of class `T` that lives in a task thread of one worker. Its methods give futures of
 * what they return, and its fields and getters futures of what they hold. Arguments and results are
 * copies.
 *
 * Methods run one at a time, in the order in which the calls of each caller have come, on the event
 * loop of the thread: a long synchronous task of the same thread is waited for. One that calls
 * other actors may be called back by them; two that call each other at the same time, each within a
 * method of its own, wait for each other for ever, unless they are made with a `concurrency`.
 */
export type Actor<T> = ActorBase & {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => ActorFuture<Awaited<R>>
    : ActorFuture<Awaited<T[K]>>;
};

/** What all actors have in common. */
export interface ActorBase {
  readonly [Symbol.toStringTag]: "Actor";
}

/** So long after an actor was sent off it is kept, for whoever gets it. */
const ON_THE_WAY_MS = 10_000;

class ActorProxy {
  constructor(handle: ActorHandle) {
    Object.defineProperty(this, ACTOR, { value: new ActorReference(handle) });
  }

  toString(): string {
    const { className, key, place } = referenceOf(this).handle;
    return `Actor<${className}>(${key} on ${place.worker})`;
  }
}
Object.defineProperty(ActorProxy.prototype, Symbol.toStringTag, { value: "Actor" });
inspectAsText(ActorProxy.prototype);
Object.defineProperty(ActorProxy.prototype, TOKEN, {
  value(this: object): string {
    return referenceOf(this).handle.id;
  },
});

/** Whether a value stands for an actor. */
export function isActor(value: unknown): value is Actor<object> {
  return typeof value === "object" && value !== null && ACTOR in value;
}

/** What the object has to do with its actor. */
export function referenceOf(actor: object): ActorReference {
  return (actor as { [ACTOR]: ActorReference })[ACTOR];
}

/** Classes of such objects, by what they offer. */
const prototypes = new Map<string, object>();

/** An object for an actor. */
export function actorOf(handle: ActorHandle): Actor<object> {
  const { methods, fields } = handle;
  const shape = JSON.stringify([methods, fields]);
  let prototype = prototypes.get(shape);
  if (prototype === undefined) {
    prototype = prototypeOf(methods, fields);
    prototypes.set(shape, prototype);
  }
  return Object.setPrototypeOf(new ActorProxy(handle), prototype) as Actor<object>;
}

function prototypeOf(methods: readonly string[], fields: readonly string[]): object {
  const prototype = Object.create(ActorProxy.prototype) as object;
  for (const name of fields) {
    Object.defineProperty(prototype, name, {
      get(this: object): ActorFuture {
        return ask(this, "read", name, []);
      },
    });
  }
  for (const name of methods) {
    Object.defineProperty(prototype, name, {
      value(this: object, ...args: unknown[]): ActorFuture {
        return ask(this, "call", name, args);
      },
    });
  }
  return prototype;
}

function ask(actor: object, verb: ActorVerb, member: string, args: unknown[]): ActorFuture {
  const { handle } = referenceOf(actor);
  // What the program changes afterwards does not reach the actor.
  const encoded = encodeValue(args);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  const what = `${handle.key}.${member}`;
  const question = { verb, member, args: bytes, chain: currentChain() };
  return new ActorFuture(what, answerOf(actor, question, new Error()));
}

/** The actor stays until it has answered. */
async function answerOf(
  actor: object,
  question: { verb: ActorVerb; member: string; args: Uint8Array; chain: readonly string[] },
  caller: Error,
): Promise<unknown> {
  const { askActor } = await import("./links.ts");
  const { outcome, value } = await askActor(referenceOf(actor).handle, question);
  const { isNDArray } = await arrays();
  if (outcome === "error") throw await decodeTaskError(value, caller.stack);
  await prepareValue(value);
  const result = decodeValue(value);
  return isNDArray(result) ? result.copy() : result;
}

/** Local arrays may be among results. */
async function arrays(): Promise<typeof import("../ndarray/ndarray.ts")> {
  await import("../ndarray/codec.ts");
  return await import("../ndarray/ndarray.ts");
}

registerCodec<Actor<object>>({
  kind: "actor",
  test: isActor,
  encode(actor) {
    const { handle } = referenceOf(actor);
    const onTheWay = setTimeout(() => referenceOf(actor), ON_THE_WAY_MS);
    onTheWay.unref();
    return { meta: handle, buffers: [] };
  },
  decode(meta) {
    return actorOf(meta as ActorHandle);
  },
});
