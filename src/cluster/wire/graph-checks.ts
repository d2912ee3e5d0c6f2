/**
 * @file Whether the columns of a graph fit together: a few passes over typed arrays, so that the
 * scheduler machine can follow them without a look back.
 */
import type { GraphFacts } from "../../machine/scheduler/events.ts";
import {
  checkLength,
  type Form,
  hasForm,
  isCount,
  isFlag,
  isNumber,
  isTexts,
  maybe,
  nonsense,
} from "./checks.ts";

/** Tasks of one graph, at most. */
const TASKS_MAX = 2 ** 28;

const isAmounts: Form = (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((amount) => isNumber(amount) && amount >= 0);

const OPTIONS: Readonly<Record<string, Form>> = {
  priority: maybe(Number.isFinite),
  retries: maybe(isCount),
  resources: maybe(isAmounts),
  workers: maybe(isTexts),
  allowOtherWorkers: maybe(isFlag),
  concurrency: maybe((value) => isCount(value) && value !== 0),
};

/** Throws `ProtocolError` when the columns contradict each other; ids are below `end`. */
export function checkGraph(facts: GraphFacts, end: number): void {
  const { count, template, templates, outputs, held } = facts;
  if (count > TASKS_MAX) nonsense(`a graph of ${count} tasks`);
  checkLength("template", template, count);
  checkLength("rank", facts.rank, count);
  checkLength("held", held, count);
  for (const { options } of templates) {
    if (options !== undefined && !hasForm(options, OPTIONS)) nonsense("options of tasks");
  }
  for (let i = 0; i < count; i++) {
    const own = template[i]!;
    const isHeld = held !== undefined && held[i]! >= 0;
    if (isHeld && held[i]! >= end) nonsense(`held names task ${held[i]}, which never was`);
    if (own >= templates.length || own < (isHeld ? -1 : 0)) nonsense(`template ${own} of a task`);
  }
  checkLocals("outputs", outputs, count);
  checkLocals("deps", facts.deps, count);
  checkEdges(facts);
  checkSegments(facts);
}

function checkLocals(what: string, locals: Int32Array, count: number): void {
  for (let i = 0; i < locals.length; i++) {
    const local = locals[i]!;
    if (local < 0 || local >= count) nonsense(`${what} names task ${local} of ${count}`);
  }
}

/** Ranks are the tasks in an order; edges follow it, so that no task waits for itself. */
function checkEdges({ count, depOffsets, deps, rank }: GraphFacts): void {
  const isTaken = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = rank[i]!;
    if (isTaken[at] !== 0) nonsense(`rank ${at} of ${count} tasks`);
    isTaken[at] = 1;
  }
  checkLength("depOffsets", depOffsets, count + 1);
  if (depOffsets[0] !== 0 || depOffsets[count] !== deps.length) {
    nonsense("depOffsets do not span deps");
  }
  for (let i = 0; i < count; i++) {
    if (depOffsets[i]! > depOffsets[i + 1]!) nonsense("depOffsets go back");
    for (let e = depOffsets[i]!; e < depOffsets[i + 1]!; e++) {
      if (rank[deps[e]!]! >= rank[i]!) nonsense("a task comes before what it depends on");
    }
  }
}

/** Segments follow one another and cover all tasks. */
function checkSegments({ count, segments }: GraphFacts): void {
  let next = 0;
  for (const { start, count: length, rows, keys, name } of segments) {
    if (start !== next) nonsense(`segment ${name} begins at ${start} instead of ${next}`);
    next += length;
    if (rows !== undefined) {
      checkLength(`rows of ${name}`, rows, length);
      checkLocals(`rows of ${name}`, rows, Number.POSITIVE_INFINITY);
    }
    if (keys === undefined || !("serials" in keys)) continue;
    checkLength(`keys of ${name}`, keys.nameOf, keys.serials.length);
    checkLocals(`keys of ${name}`, keys.nameOf as Int32Array, keys.names.length);
  }
  if (next !== count) nonsense(`segments cover ${next} of ${count} tasks`);
}
