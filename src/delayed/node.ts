/**
 * @file The part of a delayed value that graphs see: its call, later its task, and its key. A class
 * of its own, given an explicit type: the members' names are symbols, and those cannot stand in an
 * exported class under `isolatedDeclarations`.
 */
import { COLLECTION } from "../core/collection.ts";
import { keyOf, type Layer, type TaskRef } from "../core/graph.ts";
import { TASK } from "../core/single-task.ts";
import { TOKEN } from "../core/token.ts";
import {
  type CallNode,
  callKey,
  INDEX,
  INPUTS,
  isPending,
  KEY,
  type Shape,
  STATE,
} from "./call.ts";
import { lowerCalls } from "./lower.ts";

/** What few delayed values have. */
export interface More {
  /** Number of items in the result. */
  readonly nout?: number | undefined;
  /** The key that the user knows, where the task has another one. */
  readonly key?: string;
}

/** A call that names its task when asked, and is a collection of that one task. */
export interface LazyNode extends CallNode {
  readonly [COLLECTION]: true;
  /** Content token: the key, which names the work. */
  [TOKEN](): string;
  /** Name of the task: the function's name and a token, e.g. `add-5f1c…`. */
  readonly key: string;
  /** Number of items in the result, where it is known. */
  readonly nout: number | undefined;
}

/** Base of `Delayed`. */
export const LazyBase: abstract new (
  state: Shape | Layer,
  index: number,
  inputs?: readonly unknown[],
  key?: number | string,
  more?: More,
) => LazyNode = class {
  [STATE]: Shape | Layer;
  [INDEX]: number;
  [INPUTS]: readonly unknown[] | undefined;
  [KEY]: number | string | undefined;
  readonly #more: More | undefined;

  constructor(
    state: Shape | Layer,
    index: number,
    inputs?: readonly unknown[],
    key?: number | string,
    more?: More,
  ) {
    this[STATE] = state;
    this[INDEX] = index;
    this[INPUTS] = inputs;
    this[KEY] = key;
    this.#more = more;
  }

  get [COLLECTION](): true {
    return true;
  }

  get key(): string {
    if (isPending(this)) return callKey(this);
    return this.#more?.key ?? keyOf(this[STATE] as Layer, this[INDEX]);
  }

  get nout(): number | undefined {
    return this.#more?.nout;
  }

  /** Lowers this call and what it depends on when that has not happened yet. */
  [TASK](): TaskRef {
    if (isPending(this)) lowerCalls(this);
    return { layer: this[STATE] as Layer, index: this[INDEX] };
  }

  [TOKEN](): string {
    return this.key;
  }
};
