/** @file Variables: names with a payload each, and those who wait until there is one. */
import { HeddleError } from "../../core/errors.ts";
import type { Asking, Desk, Waiting } from "./desk.ts";
import type { OpOf, Payload } from "./events.ts";
import { checkName } from "./limits.ts";

interface Variable {
  payload: Payload | undefined;
  /** Only while there is no payload. */
  readonly waiting: Set<Waiting>;
}

export interface SavedVariable {
  readonly name: string;
  readonly payload: Payload;
}

export class Variables {
  readonly #desk: Desk;
  readonly #variables = new Map<string, Variable>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  set(at: Asking, { name, payload }: OpOf<"variable-set">): void {
    checkName(this.#desk.limits, "variable", name);
    this.#desk.keep(payload);
    const variable = this.#variableOf(name, () => this.#desk.drop(payload));
    if (variable.payload !== undefined) this.#desk.drop(variable.payload);
    variable.payload = payload;
    this.#desk.answer<"variable-set">(at, null);
    for (const waiting of variable.waiting) {
      this.#desk.settle(waiting);
      this.#desk.deliver(waiting, [payload], payload);
    }
    variable.waiting.clear();
  }

  get(at: Asking, op: OpOf<"variable-get">): void {
    const { name, timeoutMs } = op;
    checkName(this.#desk.limits, "variable", name);
    this.#desk.checkWait(op);
    const payload = this.#variables.get(name)?.payload;
    if (payload !== undefined) return this.#desk.deliver(at, [payload], payload);
    const late = (): HeddleError =>
      new HeddleError("Timeout", `variable "${name}" was not set in ${timeoutMs} ms`);
    if (timeoutMs === 0) return this.#desk.answerLate(at, { late });
    const variable = this.#variableOf(name);
    const leave = (): void => {
      variable.waiting.delete(waiting);
      this.#dropIfIdle(name, variable);
    };
    const waiting = this.#desk.wait(at, op, { leave, late });
    variable.waiting.add(waiting);
  }

  delete(at: Asking, { name }: OpOf<"variable-delete">): void {
    const variable = this.#variables.get(name);
    if (variable?.payload !== undefined) {
      this.#desk.drop(variable.payload);
      variable.payload = undefined;
      this.#dropIfIdle(name, variable);
    }
    this.#desk.answer<"variable-delete">(at, null);
  }

  save(): SavedVariable[] {
    return [...this.#variables].flatMap(([name, { payload }]) =>
      payload === undefined ? [] : [{ name, payload }],
    );
  }

  load(saved: readonly SavedVariable[]): void {
    for (const { name, payload } of saved) {
      this.#desk.keep(payload);
      this.#variableOf(name).payload = payload;
    }
  }

  #variableOf(name: string, undo: () => void = () => undefined): Variable {
    let variable = this.#variables.get(name);
    if (variable === undefined) {
      try {
        this.#desk.addName();
      } catch (error) {
        undo();
        throw error;
      }
      variable = { payload: undefined, waiting: new Set() };
      this.#variables.set(name, variable);
    }
    return variable;
  }

  #dropIfIdle(name: string, { payload, waiting }: Variable): void {
    if (payload !== undefined || waiting.size > 0) return;
    this.#variables.delete(name);
    this.#desk.dropName();
  }
}
