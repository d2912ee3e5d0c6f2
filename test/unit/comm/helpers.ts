/** @file Messages, hellos and small helpers that the tests of connections share. */
import type { OwnHello } from "../../../src/comm/index.ts";
import {
  f64s,
  type MessageOf,
  message,
  messageSet,
  text,
  u32,
} from "../../../src/protocol/index.ts";

const say = message("say", 1, { words: text });
const count = message("count", 2, { n: u32, values: f64s });

/** The messages of both directions. */
export const TALK = messageSet([say, count]);
export type Talk = MessageOf<typeof TALK>;

/** What a process says of itself. */
export function helloOf(role: OwnHello["role"], id: string = role): OwnHello {
  return { role, id, incarnation: "1", version: "0.1.0", codeHash: "", facts: { from: id } };
}
