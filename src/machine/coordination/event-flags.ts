/**
 * @file Events: flags that are set or not, and those who wait for them. A flag that is not set and
 * that nobody waits for is not remembered, since that is how all flags begin.
 */
import type { Asking, Desk, Waiting } from "./desk.ts";
import type { OpOf } from "./events.ts";
import { checkName } from "./limits.ts";

export class EventFlags {
  readonly #desk: Desk;
  readonly #set = new Set<string>();
  /** Only flags that are not set. */
  readonly #waiting = new Map<string, Set<Waiting>>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  set(at: Asking, { name }: OpOf<"event-set">): void {
    checkName(this.#desk.limits, "event", name);
    const waiting = this.#waiting.get(name);
    if (!this.#set.has(name)) {
      if (waiting === undefined) this.#desk.addName();
      this.#set.add(name);
    }
    this.#waiting.delete(name);
    this.#desk.answer<"event-set">(at, null);
    for (const one of waiting ?? []) {
      this.#desk.settle(one);
      this.#desk.answer<"event-wait">(one, true);
    }
  }

  clear(at: Asking, { name }: OpOf<"event-clear">): void {
    if (this.#set.delete(name)) this.#desk.dropName();
    this.#desk.answer<"event-clear">(at, null);
  }

  isSet(at: Asking, { name }: OpOf<"event-is-set">): void {
    this.#desk.answer<"event-is-set">(at, this.#set.has(name));
  }

  wait(at: Asking, op: OpOf<"event-wait">): void {
    const { name } = op;
    checkName(this.#desk.limits, "event", name);
    this.#desk.checkWait(op);
    if (this.#set.has(name) || op.timeoutMs === 0) {
      return this.#desk.answer<"event-wait">(at, this.#set.has(name));
    }
    let waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      this.#desk.addName();
      waiting = new Set();
      this.#waiting.set(name, waiting);
    }
    const all = waiting;
    const leave = (): void => this.#leave(name, all, one);
    const one = this.#desk.wait(at, op, { leave, late: () => false });
    all.add(one);
  }

  save(): readonly string[] {
    return [...this.#set];
  }

  load(names: readonly string[]): void {
    for (const name of names) {
      this.#desk.addName();
      this.#set.add(name);
    }
  }

  #leave(name: string, all: Set<Waiting>, one: Waiting): void {
    all.delete(one);
    if (all.size > 0) return;
    this.#waiting.delete(name);
    this.#desk.dropName();
  }
}
