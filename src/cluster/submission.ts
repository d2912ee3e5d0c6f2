/**
 * @file Builds the graphs of `submit` and `map`. Everything a call is given is read and encoded
 * when it is submitted, so that what the program changes afterwards does not reach the task. Calls
 * of one turn of the event loop travel as one graph; equal functions share a template; arguments
 * become columns, futures become dependencies.
 */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, Column, TaskFunction, TaskOptions, Template } from "../core/graph.ts";
import type { Segment, TaskGraph } from "../core/task-graph.ts";
import { EncodedLiteral, encodeTemplate } from "../threads/graph-image.ts";
import { FutureList, isFuture, type Submission } from "./future.ts";

/** A task that another one depends on. */
export interface TaskInput {
  readonly submission: Submission;
  /** Number of the task within its submission. */
  readonly local: number;
}

/** What all tasks of a call or a map share. */
export interface CallFacts {
  readonly fn: TaskFunction;
  /** Content token of the function and what it captures. */
  readonly token: string;
  readonly name: string;
  /** Key of the call, or name of the map's layer. */
  readonly key: string;
  readonly options: TaskOptions | undefined;
  readonly pure: boolean;
}

/**
 * A graph whose `held` ids are still to be filled in: its inputs have the local ids behind the
 * calls.
 */
export interface DraftGraph {
  readonly graph: Omit<TaskGraph, "held">;
  readonly inputs: readonly TaskInput[];
}

/**
 * An argument with futures inside as a tree over dependencies; undefined when there are none.
 * `open` are the containers that hold the value: one that is met again within itself is a cycle,
 * which is left as it is.
 */
function treeOf(value: unknown, deps: TaskInput[], open: object[] = []): Arg | undefined {
  if (typeof value !== "object" || value === null || open.includes(value)) return undefined;
  if (isFuture(value)) {
    return {
      kind: "dep",
      index: deps.push({ submission: value.submission, local: value.local }) - 1,
    };
  }
  if (value instanceof FutureList) {
    const start = deps.length;
    deps.push(...value.inputs());
    return { kind: "deps", start, count: value.length };
  }
  if (isCollection(value)) {
    throw new HeddleError(
      "InvalidArgument",
      "a lazy collection was given to submit: compute or persist it first, or build the call with delayed",
    );
  }
  const within = [...open, value];
  if (Array.isArray(value)) return nested("array", value, deps, within);
  if (value instanceof Set) return nested("set", [...value], deps, within);
  if (value instanceof Map) {
    const keys = nested("array", [...value.keys()], deps, within);
    const items = nested("array", [...value.values()], deps, within);
    if (keys === undefined && items === undefined) return undefined;
    return {
      kind: "map",
      keys: itemsOf(keys, value.keys()),
      items: itemsOf(items, value.values()),
    };
  }
  if (!isPlainObject(value)) return undefined;
  const tree = nested("array", Object.values(value), deps, within);
  if (tree === undefined) return undefined;
  return { kind: "object", keys: Object.keys(value), items: itemsOf(tree, Object.values(value)) };
}

function nested(
  kind: "array" | "set",
  values: readonly unknown[],
  deps: TaskInput[],
  open: object[],
): Arg | undefined {
  let found = false;
  const items = values.map((value): Arg => {
    const tree = treeOf(value, deps, open);
    if (tree !== undefined) found = true;
    return tree ?? { kind: "const", value };
  });
  return found ? { kind, items } : undefined;
}

