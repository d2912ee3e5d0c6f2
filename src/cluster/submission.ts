/**
 * @file Builds the graphs of `submit` and `map`. Submissions of one turn of the event loop travel as one graph; equal
 * functions share a template; arguments that differ become columns, futures become dependencies.
 */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, Column, TaskFunction, TaskOptions, Template } from "../core/graph.ts";
import type { Segment, TaskGraph } from "../core/task-graph.ts";
import { type Future, FutureList, isFuture, type Submission } from "./future.ts";

/** One `submit`: a call with its key. */
export interface Draft {
  readonly fn: TaskFunction;
  readonly args: readonly unknown[];
  readonly name: string;
  readonly key: string;
  readonly options: TaskOptions | undefined;
  readonly pure: boolean;
}

/** A graph whose `held` ids are still to be filled in: the futures it depends on, in the order of their local ids. */
export interface DraftGraph {
  readonly graph: Omit<TaskGraph, "held">;
  readonly inputs: readonly Future[];
}

/** Finds futures inside of arguments and turns arguments into what templates are made of. */
class Inputs {
  readonly futures: Future[] = [];
  readonly #numbers = new Map<Future, number>();

  number(future: Future): number {
    let number = this.#numbers.get(future);
    if (number === undefined) {
      number = this.futures.push(future) - 1;
      this.#numbers.set(future, number);
    }
    return number;
  }
}

/** An argument with futures inside, as a tree over dependencies; undefined when there are none. */
function treeOf(value: unknown, deps: Future[]): Arg | undefined {
  if (isFuture(value)) return { kind: "dep", index: deps.push(value) - 1 };
  if (value instanceof FutureList) {
    const start = deps.length;
    deps.push(...value);
    return { kind: "deps", start, count: value.length };
  }
  if (isCollection(value)) {
    throw new HeddleError(
      "InvalidArgument",
      "a lazy collection was given to submit: compute or persist it first, or build the call with delayed",
    );
  }
  if (Array.isArray(value)) return nested("array", value, deps);
  if (value instanceof Set) return nested("set", [...value], deps);
  if (value instanceof Map) {
    const keys = nested("array", [...value.keys()], deps);
    const items = nested("array", [...value.values()], deps);
    if (keys === undefined && items === undefined) return undefined;
    return { kind: "map", keys: itemsOf(keys, value.keys()), items: itemsOf(items, value.values()) };
  }
  if (isPlainObject(value)) {
    const keys = Object.keys(value);
    const tree = nested("array", Object.values(value), deps);
    if (tree === undefined) return undefined;
    return { kind: "object", keys, items: itemsOf(tree, Object.values(value)) };
  }
  return undefined;
}

function nested(kind: "array" | "set", values: readonly unknown[], deps: Future[]): Arg | undefined {
  let found = false;
  const items = values.map((value): Arg => {
    const tree = treeOf(value, deps);
    if (tree !== undefined) found = true;
    return tree ?? { kind: "const", value };
  });
  return found ? { kind, items } : undefined;
}

