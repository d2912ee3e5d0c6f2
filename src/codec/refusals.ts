/**
 * @file What cannot travel, in words: the type as the user knows it and the way out. `certain` ones
 * are never sent, even where classes may travel by their fields.
 */
import type { Refusal } from "./registry.ts";

const REBUILD = "Open it inside the task, or keep it in a module that the task imports.";

const PLAIN =
  "Allowed are plain data, typed arrays, Map, Set, Date, RegExp, errors, and instances of classes " +
  "whose fields are not private.";

const ADVICE: Readonly<Record<string, string>> = {
  Promise: "Await it first, and pass what it resolves to; a Future may be passed as an argument.",
  WeakMap: "Use a Map, or build it inside the task.",
  WeakSet: "Use a Set, or build it inside the task.",
  WeakRef: "Pass what it refers to.",
  FinalizationRegistry: "Make it inside the task.",
  Generator: "Collect it first: Array.from(generator).",
  AsyncGenerator: "Collect it first with for await.",
  SharedArrayBuffer: "Pass a copy: new Uint8Array(shared).slice(); or use an NDArray.",
  "WebAssembly.Memory": "Pass a copy of the bytes, or use an NDArray.",
  "WebAssembly.Instance": "Instantiate it inside the task.",
  "WebAssembly.Module": "Pass its bytes, and compile them inside the task.",
  MessagePort: "Tasks talk through results, queues and events of the client.",
  Worker: "Tasks already run on threads of their own: start it inside the task if it must be.",
  Socket: REBUILD,
  Server: REBUILD,
  TLSSocket: REBUILD,
  ReadStream: "Pass the file's name, and open it inside the task.",
  WriteStream: "Pass the file's name, and open it inside the task.",
  FileHandle: "Pass the file's name, and open it inside the task.",
  ChildProcess: REBUILD,
  AbortSignal: "Cancel the future instead: future.cancel().",
  AbortController: "Cancel the future instead: future.cancel().",
  Timeout: "Start the timer inside the task.",
  Immediate: "Start the timer inside the task.",
  AsyncLocalStorage: "Make it in a module that the task imports.",
  Iterator: "Collect it first: Array.from(iterator).",
};

/** Why `value` cannot be sent, for values that no codec and no kind takes. */
export function refusalOf(value: object): Refusal & { readonly certain: boolean } {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name = value.constructor?.name ?? "";
  const byTag = ADVICE[tag] ?? (tag.endsWith("Iterator") ? ADVICE["Iterator"] : undefined);
  if (byTag !== undefined) return { type: tag, advice: byTag, certain: true };
  if (typeof value === "function") {
    return {
      type: "function",
      advice: "Only plain data can be stored here; functions travel as tasks.",
      certain: true,
    };
  }
  // A class of the user may have the name of one of the host's, so the name alone decides nothing.
  const advice = ADVICE[name] ?? `Register its class: registerClass("${name}", ${name}).`;
  if (name === "")
    return { type: "object with an unknown prototype", advice: PLAIN, certain: true };
  return { type: name, advice, certain: tag !== "Object" && tag === name && isHost(tag) };
}

/** What to say about instances of a class that the host provides. */
export function hostRefusal(name: string): Refusal {
  return { type: name, advice: ADVICE[name] ?? "Make it inside the task." };
}

/** Whether a class of this name is part of the host (its state is not in its fields). */
function isHost(name: string): boolean {
  const make = (globalThis as unknown as Record<string, unknown>)[name];
  return (
    typeof make === "function" && /\[native code\]/.test(Function.prototype.toString.call(make))
  );
}
