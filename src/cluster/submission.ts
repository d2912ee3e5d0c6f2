/**
 * @file Builds the graphs of `submit` and `map`. Everything a call is given is read and encoded
 * when it is submitted, so that what the program changes afterwards does not reach the task. Calls
 * of one turn of the event loop travel as one graph; equal functions share a template; arguments
 * become columns, futures become dependencies.
 */
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, Column, TaskFunction, TaskOptions, Template } from "../core/graph.ts";
import { holdsLazy, isLazy, isPlain } from "../core/lazy-values.ts";
import type { Segment, TaskGraph } from "../core/task-graph.ts";
import { isFixed } from "../functions/index.ts";
import { EncodedLiteral, encodeTemplate } from "../threads/graph-image.ts";
import { type Future, FutureList, isFuture, type Submission } from "./future.ts";

/** A task that another one depends on. */
export interface TaskInput {
  readonly submission: Submission;
  /** Number of the task within its submission. */
  readonly local: number;
}

/** Tasks of one submission that follow each other. */
export interface InputRange {
  readonly submission: Submission;
  readonly first: number;
  readonly count: number;
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
  readonly inputs: readonly InputRange[];
}

/** Gives the task that computes a collection. */
export type LazyInput = (collection: Collection) => TaskInput;

/** What the lazy values in arguments become. */
interface Inputs {
  readonly deps: TaskInput[];
  readonly lazy: LazyInput;
}

/**
 * An argument with lazy values inside as a tree over dependencies; undefined when there are none.
 * `open` are the containers that hold the value: one that is met again within itself is a cycle,
 * which is left as it is.
 */
function treeOf(value: unknown, inputs: Inputs, open: object[] = []): Arg | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (open.includes(value)) {
    if (holdsLazy(value)) throw circle();
    return undefined;
  }
  const { deps, lazy } = inputs;
  if (isFuture(value) || isCollection(value)) {
    return { kind: "dep", index: deps.push(inputOf(value, lazy)) - 1 };
  }
  if (value instanceof FutureList) {
    const start = deps.length;
    const { submission, first, count } = value.range;
    for (let i = 0; i < count; i++) deps.push({ submission, local: first + i });
    return { kind: "deps", start, count };
  }
  const within = [...open, value];
  if (Array.isArray(value)) return nested("array", value, inputs, within);
  if (value instanceof Set) return nested("set", [...value], inputs, within);
  if (value instanceof Map) {
    const keys = nested("array", [...value.keys()], inputs, within);
    const items = nested("array", [...value.values()], inputs, within);
    if (keys === undefined && items === undefined) return undefined;
    return {
      kind: "map",
      keys: itemsOf(keys, value.keys()),
      items: itemsOf(items, value.values()),
    };
  }
  if (!isPlain(value)) return undefined;
  const tree = nested("array", Object.values(value), inputs, within);
  if (tree === undefined) return undefined;
  return { kind: "object", keys: Object.keys(value), items: itemsOf(tree, Object.values(value)) };
}

function nested(
  kind: "array" | "set",
  values: readonly unknown[],
  inputs: Inputs,
  open: object[],
): Arg | undefined {
  let found = false;
  const items = values.map((value): Arg => {
    const tree = treeOf(value, inputs, open);
    if (tree !== undefined) found = true;
    return tree ?? { kind: "const", value };
  });
  return found ? { kind, items } : undefined;
}

function itemsOf(tree: Arg | undefined, values: Iterable<unknown>): readonly Arg[] {
  if (tree?.kind === "array") return tree.items;
  return Array.from(values, (value) => ({ kind: "const", value }) as const);
}

function circle(): HeddleError<"CycleInGraph"> {
  return new HeddleError(
    "CycleInGraph",
    "an argument contains itself, and a future or lazy value: such a circle cannot be sent. Pass " +
      "the lazy values in a container that does not contain itself.",
  );
}

/** The task behind a future or a collection. */
function inputOf(value: Future | Collection, lazy: LazyInput): TaskInput {
  return isFuture(value) ? { submission: value.submission, local: value.local } : lazy(value);
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
  readonly #lazy: LazyInput;
  readonly #holds: (() => void)[] = [];

  constructor(submission: Submission, lazy: LazyInput) {
    this.submission = submission;
    this.#lazy = lazy;
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
      const tree = treeOf(value, { deps, lazy: this.#lazy });
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
    this.submission.whenSubmitted(() => {
      for (const release of this.#holds) release();
    });
    const calls = this.#template.length;
    const { ranges: inputs, count: inputCount } = this.#inputs;
    const count = calls + inputCount;
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
        segments: withInputs(this.#segments, calls, inputCount),
        rank: ranks(calls, inputCount),
        outputs: counting(calls),
      },
    };
  }

  #templateFor(facts: CallFacts, args: readonly Arg[], pattern: string | undefined): number {
    const known = pattern === undefined ? undefined : this.#templateNumbers.get(pattern);
    if (known !== undefined) return known;
    const number = this.#templates.push(sharedTemplate(facts, args, pattern)) - 1;
    if (pattern !== undefined) this.#templateNumbers.set(pattern, number);
    return number;
  }
}

/** The graph of one function over many arguments: `lists[k][i]` is argument `k` of task `i`. */
export function graphOfMap(
  submission: Submission,
  facts: CallFacts,
  lists: readonly MapList[],
  count: number,
  lazy: LazyInput,
): DraftGraph {
  if (lists.some(isMixed)) return graphOfCalls(submission, facts, lists, count, lazy);
  const columns: Column[] = [];
  const numbers = new InputNumbers();
  const numberings: ((i: number) => number)[] = [];
  const args = lists.map((list): Arg => {
    const numberOf = numbering(list, count, numbers, lazy);
    if (numberOf !== undefined) return { kind: "dep", index: numberings.push(numberOf) - 1 };
    return { kind: "column", column: columns.push(columnOf(list as readonly unknown[])) - 1 };
  });
  const arity = numberings.length;
  const deps = new Int32Array(count * arity);
  numberings.forEach((numberOf, k) => {
    for (let i = 0; i < count; i++) deps[i * arity + k] = count + numberOf(i);
  });
  const { ranges: inputs, count: inputCount } = numbers;
  const holds = inputs.map((range) => range.submission.hold(range.first, range.count));
  submission.whenSubmitted(() => {
    for (const release of holds) release();
  });
  const all = count + inputCount;
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
      segments: withInputs([segment], count, inputCount),
      rank: ranks(count, inputCount),
      outputs: counting(count),
    },
  };
}