function itemsOf(tree: Arg | undefined, values: Iterable<unknown>): readonly Arg[] {
  if (tree?.kind === "array") return tree.items;
  return Array.from(values, (value) => ({ kind: "const", value }) as const);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** The graph of several calls; futures of `submission` are earlier ones of these calls. */
export function graphOfCalls(drafts: readonly Draft[], submission: Submission): DraftGraph {
  const builder = new GraphBuilder(submission);
  for (const draft of drafts) builder.addCall(draft);
  return builder.finish(drafts.length);
}

/** The graph of one function over many arguments: `lists[k][i]` is argument `k` of task `i`. */
export function graphOfMap(
  fn: TaskFunction,
  lists: readonly (readonly unknown[] | FutureList)[],
  count: number,
  facts: { name: string; layer: string; options: TaskOptions | undefined; pure: boolean },
): DraftGraph {
  const builder = new GraphBuilder();
  builder.addMap(fn, lists, count, facts);
  return builder.finish(count);
}

class GraphBuilder {
  readonly #inputs = new Inputs();
  readonly #templates: Template[] = [];
  readonly #templateNumbers = new Map<TaskFunction, Map<string, number>>();
  readonly #template: number[] = [];
  readonly #offsets: number[] = [0];
  /** Local ids of calls, or `-1 - number` of inputs, which get local ids behind the calls. */
  readonly #deps: number[] = [];
  readonly #segments: Segment[] = [];
  readonly #submission: Submission | undefined;
  /** Set for a map over plain values: all tasks are alike. */
  #plain: { readonly count: number; readonly template: number } | undefined;

  constructor(submission?: Submission) {
    this.#submission = submission;
  }

  addCall(draft: Draft): void {
    const deps: Future[] = [];
    const columns: unknown[] = [];
    let plain = true;
    const args = draft.args.map((value): Arg => {
      const tree = treeOf(value, deps);
      if (tree === undefined) return { kind: "column", column: columns.push(value) - 1 };
      if (tree.kind !== "dep") plain = false;
      return tree;
    });
    const pattern = plain ? args.map((arg) => (arg.kind === "dep" ? "d" : "c")).join("") : undefined;
    const { fn, name, options, key, pure } = draft;
    const start = this.#template.length;
    this.#template.push(this.#templateFor({ name, fn, args, ...withOptions(options) }, pattern));
    for (const dep of deps) this.#deps.push(this.#numberOf(dep));
    this.#offsets.push(this.#deps.length);
    this.#segments.push({ start, count: 1, name: key, columns: columns.map(oneRow), pure });
  }

  addMap(
    fn: TaskFunction,
    lists: readonly (readonly unknown[] | FutureList)[],
    count: number,
    facts: { name: string; layer: string; options: TaskOptions | undefined; pure: boolean },
  ): void {
    const columns: Column[] = [];
    const futures: (readonly Future[])[] = [];
    const args = lists.map((list): Arg => {
      if (list instanceof FutureList || (isFuture(list[0]) && list.every(isFuture))) {
        return { kind: "dep", index: futures.push([...(list as Iterable<Future>)]) - 1 };
      }
      return { kind: "column", column: columns.push(columnOf(list)) - 1 };
    });
    const template = { name: facts.name, fn, args, ...withOptions(facts.options) };
    const number = this.#templates.push(template) - 1;
    const { layer: name, pure } = facts;
    this.#segments.push({ start: 0, count, name, columns, pure });
    if (futures.length === 0) {
      this.#plain = { count, template: number };
      return;
    }
    for (let i = 0; i < count; i++) {
      this.#template.push(number);
      for (const list of futures) this.#deps.push(this.#numberOf(list[i] as Future));
      this.#offsets.push(this.#deps.length);
    }
  }

  finish(calls: number): DraftGraph {
    if (this.#plain !== undefined) return this.#finishPlain(this.#plain);
    const inputs = this.#inputs.futures;
    const count = calls + inputs.length;
    const depOffsets = new Int32Array(count + 1).fill(this.#deps.length);
    depOffsets.set(this.#offsets);
    const template = new Int32Array(count).fill(-1);
    template.set(this.#template);
    const segments: Segment[] =
      inputs.length === 0
        ? this.#segments
        : [
            ...this.#segments,
            { start: calls, count: inputs.length, name: "inputs", columns: [], pure: false },
          ];
    return {
      inputs,
      graph: {
        count,
        templates: this.#templates,
        template,
        depOffsets,
        deps: Int32Array.from(this.#deps, (dep) => (dep >= 0 ? dep : calls - 1 - dep)),
        segments,
        rank: Int32Array.from({ length: count }, (_, i) => (i < inputs.length ? calls + i : i - inputs.length)),
        outputs: Int32Array.from({ length: calls }, (_, i) => i),
      },
    };
  }

  #finishPlain({ count, template }: { count: number; template: number }): DraftGraph {
    const counting = new Int32Array(new SharedArrayBuffer(count * 4));
    for (let i = 0; i < count; i++) counting[i] = i;
    return {
      inputs: [],
      graph: {
        count,
        templates: this.#templates,
        template: new Int32Array(new SharedArrayBuffer(count * 4)).fill(template),
        depOffsets: new Int32Array(new SharedArrayBuffer((count + 1) * 4)),
        deps: new Int32Array(0),
        segments: this.#segments,
        rank: counting,
        outputs: counting,
      },
    };
  }

  #numberOf(future: Future): number {
    if (future.submission === this.#submission) return future.local;
    return -1 - this.#inputs.number(future);
  }

  #templateFor(template: Template, pattern: string | undefined): number {
    if (pattern === undefined) return this.#templates.push(template) - 1;
    const known = this.#templateNumbers.get(template.fn) ?? new Map<string, number>();
    this.#templateNumbers.set(template.fn, known);
    const key = `${pattern}/${JSON.stringify(template.options ?? null)}`;
    const number = known.get(key) ?? this.#templates.push(template) - 1;
    known.set(key, number);
    return number;
  }
}

function oneRow(value: unknown): Column {
  return columnOf([value]);
}

function columnOf(values: readonly unknown[]): Column {
  const data = new Float64Array(new SharedArrayBuffer(values.length * 8));
  for (let i = 0; i < data.length; i++) {
    const value = values[i];
    if (typeof value !== "number") return { kind: "value", data: values };
    data[i] = value;
  }
  return { kind: "number", data };
}

function withOptions(options: TaskOptions | undefined): { options?: TaskOptions } {
  return options === undefined ? {} : { options };
}
