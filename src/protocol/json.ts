/**
 * @file JSON from a peer, made harmless: bounded depth, and no key through which code that merges
 * objects would reach a prototype. The sender is held to the same rules, so that it hears of a
 * value that the other side would refuse.
 */
import type { ByteReader } from "./byte-reader.ts";
import { cannotSend } from "./refusal.ts";

/** Deepest nesting of arrays and objects. */
const DEPTH_MAX = 64;

/** The value that a text stands for; what is wrong is refused through `reader`. */
export function parseJson(text: string, reader: ByteReader): unknown {
  if (depthOf(text) > DEPTH_MAX) throw reader.fail(`JSON of more than ${DEPTH_MAX} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw reader.fail("a text that is not JSON");
  }
  const key = forbiddenKey(text);
  if (key !== undefined) throw reader.fail(`JSON with the key ${key}`);
  return value;
}

/** The text of a value, which the peer will take. */
export function stringifyJson(value: unknown, field: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw cannotSend(`${field}: JSON cannot say this value: ${String(cause)}`);
  }
  if (text === undefined) throw cannotSend(`${field}: JSON cannot say ${typeof value}`);
  if (depthOf(text) > DEPTH_MAX) throw cannotSend(`${field}: nested deeper than ${DEPTH_MAX}`);
  const key = forbiddenKey(text);
  if (key !== undefined) throw cannotSend(`${field}: the key ${key} cannot be sent`);
  return text;
}

/** Levels of nesting, at most one more than allowed. Brackets inside texts do not count. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length && deepest <= DEPTH_MAX; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // A text: on to its end.
        i = endOfText(text, i);
        break;
      case 0x5b:
      case 0x7b:
        deepest = Math.max(deepest, ++depth);
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return deepest;
}

/** Index of the quote that ends the text whose opening quote is at `start`. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

/** A key that must not be there, if any. Looks only where the text makes one possible. */
function forbiddenKey(text: string): string | undefined {
  if (!text.includes("__proto__") && !text.includes("\\u")) return undefined;
  const left: unknown[] = [JSON.parse(text)];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "__proto__")) return "__proto__";
    for (const part of Object.values(next)) left.push(part);
  }
  return undefined;
}
