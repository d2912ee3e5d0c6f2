/**
 * @file Plans cut into partitions. Steps that work row by row go on top of each partition; what
 * brings rows together goes through an exchange, unless little comes together: then one query reads
 * all of it. Each step is asked whether anybody needs the row order of its result, and gives rows
 * their places only then. What cannot be cut (users' own SQL, functions of all rows before) reads
 * all rows in one query.
 */
import { HeddleError } from "../../core/errors.ts";
import type { Field } from "../../table/types.ts";
import { column, type ExprNode, isRowwise, partsOf } from "../expression.ts";
import {
  type ConcatPlan,
  type DistinctPlan,
  type FilterPlan,
  type InputPlan,
  inputsOf,
  type LimitPlan,
  namedColumns,
  type Plan,
  type ProjectPlan,
  rowwiseScan,
  type SamplePlan,
  type ScanPlan,
  type ShufflePlan,
  type SortKey,
  type SortPlan,
  withInputs,
} from "../plan.ts";
import { isOrdered } from "../plan-sql.ts";
import { noteSchema, schemaOf } from "../schema.ts";
import { partitionAggregate } from "./aggregate.ts";
import { exchangedByHash, exchangedByRange, gathered } from "./exchange.ts";
import { partitionJoin } from "./join.ts";
import {
  alike,
  collected,
  eachPart,
  onlyFields,
  orderedWithin,
  type Parts,
  placeKeys,
  tabled,
  withPlaces,
} from "./parts.ts";
import { scanGroups, tableSlices } from "./scan-groups.ts";
import { partitionCount, type Sizing, sizeOf } from "./sizes.ts";

/** The most rows that are kept of each partition for the first or last rows of an order. */
const TOP_ROWS = 1_000_000;

/** The partitions of a whole plan, in place if the plan's rows have an order; no hidden columns. */
export function partitionPlan(
  plan: Plan,
  sizing: Sizing,
  note: (text: string) => void = () => undefined,
): Parts {
  const partitioner = new Partitioner(sizing, note, plan);
  const ordered = hasOrder(plan);
  const parts = partitioner.of(plan, ordered);
  return onlyFields(ordered ? partitioner.inPlace(parts) : parts, schemaOf(plan));
}

/** Whether the rows of a result are in an order that users may rely on. */
export function hasOrder(plan: Plan): boolean {
  switch (plan.kind) {
    case "aggregate":
      return plan.sort || plan.keys.length === 0;
    case "join":
      return isOrdered(plan);
    case "query":
      return true;
    case "shuffle":
      return false;
    case "project":
      return plan.items.some(({ expr }) => !isRowwise(expr)) || hasOrder(plan.input);
    case "filter":
      return !isRowwise(plan.predicate) || hasOrder(plan.input);
    case "sample":
      return hasOrder(plan.input);
    case "concat":
      return plan.inputs.every(hasOrder);
    default:
      return true;
  }
}

/** Cuts one plan. */
export class Partitioner {
  readonly sizing: Sizing;
  /** Hears how each step is done. */
  readonly note: (text: string) => void;
  readonly #done = new Map<Plan, Map<boolean, Parts>>();
  /** Plans that several steps read. */
  readonly #shared = new Set<Plan>();

  constructor(sizing: Sizing, note: (text: string) => void, root: Plan) {
    this.sizing = sizing;
    this.note = note;
    const seen = new Set<Plan>();
    const visit = (plan: Plan): void => {
      if (seen.has(plan)) {
        this.#shared.add(plan);
        return;
      }
      seen.add(plan);
      for (const input of inputsOf(plan)) visit(input);
    };
    visit(root);
  }

  /** The partitions of a plan; with their order, in place or by places, when that is needed. */
  of(plan: Plan, ordered: boolean): Parts {
    const done = this.#done.get(plan) ?? new Map<boolean, Parts>();
    this.#done.set(plan, done);
    const known = done.get(ordered) ?? done.get(true);
    if (known !== undefined) return known;
    const made = this.#make(plan, ordered);
    // What is read twice is made once.
    const parts = this.#shared.has(plan) && !made.isCheap ? tabled(made, plan.kind) : made;
    done.set(ordered, parts);
    return parts;
  }

