/**
 * @file Published datasets: collections and futures under a name that every client knows. The
 * dataset keeps its tasks, also when the client that published it has left.
 */
import { HeddleError, nearestName } from "../../core/errors.ts";
import type { Asking, Desk } from "./desk.ts";
import type { OpOf, Payload } from "./events.ts";
import { checkName, refuse } from "./limits.ts";

export interface SavedDataset {
  readonly name: string;
  readonly payload: Payload;
}

/** So many names are looked at to find the one that was meant. */
const NEAR_MAX = 1000;

export class Datasets {
  readonly #desk: Desk;
  readonly #datasets = new Map<string, Payload>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  publish(at: Asking, { name, payload, override }: OpOf<"dataset-publish">): void {
    checkName(this.#desk.limits, "dataset", name);
    const before = this.#datasets.get(name);
    if (before !== undefined && !override) {
      throw refuse(
        "InvalidArgument",
        `dataset "${name}" is published already: unpublish it first, or pass override: true`,
      );
    }
    this.#desk.keep(payload);
    if (before !== undefined) this.#desk.drop(before);
    else this.#addName(payload);
    this.#datasets.set(name, payload);
    this.#desk.answer<"dataset-publish">(at, null);
  }

  get(at: Asking, { name }: OpOf<"dataset-get">): void {
    const payload = this.#datasets.get(name);
    if (payload !== undefined) return this.#desk.deliver(at, [payload], payload);
    const near = nearestName(name, [...this.#datasets.keys()].slice(0, NEAR_MAX));
    const advice = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new HeddleError("MissingKey", `there is no dataset "${name}"${advice}`);
  }

  unpublish(at: Asking, { name }: OpOf<"dataset-unpublish">): void {
    const payload = this.#datasets.get(name);
    if (payload !== undefined) {
      this.#datasets.delete(name);
      this.#desk.drop(payload);
      this.#desk.dropName();
    }
    this.#desk.answer<"dataset-unpublish">(at, payload !== undefined);
  }

  list(at: Asking): void {
    this.#desk.answer<"dataset-list">(at, [...this.#datasets.keys()].sort());
  }

  save(): SavedDataset[] {
    return [...this.#datasets].map(([name, payload]) => ({ name, payload }));
  }

  load(saved: readonly SavedDataset[]): void {
    for (const { name, payload } of saved) {
      this.#desk.keep(payload);
      this.#desk.addName();
      this.#datasets.set(name, payload);
    }
  }

  #addName(payload: Payload): void {
    try {
      this.#desk.addName();
    } catch (error) {
      this.#desk.drop(payload);
      throw error;
    }
  }
}
