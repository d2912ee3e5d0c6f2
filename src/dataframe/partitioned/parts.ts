/**
 * @file A frame in partitions: plans of one form, one for each partition, which read part of the
 * files, tables of tasks, or what comes to one destination of an exchange. Steps that work row by
 * row are put on top of each; then a partition is one query, whatever it is made of.
 *
 * Row order. Partitions are *in place* when their rows, one partition after the other, are in row
 * order. An exchange by hash keeps the order within each destination, since pieces arrive in the
 * order of their sources, but not across them: who needs it gives the rows their *places* before, a
 * hidden column of numbers that sort as the rows do.
 */
import type { Field } from "../../table/types.ts";
import { column } from "../expression.ts";
import { allTasks, fragmentLayer } from "../fragment.ts";
import { namedColumns, type Plan, type PlanSize, type SortKey } from "../plan.ts";
import { columnNames, noteSchema, schemaOf } from "../schema.ts";
import { runFragment } from "../tasks.ts";

/** A plan cut into partitions. */
export interface Parts {
  readonly plans: readonly Plan[];
  /** Whether the rows of all partitions, end to end, are in row order. */
  readonly inPlace: boolean;
  /** Whether the rows of each partition are, as its plan gives them. */
  readonly inOrder: boolean;
  /** Columns that order the rows: ascending, nulls last. */
  readonly places: readonly string[];
  /** Of all partitions together. */
  readonly size: PlanSize;
  /** Whether each partition costs no more than reading it, so that it may be read twice. */
  readonly isCheap: boolean;
}

/** A step on top of every partition. */
export function eachPart(parts: Parts, step: (plan: Plan, i: number) => Plan): Parts {
  return { ...parts, plans: alike(parts.plans.map(step)) };
}

/** Notes that all plans have the columns of the first: they are of one form. */
export function alike(plans: readonly Plan[]): readonly Plan[] {
  const [first] = plans;
  if (first === undefined) return plans;
  const fields = schemaOf(first);
  for (const plan of plans) noteSchema(plan, fields);
  return plans;
}

/** A row's place is the number of its partition times this, and its number in the partition. */
const PARTITION_ROWS = 2 ** 40;

/**
 * The parts with columns that order the rows, if they have none: numbers that grow with the rows.
 */
export function withPlaces(parts: Parts): Parts {
  if (!parts.inPlace || parts.places.length > 0) return parts;
  const name = "__place";
  const placed = eachPart(parts, (input, i) => {
    const count = { kind: "window", fn: "cumcount", of: [], by: [] } as const;
    const from = { kind: "literal", value: i * PARTITION_ROWS } as const;
    const place = { kind: "call", fn: "add", args: [count, from] } as const;
    const kept = namedColumns(columnNames(input));
    return { kind: "project", input, items: [...kept, { name, expr: place }] };
  });
  return { ...placed, places: [name] };
}

/** Sort keys that put rows in order which are not; none for those that are in place. */
export function placeKeys(parts: Parts): SortKey[] {
  return parts.inPlace ? [] : columnKeys(parts.places);
}

/** Sort keys of columns, ascending. */
export function columnKeys(names: readonly string[]): SortKey[] {
  return names.map((name) => ({ expr: column(name), descending: false, nullsFirst: false }));
}

/** The rows of each partition in order, where places say it. */
export function orderedWithin(parts: Parts): Parts {
  if (parts.inOrder || parts.places.length === 0) return parts;
  const keys = columnKeys(parts.places);
  return { ...eachPart(parts, (input) => ({ kind: "sort", input, keys })), inOrder: true };
}

/** The columns of `fields` only. */
export function onlyFields(parts: Parts, fields: readonly Field[]): Parts {
  const names = fields.map((field) => field.name);
  const [first] = parts.plans;
  if (first !== undefined && columnNames(first).join() === names.join()) return parts;
  const items = namedColumns(names);
  const narrowed = eachPart(parts, (input) => ({ kind: "project", input, items }));
  return { ...narrowed, places: [] };
}

/** Each partition as the table of a task. */
export function tabled(parts: Parts, word: string): Parts {
  if (parts.plans.every((p) => p.kind === "input" && p.refs?.length === 1 && !p.columns)) {
    return parts;
  }
  const layer = fragmentLayer(parts.plans, { word, fn: runFragment });
  const fields = schemaOf(parts.plans[0] as Plan);
  const plans = allTasks(layer).map((ref): Plan => ({ kind: "input", fields, refs: [ref] }));
  return { ...parts, plans: alike(plans), isCheap: true };
}

/** All rows as one partition, whose query reads the tables of all: for few rows. */
export function collected(parts: Parts, word: string): Parts {
  const [only] = parts.plans;
  if (parts.plans.length === 1 && only !== undefined) return parts;
  const tables = tabled(parts, word).plans;
  const refs = tables.flatMap((plan) => (plan.kind === "input" ? (plan.refs ?? []) : []));
  const plan: Plan = { kind: "input", fields: schemaOf(tables[0] as Plan), refs };
  return { ...parts, plans: [plan], inOrder: parts.inPlace, isCheap: true };
}
