/** @file Variables that clients and tasks share. */
import { checkOptionNames } from "../../core/options.ts";
import { inspectAsText } from "../../core/symbols.ts";
import {
  askerOf,
  bindClient,
  type NamedOptions,
  nameFor,
  timeoutOf,
  type WaitOptions,
  waiting,
} from "./named.ts";
import { contentOf, payloadOf } from "./payload.ts";

/**
 * A value that all clients and tasks of an engine share by its name: a future, or a small value (at
 * most 1 MiB), which may hold futures, whose values are kept as long.
 *
 * @example
 * import { Client, Variable } from "heddle";
 * await Client.with({ embedded: true }, async () => {
 *   const best = new Variable<number>("best");
 *   await best.set(0.93);
 *   console.log(await best.get()); // 0.93
 *   await best.delete();
 * });
 */
export class Variable<T = unknown> {
  readonly name: string;

  constructor(name?: string, options: NamedOptions = {}) {
    checkOptionNames("Variable", options, ["client"]);
    this.name = nameFor("variable", name);
    bindClient(this, options.client);
  }

  /** Errors: `MemoryLimit`, `NotSerializable`. */
  async set(value: T): Promise<void> {
    const asker = askerOf(this);
    const payload = await payloadOf(asker, value);
    await asker.ask<"variable-set">({ kind: "variable-set", name: this.name, payload });
  }

  /** The value; waits until there is one. Errors: `Timeout`. */
  async get(options: WaitOptions = {}): Promise<T> {
    checkOptionNames("Variable.get", options, ["timeoutMs", "signal"]);
    const { signal } = options;
    const asker = askerOf(this);
    const op = { kind: "variable-get", name: this.name, ...timeoutOf(options) } as const;
    const get = (): Promise<unknown> =>
      asker.receive<"variable-get", unknown>(op, { signal }, (payload) =>
        contentOf(asker, payload),
      );
    return (await waiting(get)) as T;
  }

  /** Who gets it from now on waits until it is set again. */
  async delete(): Promise<void> {
    await askerOf(this).ask<"variable-delete">({ kind: "variable-delete", name: this.name });
  }

  toString(): string {
    return `Variable("${this.name}")`;
  }
}
inspectAsText(Variable.prototype);
