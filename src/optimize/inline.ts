/**
 * @file Rewriting argument trees: which dependencies a template uses, and putting calls in the
 * place of some of them.
 */
import type { Arg, StepKey, TaskFunction } from "../core/graph.ts";

/** How a template's arguments use its dependencies. */
export interface Uses {
  /** How often each position appears by itself. */
  readonly single: ReadonlyMap<number, number>;
  /** The ranges that appear as lists; the end of an open one is Infinity. */
  readonly lists: readonly { readonly start: number; readonly end: number }[];
}

/** A call that takes the place of the dependency at `position`. */
export interface InlineCall {
  readonly position: number;
  readonly fn: TaskFunction;
  readonly args: readonly Arg[];
  /** Number of its own dependencies; they take the place of the one. */
  readonly arity: number;
  /** Where its columns begin among the consumer's. */
  readonly firstColumn: number;
}

/** Counts the uses of dependencies in arguments, at any depth. */
export function useCounts(args: readonly Arg[]): Uses {
  const single = new Map<number, number>();
  const lists: { start: number; end: number }[] = [];
  const visit = (arg: Arg): void => {
    if (arg.kind === "dep") single.set(arg.index, (single.get(arg.index) ?? 0) + 1);
    if (arg.kind === "deps") {
      lists.push({ start: arg.start, end: arg.start + (arg.count ?? Infinity) });
    }
    for (const part of partsOf(arg)) visit(part);
  };
  for (const arg of args) visit(arg);
  return { single, lists };
}

/**
 * The arguments with calls in the place of dependencies; `calls` ascend by position, and none lies
 * within a list.
 */
export function inlineCalls(args: readonly Arg[], calls: readonly InlineCall[]): Arg[] {
  const moved = (position: number): number => {
    let to = position;
    for (const call of calls) if (call.position < position) to += call.arity - 1;
    return to;
  };
  const rewrite = (arg: Arg): Arg => {
    if (arg.kind === "deps") return { ...arg, start: moved(arg.start) };
    if (arg.kind !== "dep") return mapParts(arg, rewrite);
    const call = calls.find(({ position }) => position === arg.index);
    if (call === undefined) return { kind: "dep", index: moved(arg.index) };
    const first = moved(call.position);
    const inner = call.args.map((one) => shift(one, first, call));
    return { kind: "call", fn: call.fn, args: inner };
  };
  return args.map(rewrite);
}

/** Whether the arguments are those of a call with one dependency, which they read in one place. */
export function usesOnce(args: readonly Arg[]): boolean {
  const { single, lists } = useCounts(args);
  return lists.length === 0 && single.size === 1 && single.get(0) === 1;
}

/** The columns that the arguments read, in ascending order. */
export function columnsUsed(args: readonly Arg[]): number[] {
  const found = new Set<number>();
  moveColumns(args, (column) => {
    found.add(column);
    return column;
  });
  return [...found].sort((a, b) => a - b);
}

/** The arguments with other numbers of columns. */
export function moveColumns(args: readonly Arg[], to: (column: number) => number): Arg[] {
  const move = (arg: Arg): Arg =>
    arg.kind === "column" ? { kind: "column", column: to(arg.column) } : mapParts(arg, move);
  return args.map(move);
}

/**
 * The arguments of a call with one dependency, with another call in its place: all dependencies are
 * the inner call's.
 */
export function inlineStep(
  args: readonly Arg[],
  fn: TaskFunction,
  inner: readonly Arg[],
  task: StepKey,
): Arg[] {
  const replace = (arg: Arg): Arg =>
    arg.kind === "dep" ? { kind: "call", fn, args: inner, task } : mapParts(arg, replace);
  return args.map(replace);
}

/** The same argument read from dependencies and columns that begin further on. */
function shift(arg: Arg, first: number, call: InlineCall): Arg {
  switch (arg.kind) {
    case "dep":
      return { kind: "dep", index: arg.index + first };
    case "deps":
      return {
        kind: "deps",
        start: arg.start + first,
        count: arg.count ?? call.arity - arg.start,
      };
    case "column":
      return { kind: "column", column: arg.column + call.firstColumn };
    default:
      return mapParts(arg, (part) => shift(part, first, call));
  }
}

function partsOf(arg: Arg): readonly Arg[] {
  switch (arg.kind) {
    case "array":
    case "set":
    case "object":
      return arg.items;
    case "map":
      return [...arg.keys, ...arg.items];
    case "call":
      return arg.args;
    default:
      return [];
  }
}

function mapParts(arg: Arg, change: (part: Arg) => Arg): Arg {
  switch (arg.kind) {
    case "array":
    case "set":
    case "object":
      return { ...arg, items: arg.items.map(change) };
    case "map":
      return { ...arg, keys: arg.keys.map(change), items: arg.items.map(change) };
    case "call":
      return { ...arg, args: arg.args.map(change) };
    default:
      return arg;
  }
}
