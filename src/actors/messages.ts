/** @file What callers and the threads that actors live in say to each other. */
import {
  bytes,
  list,
  type MessageSet,
  message,
  messageSet,
  oneOf,
  text,
  u32,
} from "../protocol/index.ts";

/** What is asked of an actor. */
export type ActorVerb = "call" | "read";

/** What a caller says. Questions are answered by their number. */
export type ToActors =
  | {
      readonly kind: "ask";
      readonly request: number;
      readonly actor: string;
      readonly verb: ActorVerb;
      /** Name of a method or a field. */
      readonly member: string;
      /** The arguments, as an encoded array. */
      readonly args: Uint8Array;
      /** The calls that wait for this one. */
      readonly chain: readonly string[];
    }
  /** The caller refers to the actor, so it is kept; answered. */
  | { readonly kind: "hold"; readonly request: number; readonly actor: string }
  /** The caller refers to it no more. */
  | { readonly kind: "drop"; readonly actor: string };

/** What an actor's thread says. */
export interface FromActors {
  readonly kind: "told";
  readonly request: number;
  /** `gone`: there is no such actor any more, and `value` is empty. */
  readonly outcome: "value" | "error" | "gone";
  readonly value: Uint8Array;
}

export const toActors: MessageSet<ToActors> = messageSet([
  message("ask", 1, {
    request: u32,
    actor: text,
    verb: oneOf("call", "read"),
    member: text,
    args: bytes,
    chain: list(text),
  }),
  message("hold", 2, { request: u32, actor: text }),
  message("drop", 3, { actor: text }),
]);

export const fromActors: MessageSet<FromActors> = messageSet([
  message("told", 1, { request: u32, outcome: oneOf("value", "error", "gone"), value: bytes }),
]);
