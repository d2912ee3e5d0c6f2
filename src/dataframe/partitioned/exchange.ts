/**
 * @file Exchanges of frames: tasks that write each partition's rows as a run cut by destination,
 * and the destinations as partitions of their own, whose queries read what comes to them
 * (`cluster/exchange.ts` says how runs are kept and pulled). By hash, equal keys meet; by range,
 * the destinations hold what is smaller before what is larger, between splitters from a sample.
 */
import { sealOf } from "../../cluster/exchange.ts";
import { writeRun } from "../../cluster/exchange-tasks.ts";
import type { Layer, TaskRef } from "../../core/graph.ts";
import { quoteName } from "../../table/sql-text.ts";
import { type Field, storageOf } from "../../table/types.ts";
import { describeStep } from "../binder.ts";
import { call, column, type ExprNode, literal } from "../expression.ts";
import { type FragmentTask, fragmentLayer } from "../fragment.ts";
import { type InputPlan, type NamedExpr, namedColumns, type Plan, type SortKey } from "../plan.ts";
import { columnNames, noteSchema, schemaOf } from "../schema.ts";
import { runFragment } from "../tasks.ts";
import { alike, eachPart, type Parts, tabled } from "./parts.ts";
import { isHashable, ROW_HASH_VERSION } from "./row-hash.ts";
import { SORT_KEY, type Split, splitByHash, splitByRange } from "./split-tasks.ts";

/**
 * Bytes of rows that a source cuts at a time, of which each destination gets its share as one
 * piece: a part of what a destination has in all, within limits.
 */
const BATCH_SHARE = 1 / 4;
const BATCH_BYTES_MIN = 2 ** 20;
const BATCH_BYTES_MAX = 16 * 2 ** 20;
/** What a text is thought to take. */
const TEXT_BYTES = 24;
/** Rows of the sample for each destination. */
const SAMPLES = 200;

const BOUNDS: readonly Field[] = [{ name: SORT_KEY, type: "BLOB" }];

/** What an exchange by hash is made of. */
export interface ByHash {
  readonly word: string;
  readonly keys: readonly ExprNode[];
  /** Types in which the keys are compared, where they are not the columns' own. */
  readonly types?: readonly (string | undefined)[];
  readonly destinations: number;
}

/** Rows of equal keys come together, in the order of their sources. */
export function exchangedByHash(parts: Parts, how: ByHash): Parts {
  const fields = schemaOf(parts.plans[0] as Plan);
  const { keyed, keys, hidden } = withKeys(parts, how);
  const split: Split = {
    version: ROW_HASH_VERSION,
    destinations: how.destinations,
    batchRows: batchRows(fields, parts, how.destinations),
    keys,
    hidden,
  };
  const writers = fragmentLayer(keyed.plans, {
    word: `${how.word}-write`,
    fn: splitByHash,
    more: [{ kind: "const", value: split }],
    ...writing(how.destinations),
  });
  return arrived(parts, sealed(writers), fields, how.destinations);
}

/** All rows as one partition, which reads them piece by piece: for many rows. */
export function gathered(parts: Parts, word: string): Parts {
  if (parts.plans.length === 1) return parts;
  const all = exchangedByHash(parts, { word, keys: [], destinations: 1 });
  return { ...all, inPlace: parts.inPlace };
}

function arrived(parts: Parts, seal: Layer, fields: readonly Field[], destinations: number): Parts {
  const plans = Array.from({ length: destinations }, (_, destination): InputPlan => {
    return { kind: "input", fields, arrivals: { seal, destination } };
  });
  return { ...parts, plans: alike(plans), inPlace: false, inOrder: parts.inPlace, isCheap: false };
}

/** The layer as writers of an exchange, sealed. */
function sealed(layer: Layer): Layer {
  return sealOf(layer.name.replace("-write", ""), { ...layer, kind: "exchange" });
}

/** What makes a run of the pieces that a task gives. */
function writing(destinations: number): Pick<FragmentTask, "store" | "bound"> {
  return {
    bound: "worker",
    store: (call, index) => ({
      fn: writeRun,
      args: [call, index, { kind: "const", value: destinations }],
    }),
  };
}

/** Keys that are no columns of a type that tells equality by its bytes become hidden columns. */
function withKeys(parts: Parts, { keys, types = [] }: ByHash) {
  const [first] = parts.plans as [Plan];
  const fields = new Map(schemaOf(first).map(({ name, type }) => [name, type]));
  const added: NamedExpr[] = [];
  const used = keys.map((key, k) => {
    const own = key.kind === "column" ? fields.get(key.name) : undefined;
    const wanted = types[k];
    if (key.kind === "column" && own !== undefined && isHashable(own)) {
      if (wanted === undefined || wanted === own) return key.name;
    }
    const name = `__key${k}`;
    const typed: ExprNode =
      wanted === undefined ? key : { kind: "cast", arg: key, to: wanted, lenient: false };
    added.push({ name, expr: typed });
    return name;
  });
  if (added.length === 0) return { keyed: parts, keys: used, hidden: [] as string[] };
  const items = [...namedColumns([...fields.keys()]), ...added];
  const keyed = eachPart(parts, (input) => ({ kind: "project", input, items }));
  const hidden = added.map(({ name }) => name);
  const odd = schemaOf(keyed.plans[0] as Plan).filter(
    ({ name, type }) => hidden.includes(name) && !isHashable(type),
  );
  if (odd.length === 0) return { keyed, keys: used, hidden };
  return { keyed: engineHashed(keyed, odd), keys: used, hidden };
}