function itemsOf(tree: Arg | undefined, values: Iterable<unknown>): readonly Arg[] {
  if (tree?.kind === "array") return tree.items;
  return Array.from(values, (value) => ({ kind: "const", value }) as const);
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** Collects the calls of one turn of the event loop. */
export class CallBatch {
  readonly submission: Submission;
  readonly #templates: Template[] = [];
  readonly #templateNumbers = new Map<string, number>();
  readonly #template: number[] = [];
  readonly #offsets: number[] = [0];
  /** Local ids of calls, or `-1 - number` of inputs, which get local ids behind the calls. */
  readonly #deps: number[] = [];
  readonly #segments: Segment[] = [];
  readonly #inputs = new InputNumbers();
  readonly #locals = new Map<string, number>();
  readonly #holds: (() => void)[] = [];

  constructor(submission: Submission) {
    this.submission = submission;
  }

  /** Adds a call and returns its local id; an equal pure call is not added twice. */
  add(facts: CallFacts, values: readonly unknown[]): number {
    const known = facts.pure ? this.#locals.get(facts.key) : undefined;
    if (known !== undefined) return known;
    const deps: TaskInput[] = [];
    const columns: Column[] = [];
    let pattern = `${facts.token}/${JSON.stringify(facts.options ?? null)}/`;
    let shareable = true;
    const args = values.map((value): Arg => {
      const tree = treeOf(value, deps);
      pattern += tree === undefined ? "c" : "d";
      if (tree === undefined)
        return { kind: "column", column: columns.push(columnOf([value])) - 1 };
      if (tree.kind !== "dep") shareable = false;
      return tree;
    });
    const local = this.#template.length;
    this.#template.push(this.#templateFor(facts, args, shareable ? pattern : undefined));
    for (const dep of deps) {
      const own = dep.submission === this.submission;
      this.#deps.push(own ? dep.local : -1 - this.#inputs.numberOf(dep));
      this.#holds.push(dep.submission.hold(dep.local, 1));
    }
    this.#offsets.push(this.#deps.length);
    this.#segments.push({ start: local, count: 1, name: facts.key, columns, pure: facts.pure });
    this.#locals.set(facts.key, local);
    return local;
  }

  /** The graph of the calls. What it depends on is held until it has been accepted. */
  finish(): DraftGraph {
    this.submission.whenPlaced(() => {
      for (const release of this.#holds) release();
    });
    const calls = this.#template.length;
    const inputs = this.#inputs.list;
    const count = calls + inputs.length;
    const depOffsets = new Int32Array(count + 1).fill(this.#deps.length);
    depOffsets.set(this.#offsets);
    const template = new Int32Array(count).fill(-1);
    template.set(this.#template);
    return {
      inputs,
      graph: {
        count,
        templates: this.#templates,
        template,
        depOffsets,
        deps: Int32Array.from(this.#deps, (dep) => (dep >= 0 ? dep : calls - 1 - dep)),
        segments: withInputs(this.#segments, calls, inputs.length),
        rank: ranks(calls, inputs.length),
        outputs: counting(calls),
      },
    };
  }

  #templateFor(facts: CallFacts, args: readonly Arg[], pattern: string | undefined): number {
    const known = pattern === undefined ? undefined : this.#templateNumbers.get(pattern);
    if (known !== undefined) return known;
    const number = this.#templates.push(templateOf(facts, args)) - 1;
    if (pattern !== undefined) this.#templateNumbers.set(pattern, number);
    return number;
  }
}

/** The graph of one function over many arguments: `lists[k][i]` is argument `k` of task `i`. */
export function graphOfMap(
  submission: Submission,
  facts: CallFacts,
  lists: readonly (readonly unknown[] | FutureList)[],
  count: number,
): DraftGraph {
  const columns: Column[] = [];
  const futures: TaskInput[][] = [];
  const args = lists.map((list): Arg => {
    const inputs = inputsOf(list);
    if (inputs !== undefined) return { kind: "dep", index: futures.push(inputs) - 1 };
    return { kind: "column", column: columns.push(columnOf(list as readonly unknown[])) - 1 };
  });
  const numbers = new InputNumbers();
  const arity = futures.length;
  const deps = new Int32Array(count * arity);
  for (let i = 0; i < count && arity > 0; i++) {
    futures.forEach((list, k) => {
      deps[i * arity + k] = count + numbers.numberOf(list[i] as TaskInput);
    });
  }
  const inputs = numbers.list;
  const holds = inputs.map((input) => input.submission.hold(input.local, 1));
  submission.whenPlaced(() => {
    for (const release of holds) release();
  });
  const all = count + inputs.length;
  const depOffsets = new Int32Array(new SharedArrayBuffer((all + 1) * 4)).fill(deps.length);
  for (let i = 0; i < count && arity > 0; i++) depOffsets[i] = i * arity;
  const template = new Int32Array(new SharedArrayBuffer(all * 4));
  template.fill(-1, count);
  const segment = { start: 0, count, name: facts.key, columns, pure: facts.pure };
  return {
    inputs,
    graph: {
      count: all,
      templates: [templateOf(facts, args)],
      template,
      depOffsets,
      deps,
      segments: withInputs([segment], count, inputs.length),
      rank: ranks(count, inputs.length),
      outputs: counting(count),
    },
  };
}

/** Numbers inputs in the order in which they are met. */
class InputNumbers {
  readonly list: TaskInput[] = [];
  readonly #numbers = new Map<Submission, Map<number, number>>();

  numberOf(input: TaskInput): number {
    let own = this.#numbers.get(input.submission);
    if (own === undefined) {
      own = new Map();
      this.#numbers.set(input.submission, own);
    }
    let number = own.get(input.local);
    if (number === undefined) {
      number = this.list.push(input) - 1;
      own.set(input.local, number);
    }
    return number;
  }
}

/** The tasks of a list of futures; undefined for a list of values. */
function inputsOf(list: readonly unknown[] | FutureList): TaskInput[] | undefined {
  if (list instanceof FutureList) return list.inputs();
  if (!isFuture(list[0]) || !list.every(isFuture)) return undefined;
  return list.map(({ submission, local }) => ({ submission, local }));
}

function templateOf({ fn, name, options }: CallFacts, args: readonly Arg[]): Template {
  const template = { name, fn, args, ...(options === undefined ? {} : { options }) };
  encodeTemplate(template);
  return template;
}

function withInputs(segments: readonly Segment[], start: number, count: number): Segment[] {
  if (count === 0) return [...segments];
  return [...segments, { start, count, name: "inputs", columns: [], pure: false }];
}

/** Inputs come before the calls. */
function ranks(calls: number, inputs: number): Int32Array {
  const rank = new Int32Array(calls + inputs);
  for (let i = 0; i < calls; i++) rank[i] = inputs + i;
  for (let i = 0; i < inputs; i++) rank[calls + i] = i;
  return rank;
}

function counting(count: number): Int32Array {
  const ids = new Int32Array(count);
  for (let i = 0; i < count; i++) ids[i] = i;
  return ids;
}

/** Numbers as they are, in shared memory; anything else encoded now. */
function columnOf(values: readonly unknown[]): Column {
  const data = new Float64Array(new SharedArrayBuffer(values.length * 8));
  for (let i = 0; i < data.length; i++) {
    const value = values[i];
    if (typeof value !== "number") {
      return { kind: "value", data: values.map((item) => new EncodedLiteral(item)) };
    }
    data[i] = value;
  }
  return { kind: "number", data };
}