  #make(plan: Plan, ordered: boolean): Parts {
    switch (plan.kind) {
      case "scan":
        return this.#scan(plan);
      case "input":
        return this.#input(plan);
      case "project":
      case "filter":
        return this.#rows(plan, ordered);
      case "aggregate":
        return partitionAggregate(this, plan, ordered);
      case "join":
        return partitionJoin(this, plan, ordered);
      case "sort":
        return this.#sort(plan, ordered);
      case "limit":
        return this.#limit(plan);
      case "distinct":
        return this.#distinct(plan, ordered);
      case "shuffle":
        return this.#shuffle(plan, ordered);
      case "concat":
        return this.#concat(plan, ordered);
      case "sample":
        return this.#sample(plan);
      case "query":
        return this.whole(plan);
      case "map":
        throw new HeddleError("InvariantViolated", "a map is cut out of a plan before partitions");
    }
  }

  /** Rows in place, by an exchange by range where they have places. */
  inPlace(parts: Parts): Parts {
    if (parts.inPlace) return parts;
    const count = partitionCount(parts.size, this.sizing);
    this.note(`rows put back in order in ${count} partitions, by range`);
    return exchangedByRange(parts, placeKeys(parts), count, "order");
  }

  /** One query over all rows of the inputs. */
  whole(plan: Plan): Parts {
    const inputs = inputsOf(plan).map((input) => {
      const parts = this.of(input, true);
      if (parts.plans.length > 1) this.note(`${plan.kind} in one partition`);
      const all = onlyFields(orderedWithin(gathered(parts, plan.kind)), schemaOf(input));
      return all.plans[0] as Plan;
    });
    return this.single(plan, inputs);
  }

  /** A plan over inputs that are one query each. */
  single(plan: Plan, inputs: readonly Plan[]): Parts {
    const one = withInputs(plan, inputs);
    noteSchema(one, schemaOf(plan));
    return {
      plans: [one],
      inPlace: true,
      inOrder: true,
      places: [],
      size: sizeOf(plan),
      isCheap: false,
    };
  }

  #scan(plan: ScanPlan): Parts {
    const plans = scanGroups(plan, this.sizing).map((ranges): Plan => ({ ...plan, ranges }));
    this.note(`read ${plan.source.options.format} in ${plans.length} partitions`);
    const size = sizeOf(plan);
    return { plans: alike(plans), inPlace: true, inOrder: true, places: [], size, isCheap: true };
  }

  #input(plan: InputPlan): Parts {
    const plans =
      plan.table === undefined
        ? (plan.refs ?? []).map((ref): Plan => ({ ...plan, refs: [ref] }))
        : tableSlices(plan, this.sizing);
    return {
      plans: alike(plans),
      inPlace: true,
      inOrder: true,
      places: [],
      size: sizeOf(plan),
      isCheap: true,
    };
  }

  /** Row by row, or within groups whose rows are brought together. */
  #rows(plan: ProjectPlan | FilterPlan, ordered: boolean): Parts {
    const exprs = plan.kind === "project" ? plan.items.map(({ expr }) => expr) : [plan.predicate];
    const windows = exprs.flatMap(windowsOf);
    if (windows.length === 0) return onTop(plan, this.of(plan.input, ordered));
    const by = commonGroups(windows);
    if (by === undefined) return this.whole(plan);
    const inOrder = windows.some(({ fn }) => fn !== "over");
    const input = this.of(plan.input, ordered || inOrder);
    const placed = ordered ? withPlaces(input) : input;
    const count = partitionCount(placed.size, this.sizing);
    this.note(`groups of ${plan.kind} brought together in ${count} partitions, by hash`);
    const met = exchangedByHash(placed, { word: plan.kind, keys: by, destinations: count });
    return onTop(plan, inOrder ? orderedWithin(met) : met);
  }

  /** Rows are chosen by their numbers, which files of Parquet tell of each row group. */
  #sample(plan: SamplePlan): Parts {
    const scan = rowwiseScan(plan.input);
    if (scan?.source.options.format === "parquet") {
      return eachPart(this.of(plan.input, true), (input) => ({ ...plan, input }));
    }
    const isPlain = scan !== undefined || (plan.input.kind === "input" && plan.input.table);
    return isPlain ? this.single(plan, [plan.input]) : this.whole(plan);
  }

  #sort(plan: SortPlan, ordered: boolean): Parts {
    // Nobody looks at the order.
    if (!ordered) return this.of(plan.input, false);
    return this.sorted(this.of(plan.input, true), plan.keys, schemaOf(plan));
  }

  /** The rows in the order of the keys, and where these are equal in their own. */
  sorted(parts: Parts, by: readonly SortKey[], fields: readonly Field[]): Parts {
    const keys = [...by, ...placeKeys(parts)];
    if (parts.plans.length === 1) {
      const sorted = eachPart(parts, (input) => ({ kind: "sort", input, keys }));
      return onlyFields({ ...sorted, inPlace: true, inOrder: true, isCheap: false }, fields);
    }
    const count = partitionCount(parts.size, this.sizing);
    this.note(`sort in ${count} partitions, by range`);
    return onlyFields(exchangedByRange(parts, keys, count, "sort"), fields);
  }

  /** The first rows of each partition, and of these the first. */
  #limit(plan: LimitPlan): Parts {
    const { input } = plan;
    const isTop = input.kind === "sort" && plan.count <= TOP_ROWS;
    const parts = isTop ? this.of(input.input, true) : this.of(input, true);
    const own = isTop ? input.keys : [];
    const keys = [...own, ...placeKeys(parts)];
    const inOrder = (from: Plan): Plan =>
      keys.length === 0 ? from : { kind: "sort", input: from, keys };
    const few = eachPart(parts, (from) => ({ ...plan, input: inOrder(from) }));
    if (few.plans.length > 1) this.note(`${plan.from} rows of each partition in one`);
    const small = plan.count <= TOP_ROWS;
    const all = small ? collected(few, "limit") : gathered(few, "limit");
    const last = eachPart(all, (from) => ({ ...plan, input: inOrder(from) }));
    const result = few.plans.length === 1 ? few : last;
    return onlyFields(
      { ...result, inPlace: true, inOrder: true, size: sizeOf(plan), isCheap: false },
      schemaOf(plan),
    );
  }

  /** Each partition keeps one row of each combination, then those that meet do. */
  #distinct(plan: DistinctPlan, ordered: boolean): Parts {
    const parts = this.of(plan.input, true);
    const placed = ordered ? withPlaces(parts) : parts;
    const keepOne = (from: Parts): Parts => {
      const inOrder = orderedWithin(from);
      return eachPart(inOrder, (input) => ({ ...plan, input }));
    };
    const count = partitionCount(placed.size, this.sizing);
    this.note(`distinct rows of each partition brought together in ${count}, by hash`);
    const keys = plan.subset.map((name): ExprNode => ({ kind: "column", name }));
    const met = exchangedByHash(keepOne(placed), { word: "distinct", keys, destinations: count });
    return { ...keepOne(met), isCheap: false };
  }

  #shuffle(plan: ShufflePlan, ordered: boolean): Parts {
    const parts = this.of(plan.input, ordered);
    const placed = ordered ? withPlaces(parts) : parts;
    const destinations = plan.npartitions ?? partitionCount(placed.size, this.sizing);
    this.note(`equal values brought together in ${destinations} partitions, by hash`);
    return exchangedByHash(placed, { word: "shuffle", keys: plan.on.map(column), destinations });
  }

  #concat(plan: ConcatPlan, ordered: boolean): Parts {
    const inputs = plan.inputs.map((input) => {
      const parts = this.of(input, ordered);
      return onlyFields(ordered ? this.inPlace(parts) : parts, schemaOf(input));
    });
    const fields = schemaOf(plan);
    const plans = inputs.flatMap((parts, i) => {
      const own = new Map(schemaOf(plan.inputs[i] as Plan).map((f) => [f.name, f.type]));
      const items = fields.map(({ name, type }) => {
        const expr: ExprNode = own.has(name)
          ? { kind: "column", name }
          : { kind: "literal", value: null };
        const same = own.get(name) === type;
        return {
          name,
          expr: same ? expr : ({ kind: "cast", arg: expr, to: type, lenient: false } as const),
        };
      });
      return parts.plans.map((input): Plan => ({ kind: "project", input, items }));
    });
    return {
      plans: alike(plans),
      inPlace: true,
      inOrder: true,
      places: [],
      size: sizeOf(plan),
      isCheap: inputs.every((parts) => parts.isCheap),
    };
  }
}

/** The step on each partition, which keeps the hidden columns. */
function onTop(plan: ProjectPlan | FilterPlan, parts: Parts): Parts {
  const isCheap = parts.isCheap && !parts.plans.some((input) => input.kind === "sort");
  const hidden = namedColumns(parts.places);
  return {
    ...eachPart(parts, (input) =>
      plan.kind === "filter"
        ? { ...plan, input }
        : { ...plan, input, items: [...plan.items, ...hidden] },
    ),
    isCheap,
  };
}

type WindowNode = Extract<ExprNode, { kind: "window" }>;

function windowsOf(expr: ExprNode): WindowNode[] {
  const inner = partsOf(expr).flatMap(windowsOf);
  return expr.kind === "window" ? [expr, ...inner] : inner;
}

/** The groups within which all of the windows work; undefined where they differ. */
function commonGroups(windows: readonly WindowNode[]): readonly ExprNode[] | undefined {
  const [first] = windows;
  if (first === undefined || first.by.length === 0) return undefined;
  const groups = JSON.stringify(first.by);
  return windows.every(({ by }) => JSON.stringify(by) === groups) ? first.by : undefined;
}
