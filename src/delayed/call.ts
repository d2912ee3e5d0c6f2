/**
 * @file What one delayed call is before it becomes a task: its shape, shared with all similar
 * calls, and one array of inputs. Keys of impure calls are a counter, and text only when someone
 * looks.
 */
import { registerClass } from "../codec/registry.ts";
import { currentAnnotations } from "../core/annotations.ts";
import {
  type Layer,
  serialKey,
  type TaskFunction,
  type TaskOptions,
  type Template,
} from "../core/graph.ts";
import type { SingleTask } from "../core/single-task.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./call.ts";
import type { Unpacked } from "./unpack.ts";

/** What all calls of one function with arguments of one form have in common. */
export interface Shape {
  readonly template: Template;
  /** How many of a call's inputs, the last ones, are literals; those before are dependencies. */
  readonly literals: number;
  /** Number of items that the result is taken apart into; undefined when it is not. */
  readonly nout: number | undefined;
  /** Whether equal arguments give equal results, and keys are made of the content. */
  readonly pure: boolean;
}

/** Property of a delayed value: the shape of its call; the layer of its task once it is lowered. */
export const STATE: unique symbol = Symbol("state");
/**
 * Property of a delayed value: its index in the layer, or in the batch that is being lowered; -1
 * before.
 */
export const INDEX: unique symbol = Symbol("index");
/** Property of a delayed value: its inputs, dependencies before literals; none once lowered. */
export const INPUTS: unique symbol = Symbol("inputs");
/** Property of a delayed value: a chosen key or one made of the content, or the call's number. */
export const KEY: unique symbol = Symbol("key");

/** What lowering needs to know of a delayed value. Plain properties: there may be millions. */
export interface CallNode extends SingleTask {
  [STATE]: Shape | Layer;
  [INDEX]: number;
  [INPUTS]: readonly unknown[] | undefined;
  [KEY]: number | string | undefined;
}

/** A delayed value that has no task yet. */
export interface PendingCall extends CallNode {
  [STATE]: Shape;
  [INPUTS]: readonly unknown[];
  [KEY]: number | string;
}

/** Whether a dependency is a delayed value (rather than a future or the task of a collection). */
export function isCallNode(value: object): value is CallNode {
  return STATE in value;
}

/** Whether a delayed value has no task yet. */
export function isPending(node: CallNode): node is PendingCall {
  return node[INPUTS] !== undefined;
}

/** From now on a delayed value is a task of a layer. */
export function settle(node: CallNode, layer: Layer, index: number): void {
  node[STATE] = layer;
  node[INDEX] = index;
  node[INPUTS] = undefined;
  node[KEY] = undefined;
}

/** Makes keys unique among processes; 48 random bits, then the counter. */
export const KEY_STEM: string = Math.floor(Math.random() * 2 ** 48)
  .toString(16)
  .padStart(12, "0");

let lastSerial = 0;

/** The number of a new impure call. */
export function nextSerial(): number {
  return ++lastSerial;
}

/** The key of a call: the given one, or made from its number. */
export function callKey(call: PendingCall): string {
  const key = call[KEY];
  return typeof key === "string" ? key : serialKey(call[STATE].template.name, KEY_STEM, key);
}

/** The shapes of one function's calls. */
export class Shapes {
  readonly fn: TaskFunction;
  readonly name: string;
  readonly pure: boolean;
  readonly nout: number | undefined;
  readonly #plain = new Map<string | number, Shape>();
  readonly #annotated = new WeakMap<TaskOptions, Map<string | number, Shape>>();

  constructor(fn: TaskFunction, name: string, pure: boolean, nout?: number) {
    this.fn = fn;
    this.name = name;
    this.pure = pure;
    this.nout = nout;
  }

  /** The shape of a call, made when it is the first of its kind. */
  of({ args, literals, signature }: Unpacked): Shape {
    const annotations = currentAnnotations();
    const known = this.#shapes(annotations);
    const found = signature === undefined ? undefined : known.get(signature);
    if (found !== undefined) return found;
    const template: Template = {
      name: this.name,
      fn: this.fn,
      args,
      ...(annotations && { options: annotations }),
    };
    const shape = { template, literals, nout: this.nout, pure: this.pure };
    if (signature !== undefined) known.set(signature, shape);
    return shape;
  }

  #shapes(annotations: TaskOptions | undefined): Map<string | number, Shape> {
    if (annotations === undefined) return this.#plain;
    let shapes = this.#annotated.get(annotations);
    if (shapes === undefined) {
      shapes = new Map();
      this.#annotated.set(annotations, shapes);
    }
    return shapes;
  }
}

/** What shapes are made of: what a delayed function that is captured takes along. */
interface PackedShapes {
  readonly fn: TaskFunction;
  readonly name: string;
  readonly pure: boolean;
  readonly nout: number | null;
}

/** Shapes as plain data. */
export function packShapes({ fn, name, pure, nout }: Shapes): PackedShapes {
  return { fn, name, pure, nout: nout ?? null };
}

/** The shapes that were packed. */
export function unpackShapes({ fn, name, pure, nout }: PackedShapes): Shapes {
  return new Shapes(fn, name, pure, nout ?? undefined);
}

registerClass("heddle/Shapes", Shapes, { encode: packShapes, decode: unpackShapes });

referToAll(import.meta.url, self);