/** Numbers inputs in the order in which they are met, each once. */
class InputNumbers {
  readonly ranges: InputRange[] = [];
  count = 0;
  readonly #numbers = new Map<Submission, Map<number, number>>();
  readonly #whole = new Map<Submission, InputRange & { readonly number: number }>();

  numberOf({ submission, local }: TaskInput): number {
    const whole = this.#whole.get(submission);
    if (whole !== undefined && local >= whole.first && local < whole.first + whole.count) {
      return whole.number + local - whole.first;
    }
    let own = this.#numbers.get(submission);
    if (own === undefined) {
      own = new Map();
      this.#numbers.set(submission, own);
    }
    let number = own.get(local);
    if (number === undefined) {
      number = this.#add({ submission, first: local, count: 1 });
      own.set(local, number);
    }
    return number;
  }

  /** Numbers a range at once if none of its submission was met before; each task, otherwise. */
  numbersOf(range: InputRange): (i: number) => number {
    const { submission, first } = range;
    if (!this.#whole.has(submission) && !this.#numbers.has(submission)) {
      this.#whole.set(submission, { ...range, number: this.#add(range) });
    }
    return (i) => this.numberOf({ submission, local: first + i });
  }

  #add(range: InputRange): number {
    const number = this.count;
    this.ranges.push(range);
    this.count += range.count;
    return number;
  }
}

/** A list of arguments of `map`. */
export type MapList = readonly unknown[] | FutureList;

/** Whether lazy values stand among plain ones, or within them. */
function isMixed(list: MapList): boolean {
  if (list instanceof FutureList) return false;
  let single = 0;
  for (const item of list) {
    if (typeof item !== "object" || item === null) continue;
    if (isFuture(item) || isCollection(item)) single++;
    else if (isLazy(item) || holdsLazy(item)) return true;
  }
  return single > 0 && single < list.length;
}

/** The tasks of a map whose arguments differ in form: each is a call of its own. */
function graphOfCalls(
  submission: Submission,
  facts: CallFacts,
  lists: readonly MapList[],
  count: number,
  lazy: LazyInput,
): DraftGraph {
  const calls = new CallBatch(submission, lazy);
  for (let i = 0; i < count; i++) {
    const values = lists.map((list) => (list instanceof FutureList ? list.at(i) : list[i]));
    calls.add({ ...facts, key: `${facts.key}[${i}]` }, values);
  }
  return calls.finish();
}

/**
 * The numbers of the first `count` tasks of a list of futures or collections; undefined for a list
 * of values.
 */
function numbering(
  list: MapList,
  count: number,
  numbers: InputNumbers,
  lazy: LazyInput,
): ((i: number) => number) | undefined {
  if (list instanceof FutureList) return numbers.numbersOf({ ...list.range, count });
  const first = list[0];
  if (!isFuture(first) && !isCollection(first)) return undefined;
  const inputs = (list as readonly (Future | Collection)[]).map((value) => inputOf(value, lazy));
  return (i) => numbers.numberOf(inputs[i] as TaskInput);
}

/** Templates of calls submitted lately, by what they are; the oldest first. */
const recent = new Map<string, Template>();
const RECENT_MAX = 256;

/** The template of an equal call, if its function captures nothing that can change. */
function sharedTemplate(
  facts: CallFacts,
  args: readonly Arg[],
  pattern: string | undefined,
): Template {
  if (pattern === undefined || !isFixed(facts.fn)) return templateOf(facts, args);
  const id = `${facts.name}/${pattern}`;
  let template = recent.get(id);
  if (template === undefined) {
    template = templateOf(facts, args, id);
    recent.set(id, template);
    const [oldest] = recent.keys();
    if (recent.size > RECENT_MAX && oldest !== undefined) recent.delete(oldest);
  }
  return template;
}

function templateOf({ fn, name, options }: CallFacts, args: readonly Arg[], id?: string): Template {
  const template = {
    name,
    fn,
    args,
    ...(options === undefined ? {} : { options }),
    ...(id === undefined ? {} : { id }),
  };
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
