/**
 * @file Values of an engine in this process: read in the memory that all its threads share. The
 * engine keeps them in memory until they have been copied.
 */
import { HeddleError } from "../core/errors.ts";
import type { WasmMemory } from "../core/wasm.ts";
import { registerMemory } from "../ndarray/allocation.ts";
import { kindName, typeName } from "../threads/value-kinds.ts";
import { TAG, ValuePages } from "../threads/value-pages.ts";
import { valueBytes } from "../threads/value-view.ts";
import { keepOf, type LinkValues, type ReadValues } from "./link-values.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import type { ReceiveValue } from "./run-collections.ts";

/** What is used of the connection. */
export interface Asking {
  post(message: ClientMessage): void;
  ask<M extends EngineMessage>(make: (request: number) => ClientMessage): Promise<M>;
}

export class SharedValues implements LinkValues {
  readonly batchBytes: number = 32 * 2 ** 20;
  readonly #link: Asking;
  readonly #memories: WasmMemory[] = [];
  readonly #pages: ValuePages;

  constructor(link: Asking) {
    this.#link = link;
    this.#pages = new ValuePages((index) => {
      throw new HeddleError("InvariantViolated", `page ${index} of the values never came`);
    });
  }

  heard(message: EngineMessage): void {
    if (message.kind === "page") this.#pages.add(message.buffer);
    else if (message.kind === "arena") {
      registerMemory(message.memory);
      this.#memories.push(message.memory);
    }
  }

  isKnown(id: number): boolean {
    const tag = this.#pages.tagOf(id);
    return tag !== TAG.heap && tag !== TAG.none;
  }

  known(id: number): unknown {
    return this.#pages.inline(id);
  }

  typeOf(id: number): string | undefined {
    if (this.isKnown(id)) return typeName(this.#pages.inline(id));
    return kindName(this.#pages.kindOf(id));
  }

  /** What is known lies in shared memory. */
  forget(): void {}

  async read(ids: Int32Array, receive: ReceiveValue | undefined): Promise<ReadValues | undefined> {
    const answer = await this.#link.ask<Extract<EngineMessage, { kind: "read" }>>((request) => ({
      kind: "read",
      request,
      ids,
    }));
    if (answer.missing.length > 0) return undefined;
    const values = new Array<unknown>(ids.length);
    let bytes = 0;
    try {
      for (let k = 0; k < ids.length; k++) {
        const id = ids[k]!;
        if (this.#pages.tagOf(id) !== TAG.heap) values[k] = this.#pages.inline(id);
        else {
          const encoded = valueBytes(
            this.#memories[this.#pages.arenaOf(id)]!,
            this.#pages.wordOf(id),
          );
          bytes += encoded.length;
          values[k] = await keepOf(encoded, (value) => receive?.(k, value));
        }
      }
    } finally {
      this.#link.post({ kind: "unpin", request: answer.request });
    }
    return { values, bytes };
  }

  close(): void {
    this.#memories.length = 0;
  }
}