/** Keys of other types as the engine's own hashes, which are the same in one version of it. */
function engineHashed(parts: Parts, odd: readonly Field[]): Parts {
  const names = odd.map(({ name }) => name);
  return eachPart(parts, (input) => {
    const items = columnNames(input).map((name): NamedExpr => {
      return { name, expr: names.includes(name) ? call("engineHash", column(name)) : column(name) };
    });
    return { kind: "project", input, items };
  });
}

/** The type in which values of both types are compared; undefined: as they are. */
export function commonType(a: string, b: string): string | undefined {
  if (a === b) return undefined;
  const sql = `SELECT coalesce(CAST(NULL AS ${a}), CAST(NULL AS ${b})) AS k`;
  return describeStep(sql)[0]?.type;
}

function batchRows(fields: readonly Field[], { size }: Parts, destinations: number): number {
  const share = (size.bytes / destinations) * BATCH_SHARE;
  const wanted = Math.min(BATCH_BYTES_MAX, Math.max(BATCH_BYTES_MIN, share));
  const width = fields.reduce((sum, { type }) => sum + bytesOfType(type), 0);
  return Math.max(2048, Math.floor(wanted / Math.max(1, width)));
}

/** What a value of the type takes, about. */
export function bytesOfType(type: string): number {
  const storage = storageOf(type);
  return storage.kind === "fixed" ? storage.bytes : TEXT_BYTES;
}

/** Rows in the order of the keys, in place; rows of equal keys keep the order that they have. */
export function exchangedByRange(
  parts: Parts,
  sortKeys: readonly SortKey[],
  destinations: number,
  word: string,
): Parts {
  const source = parts.isCheap ? parts : tabled(parts, word);
  const fields = schemaOf(source.plans[0] as Plan);
  const keyed = eachPart(source, (input) => withSortKey(input, sortKeys));
  const splitters = splittersOf(keyed, destinations, word);
  const split: Split = {
    version: ROW_HASH_VERSION,
    destinations,
    batchRows: batchRows(fields, parts, destinations),
    keys: [],
    hidden: [SORT_KEY],
  };
  const writers = fragmentLayer(keyed.plans, {
    word: `${word}-write`,
    fn: splitByRange,
    more: [
      { kind: "const", value: split },
      { kind: "dep", index: 0 },
    ],
    after: [splitters],
    ...writing(destinations),
  });
  const ranges = arrived(source, sealed(writers), fields, destinations);
  const sorted = eachPart(ranges, (input) => ({ kind: "sort", input, keys: sortKeys }));
  return { ...sorted, inPlace: true, inOrder: true, places: [] };
}

/** The plan with a column of bytes that sort as its rows do. */
function withSortKey(input: Plan, sortKeys: readonly SortKey[]): Plan {
  const args = sortKeys.flatMap(({ expr, descending, nullsFirst }) => {
    const how = `${descending ? "DESC" : "ASC"} NULLS ${nullsFirst ? "FIRST" : "LAST"}`;
    return [expr, literal(how)];
  });
  // With text among them the key is bytes, not a number.
  const key = call("sortKey", ...args, literal(""), literal("ASC NULLS LAST"));
  const items = [...namedColumns(columnNames(input)), { name: SORT_KEY, expr: key }];
  return { kind: "project", input, items };
}

/** The task that finds between which keys the destinations' ranges lie. */
function splittersOf(keyed: Parts, destinations: number, word: string): TaskRef {
  const share = Math.min(1, (SAMPLES * destinations) / Math.max(1, keyed.size.rows));
  const limit = Math.ceil(share * 1_000_000);
  const sampled = eachPart(keyed, (input) => {
    // By content, so that the same rows are chosen in whatever order they come.
    const hash = call("engineHash", ...columnNames(input).map(column));
    const chosen = call("lt", call("mod", hash, literal(1_000_000)), literal(limit));
    const some: Plan = { kind: "filter", input, predicate: chosen };
    return { kind: "project", input: some, items: namedColumns([SORT_KEY]) };
  });
  const samples = tabled(sampled, `${word}-sample`).plans;
  const refs = samples.flatMap((plan) => (plan.kind === "input" ? (plan.refs ?? []) : []));
  const key = quoteName(SORT_KEY);
  const numbered = `SELECT ${key}, row_number() OVER (ORDER BY ${key}) AS r, count(*) OVER () AS n`;
  const bounds: Plan = {
    kind: "query",
    sql:
      `SELECT DISTINCT ${key} FROM (${numbered} FROM self) WHERE r > 1 AND ` +
      `(r - 1) * ${destinations} // n > (r - 2) * ${destinations} // n ORDER BY ${key}`,
    names: ["self"],
    inputs: [{ kind: "input", fields: BOUNDS, refs }],
  };
  noteSchema(bounds, BOUNDS);
  return { layer: fragmentLayer([bounds], { word: `${word}-split`, fn: runFragment }), index: 0 };
}
