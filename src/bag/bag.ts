/**
 * @file `Bag`: an unordered-in-spirit, ordered-in-fact collection of JavaScript values in
 * partitions. Its methods only describe work: every one makes a `Node` whose layer is built when
 * the bag is computed. After `dask.bag`.
 */
import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import { type Collection, isCollection, type Lowered } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { DataFrame } from "../dataframe/frame.ts";
import { Delayed } from "../delayed/delayed-value.ts";
import { type Drawing, type VisualizeOptions, visualize } from "../delayed/visualize.ts";
import { GraphView } from "../diagnostics/graph-view.ts";
import { referToAll } from "../functions/index.ts";
import * as aggregates from "./aggregates.ts";
import * as self from "./bag.ts";
import { BagReductions } from "./bag-reductions.ts";
import { groupedParts } from "./exchange.ts";
import { onlyOutput, printAsText } from "./item.ts";
import type { KeyOf } from "./key.ts";
import {
  alongParts,
  atLeast,
  firstParts,
  joinAndTake,
  type PartStep,
  partitionSeeds,
  splitParts,
  stepSpec,
} from "./lowering.ts";
import {
  COMPUTE_OPTIONS,
  type CombineOptions,
  checkKey,
  type DistinctOptions,
  type FoldOptions,
  foldInit,
  type KeyedOptions,
  keyAndOptions,
  stepFunction,
  type TopOptions,
  type TreeOptions,
  treeOptions,
} from "./options.ts";
import {
  type Combine,
  constant,
  dependency,
  eachPart,
  makeParts,
  Node,
  type Parts,
  type PartsOf,
  reduceTree,
  type SplitEvery,
  splitEveryOf,
} from "./parts.ts";
import { accumulateItems, firstOfPair } from "./running.ts";
import { collectStep, mapPartition, type StepName, streamStep, toArray } from "./steps.ts";
import { bagToFrame, type FrameOptions } from "./to-frame.ts";
import { TEXTFILE_OPTIONS, type TextfileOptions, writePaths, writeTextfile } from "./write.ts";

/**
 * What a mapped function gets for its further arguments: the items of bags, the values of lazy
 * values.
 */
export type ItemsOf<M extends readonly unknown[]> = {
  [K in keyof M]: M[K] extends Bag<infer U> ? U : ValueOf<M[K]>;
};

/**
 * What a function of partitions gets for its further arguments: the partitions of bags, the values
 * of lazy values.
 */
export type ValuesOf<M extends readonly unknown[]> = { [K in keyof M]: ValueOf<M[K]> };

type ValueOf<X> = X extends Collection<infer R> ? R : X;

/**
 * A lazy collection of values in partitions. Results come in the order of the source.
 *
 * @example
 * import { fromSequence } from "heddle/bag";
 * const words = fromSequence(["warp", "weft", "heddle", "weft"], { npartitions: 2 });
 * const counts = await words.frequencies().compute();
 * console.log(counts); // [ [ 'warp', 1 ], [ 'weft', 2 ], [ 'heddle', 1 ] ]
 */
export class Bag<T> extends BagReductions<T> implements Collection<T[]> {
  readonly node: Node;

  constructor(node: Node) {
    super();
    this.node = node;
  }

  /** Number of partitions. */
  get npartitions(): number {
    return this.node.npartitions;
  }

  lower(): Lowered<T[]> {
    return {
      outputs: this.node.lower(),
      finish: (values) => aggregates.concatParts(values as T[][]) as T[],
      finishTask: { fn: aggregates.concatParts, args: [] },
      rebuild: (outputs) => new Bag<T>(new Node(outputs.length, () => outputs)),
    };
  }

  /**
   * Computes all items. Errors: `TaskFailed` when a function throws, with the function's error as
   * `cause`.
   */
  async compute(options?: ComputeOptions): Promise<T[]> {
    const [items] = await computeAll([this], options);
    return items as T[];
  }

  /** Starts computing and gives a bag over partitions that the engine keeps. */
  async persist(options?: ComputeOptions): Promise<Bag<T>> {
    const [kept] = await persistAll([this], options);
    return kept as Bag<T>;
  }

  // Item by item.

  /**
   * The result of `fn` for every item. `more` are further arguments: values, lazy values, or bags
   * with the same partitions whose items go along.
   */
  map<U, M extends readonly unknown[]>(
    fn: (item: T, ...more: ItemsOf<M>) => U,
    ...more: M
  ): Bag<U> {
    stepFunction("map", fn);
    if (more.length === 0) return this.#step<U>("map", [fn]);
    const node = new Node(
      this.npartitions,
      (partsOf) => {
        const along = alongParts(more, this.npartitions, partsOf);
        return makeParts({
          word: "map",
          kind: "blockwise",
          fn: collectStep,
          fused: streamStep,
          args: [
            constant("mapMany"),
            dependency(0),
            constant(fn),
            constant(along.isBag),
            { kind: "array", items: along.args },
          ],
          deps: partsOf(this.node).map((part, i) => [part, ...along.deps.map((of) => of(i))]),
        });
      },
      this.node,
    );
    return new Bag<U>(node);
  }

  /** The result of `fn(...item)` for every item, which must be an array. */
  starmap<A extends readonly unknown[], U>(this: Bag<A>, fn: (...args: A) => U): Bag<U> {
    stepFunction("starmap", fn);
    return this.#step<U>("starmap", [fn]);
  }

  /** The items for which `predicate` is true. */
  filter<U extends T>(predicate: (item: T) => item is U): Bag<U>;
  filter(predicate: (item: T) => unknown): Bag<T>;
  filter(predicate: (item: T) => unknown): Bag<T> {
    stepFunction("filter", predicate);
    return this.#step<T>("filter", [predicate]);
  }

  /** The items for which `predicate` is false. */
  remove(predicate: (item: T) => unknown): Bag<T> {
    stepFunction("remove", predicate);
    return this.#step<T>("remove", [predicate]);
  }

  /** All items of the iterables that `fn` gives. */
  flatMap<U>(fn: (item: T) => Iterable<U>): Bag<U> {
    stepFunction("flatMap", fn);
    return this.#step<U>("flatMap", [fn]);
  }

  /** All items of the items, which must be iterable. */
  flatten<U>(this: Bag<Iterable<U>>): Bag<U> {
    return this.#step<U>("flatten", []);
  }

  /**
   * One part of every item, by field name or position; several parts give arrays. Items that lack
   * it take `fallback`; without one they are an error that names the nearest field.
   */
  pluck<K extends keyof T>(key: K): Bag<T[K]>;
  pluck<K extends keyof T, D>(key: K, fallback: D): Bag<Exclude<T[K], undefined> | D>;
  pluck<const K extends readonly (keyof T)[]>(keys: K): Bag<{ -readonly [I in keyof K]: T[K[I]] }>;
  pluck(key: PropertyKey | readonly PropertyKey[], ...fallback: unknown[]): Bag<unknown> {
    const step = Array.isArray(key) ? "pluckMany" : "pluck";
    return this.#step(step, fallback.length === 0 ? [key] : [key, [fallback[0]]]);
  }

  /** The first items of each partition, as long as `predicate` is true for them. */
  takeWhile(predicate: (item: T) => unknown): Bag<T> {
    stepFunction("takeWhile", predicate);
    return this.#step<T>("takeWhile", [predicate]);
  }

  /**
   * Each item with the given probability. The same `randomState` chooses the same items; default: a
   * new one.
   */
  randomSample(probability: number, options: { readonly randomState?: number } = {}): Bag<T> {
    if (!(probability >= 0 && probability <= 1)) {
      throw new HeddleError(
        "InvalidArgument",
        `randomSample was given the probability ${probability}; it may be from 0 to 1`,
      );
    }
    checkOptionNames("randomSample", options, ["randomState"]);
    const seed = options.randomState ?? Math.floor(Math.random() * 2 ** 32);
    const node = new Node(this.npartitions, (partsOf) =>
      eachPart(partsOf(this.node), {
        word: "sample",
        fn: collectStep,
        fused: streamStep,
        args: [
          constant("sample"),
          dependency(0),
          constant(probability),
          { kind: "column", column: 0 },
        ],
        columns: [{ kind: "number", data: partitionSeeds(seed, this.npartitions) }],
      }),
    );
    return new Bag<T>(node);
  }

  // Partition by partition.

  /**
   * The items of what `fn` makes of each partition: an array, another iterable, or a promise of
   * one. `more` are further arguments; of a bag, `fn` gets the partition that goes along.
   *
   * @example
   * import { range } from "heddle/bag";
   * const sums = range(10, { npartitions: 2 }).mapPartitions((xs) => [xs.length]);
   * console.log(await sums.compute()); // [ 5, 5 ]
   */
  mapPartitions<U, M extends readonly unknown[]>(
    fn: (items: T[], ...more: ValuesOf<M>) => Iterable<U> | AsyncIterable<U> | Promise<Iterable<U>>,
    ...more: M
  ): Bag<U> {
    stepFunction("mapPartitions", fn);
    const node = new Node(this.npartitions, (partsOf) => {
      const along = alongParts(more, this.npartitions, partsOf);
      return makeParts({
        word: "map-partitions",
        kind: "blockwise",
        fn: mapPartition,
        args: [
          dependency(0),
          constant(fn),
          constant(along.isBag),
          { kind: "array", items: along.args },
        ],
        deps: partsOf(this.node).map((part, i) => [part, ...along.deps.map((of) => of(i))]),
      });
    });
    return new Bag<U>(node);
  }

  /** The same items in another number of partitions, in the same order. */
  repartition(npartitions: number): Bag<T> {
    const wanted = atLeast(1, "repartition", npartitions);
    const count = this.npartitions;
    if (wanted === count) return this;
    const from = (i: number): number => Math.floor((count * i) / wanted);
    const node =
      wanted < count
        ? new Node(wanted, (partsOf) => {
            const parts = partsOf(this.node);
            return makeParts({
              word: "repartition",
              kind: "blockwise",
              fn: aggregates.concatParts,
              args: [{ kind: "deps", start: 0 }],
              deps: Array.from({ length: wanted }, (_, i) => parts.slice(from(i), from(i + 1))),
            });
          })
        : new Node(wanted, (partsOf) => splitParts(partsOf(this.node), wanted));
    return new Bag<T>(node);
  }

  // Bags with bags.

  /**
   * All pairs of an item of this bag and one of the other: one partition for each pair of
   * partitions.
   */
  product<U>(other: Bag<U>): Bag<[T, U]> {
    checkBag("product", other);
    const node = new Node(this.npartitions * other.npartitions, (partsOf) => {
      const others = partsOf(other.node);
      return makeParts({
        word: "product",
        kind: "blockwise",
        fn: collectStep,
        args: [constant("product"), dependency(0), dependency(1)],
        deps: partsOf(this.node).flatMap((part) => others.map((second) => [part, second])),
      });
    });
    return new Bag<[T, U]>(node);
  }

  /**
   * Pairs (other item, own item) whose keys are equal by value. `other` is an iterable, a lazy
   * value, or a bag of one partition: it goes to every partition of this bag. For two large bags
   * use frames.
   */
  join<U>(
    other: Bag<U> | Collection<Iterable<U>> | Iterable<U>,
    onSelf: KeyOf<T>,
    onOther?: KeyOf<U> | { readonly onOther?: KeyOf<U> },
  ): Bag<[U, T]> {
    const otherKey = joinKey(onSelf, onOther);
    if (other instanceof Bag && other.npartitions !== 1) {
      throw new HeddleError(
        "InvalidArgument",
        `join was given a bag of ${other.npartitions} partitions, but each partition of this bag needs all of it: ` +
          "use other.repartition(1), or merge two frames",
      );
    }
    const node = new Node(this.npartitions, (partsOf) => {
      const lazy = isCollection(other) ? [onlyOutput(other)] : [];
      const items = lazy.length > 0 ? dependency(1) : constant(Array.from(other as Iterable<U>));
      return makeParts({
        word: "join",
        kind: "blockwise",
        fn: collectStep,
        fused: streamStep,
        args: [constant("join"), dependency(0), items, constant(onSelf), constant(otherKey)],
        deps: partsOf(this.node).map((part) => [part, ...lazy]),
      });
    });
    return new Bag<[U, T]>(node);
  }

  /**
   * Running totals: each item is `binop(total so far, item)`, and the first is `initial` when it is
   * given.
   */
  accumulate(binop: (total: T, item: T) => T): Bag<T>;
  accumulate<A>(binop: (total: A, item: T) => A, initial: A): Bag<A>;
  accumulate(binop: (total: never, item: T) => unknown, ...initial: unknown[]): Bag<unknown> {
    stepFunction("accumulate", binop);
    const node = new Node(this.npartitions, (partsOf) => {
      const totals = makeParts({
        word: "accumulate",
        kind: "call",
        fn: accumulateItems,
        args: [
          dependency(0),
          { kind: "deps", start: 1 },
          constant(binop),
          constant(initial.slice(0, 1)),
        ],
        deps: partsOf(this.node).map((part) => [part]),
        chained: true,
      });
      return eachPart(totals, { word: "totals", fn: firstOfPair, args: [dependency(0)] });
    });
    return new Bag<unknown>(node);
  }

  // By key. Keys are compared by value: see `canonicalKey`.

  /**
   * Pairs of a key and all items with it. A key's partition follows from its value; within a
   * partition, keys and items keep the order in which they first come. All items travel: `foldby`
   * moves one total per key instead.
   */
  groupby<K extends keyof T>(key: K, options?: GroupOptions): Bag<[T[K], T[]]>;
  groupby<K>(key: (item: T) => K, options?: GroupOptions): Bag<[K, T[]]>;
  groupby(key: KeyOf<T>, options: GroupOptions = {}): Bag<[unknown, T[]]> {
    checkKey("groupby", key);
    checkOptionNames("groupby", options, ["npartitions"]);
    const count = atLeast(1, "groupby", options.npartitions ?? this.npartitions);
    return new Bag<[unknown, T[]]>(
      new Node(count, (partsOf) => groupedParts(partsOf(this.node), key, count)),
    );
  }

  /**
   * Pairs of a key and the fold of all items with it, in the order in which keys first come, in one
   * partition.
   *
   * @example
   * import { range } from "heddle/bag";
   * const sums = range(5).foldby((x) => x % 2 === 0, (total, x) => total + x, 0);
   * console.log(await sums.compute()); // [ [ true, 6 ], [ false, 4 ] ]
   */
  foldby<K extends keyof T>(
    key: K,
    binop: (total: T, item: T) => T,
    initial?: T | (FoldOptions<T> & KeyedOptions<T> & { readonly initial?: T }),
    options?: FoldOptions<T> & KeyedOptions<T>,
  ): Bag<[T[K], T]>;
  foldby<K>(
    key: (item: T) => K,
    binop: (total: T, item: T) => T,
    initial?: T | (FoldOptions<T> & KeyedOptions<T> & { readonly initial?: T }),
    options?: FoldOptions<T> & KeyedOptions<T>,
  ): Bag<[K, T]>;
  foldby<K extends keyof T, A>(
    key: K,
    binop: (total: A, item: T) => A,
    initial: A,
    options: CombineOptions<A> & KeyedOptions<A>,
  ): Bag<[T[K], A]>;
  foldby<K, A>(
    key: (item: T) => K,
    binop: (total: A, item: T) => A,
    initial: A,
    options: CombineOptions<A> & KeyedOptions<A>,
  ): Bag<[K, A]>;
  foldby<K, A>(
    key: (item: T) => K,
    binop: (total: A, item: T) => A,
    options: CombineOptions<A> & KeyedOptions<A> & { readonly initial: A },
  ): Bag<[K, A]>;
  foldby(
    key: KeyOf<T>,
    binop: (total: never, item: T) => unknown,
    ...given: readonly unknown[]
  ): Bag<[unknown, unknown]> {
    checkKey("foldby", key);
    stepFunction("foldby", binop);
    const { initial, options } = foldInit("foldby", given, "combineInitial");
    const from = options.combineInitial === undefined ? [] : [options.combineInitial];
    const combine = [constant(options.combine ?? binop), constant(from)];
    return this.#tree(
      "foldby",
      { fn: aggregates.foldKeys, args: [key, binop, initial] },
      { word: "foldby-combine", fn: aggregates.combineKeys, args: combine },
      options.splitEvery,
    );
  }

  /**
   * Pairs of an item and how often it comes, in the order in which items first come, or the most
   * frequent first.
   */
  frequencies(options: TreeOptions & { readonly sort?: boolean } = {}): Bag<[T, number]> {
    treeOptions("frequencies", options, "sort");
    const add: Combine = { word: "frequencies-combine", fn: aggregates.addCounts };
    const finish = options.sort === true ? { ...add, fn: aggregates.addAndSortCounts } : add;
    const first = { fn: aggregates.countKeys, args: [] };
    return this.#tree("frequencies", first, add, options.splitEvery, finish);
  }

  /** Each item once, or the first item of each key: `distinct("city")`, `distinct({ key })`. */
  distinct(key?: KeyOf<T> | DistinctOptions<T>): Bag<T> {
    const args = [keyAndOptions("distinct", key as KeyOf<never> | undefined).key];
    const merge = {
      word: "distinct-combine",
      fn: aggregates.distinctParts,
      args: args.map(constant),
    };
    return this.#tree("distinct", { fn: aggregates.distinctItems, args }, merge);
  }

  /**
   * The `k` largest items, or those with the largest keys, largest first; of equals, those that
   * come first. The key may be one of the options: `topk(10, { key: "delay" })`.
   */
  topk(k: number, key?: KeyOf<T> | TopOptions<T>, options: TreeOptions = {}): Bag<T> {
    treeOptions("topk", options);
    const given = keyAndOptions<TopOptions<never>>("topk", key as KeyOf<never>, "splitEvery");
    const args = [atLeast(0, "topk", k), given.key];
    const merge = { word: "topk-combine", fn: aggregates.topParts, args: args.map(constant) };
    const splitEvery = options.splitEvery ?? given.options.splitEvery;
    return this.#tree("topk", { fn: aggregates.topItems, args }, merge, splitEvery);
  }

  // Out of the bag.

  /**
   * The first `count` items, from the first `npartitions` partitions only (default 1, -1 for all):
   * as few are read as possible. Warns when those hold fewer and more partitions could be asked.
   */
  take(count: number, options: TakeOptions & { readonly compute: false }): Bag<T>;
  take(count: number, options?: TakeOptions & ComputeOptions): Promise<T[]>;
  take(
    count: number,
    options: TakeOptions & ComputeOptions & { readonly compute?: boolean } = {},
  ): Bag<T> | Promise<T[]> {
    checkOptionNames("take", options, ["npartitions", "compute", ...COMPUTE_OPTIONS]);
    const { npartitions = 1, compute = true, ...how } = options;
    atLeast(0, "take", count);
    const from = npartitions === -1 ? this.npartitions : npartitions;
    if (!Number.isSafeInteger(from) || from < 1 || from > this.npartitions) {
      throw new HeddleError(
        "InvalidArgument",
        `take was given npartitions ${npartitions}; it may be 1 to ${this.npartitions}, or -1 for all`,
      );
    }
    const node = new Node(1, (partsOf) => {
      const firsts = eachPart(partsOf(this.node).slice(0, from), stepSpec("take", [count]));
      return from === 1 ? firsts : [joinAndTake(firsts, count)];
    });
    const bag = new Bag<T>(node);
    return compute ? this.#taken(bag, count, from, how) : bag;
  }

  /**
   * A frame of the items' fields, in the same partitions.
   *
   * @example
   * import { fromSequence } from "heddle/bag";
   * const df = await fromSequence(["a", "b", "a"]).frequencies().toDataFrame({
   *   columns: ["word", "n"],
   * });
   * console.log(df.columns); // [ 'word', 'n' ]
   */
  async toDataFrame(this: Bag<readonly unknown[]>, options: FrameOptions): Promise<DataFrame>;
  async toDataFrame<S extends object>(this: Bag<S>, options?: FrameOptions): Promise<DataFrame<S>>;
  async toDataFrame(options: FrameOptions = {}): Promise<unknown> {
    return await bagToFrame(this, options);
  }

  /** One delayed array per partition. */
  toDelayed(): Delayed<T[]>[] {
    // A layer of its own, so that whoever takes a partition in gets an array, not a stream.
    const arrays = eachPart(this.node.lower(), {
      word: "partition",
      fn: toArray,
      args: [dependency(0)],
    });
    return arrays.map((task) => new Delayed<T[]>(task.layer, task.index));
  }

  /** Draws what would run: see `visualize` of "heddle". */
  visualize(options?: VisualizeOptions | string): Promise<Drawing> {
    return visualize(this, options ?? {});
  }

  /** What would run: layers as text and HTML. */
  get graph(): GraphView {
    return new GraphView([this]);
  }

  /**
   * Writes one file per partition, each item as a line, and resolves to the paths. `path` has a `*`
   * that becomes the partition's number, or is a folder, or is a list of paths.
   *
   * @example
   * import { fromSequence } from "heddle/bag";
   * const paths = await fromSequence(["a", "b"], { npartitions: 2 }).toTextfiles("out/*.txt.gz");
   * console.log(paths.length); // 2
   */
  toTextfiles(
    path: string | readonly string[],
    options: TextfileOptions & { readonly compute: false },
  ): Bag<string>;
  toTextfiles(
    path: string | readonly string[],
    options?: TextfileOptions & ComputeOptions,
  ): Promise<string[]>;
  toTextfiles(
    path: string | readonly string[],
    options: TextfileOptions & ComputeOptions & { readonly compute?: boolean } = {},
  ): Bag<string> | Promise<string[]> {
    checkOptionNames("toTextfiles", options, TEXTFILE_OPTIONS);
    const { compute = true, compression, encoding, lastEndline, nameFunction, ...how } = options;
    const paths = writePaths(path, this.npartitions, nameFunction);
    const format = { compression: compression ?? "infer", encoding, lastEndline };
    const node = new Node(this.npartitions, (partsOf) =>
      eachPart(partsOf(this.node), {
        word: "to-textfiles",
        fn: writeTextfile,
        args: [dependency(0), { kind: "column", column: 0 }, constant(format)],
        columns: [{ kind: "value", data: paths }],
        pure: false,
      }),
    );
    const written = new Bag<string>(node);
    return compute ? written.compute(how) : written;
  }

  override toString(): string {
    return `Bag(npartitions=${this.npartitions}); its items: await bag.compute()`;
  }

  #step<U>(step: StepName, args: readonly unknown[]): Bag<U> {
    const build = (partsOf: PartsOf): Parts => eachPart(partsOf(this.node), stepSpec(step, args));
    return new Bag<U>(new Node(this.npartitions, build, this.node));
  }

  /** A reduction whose result is a bag of one partition. */
  #tree<U>(
    word: string,
    first: PartStep,
    merge: Combine,
    splitEvery?: SplitEvery,
    finish: Combine = merge,
  ): Bag<U> {
    const every = splitEveryOf(splitEvery);
    const node = new Node(1, (partsOf) => {
      const parts = firstParts(partsOf(this.node), word, first);
      return [reduceTree(parts, merge, { ...finish, word }, every)];
    });
    return new Bag<U>(node);
  }

  async #taken(bag: Bag<T>, count: number, from: number, how: ComputeOptions): Promise<T[]> {
    const items = await bag.compute(how);
    if (items.length < count && from < this.npartitions) {
      process.emitWarning(
        `take(${count}) found ${items.length} items in ${from} of ${this.npartitions} partitions; ` +
          "give { npartitions: -1 } to look in all of them",
      );
    }
    return items;
  }
}

printAsText(Bag.prototype);

/** A bag as plain data. */
export function packBag(bag: Bag<unknown>): PackedCollection<null> {
  return { outputs: packOutputs(bag), facts: null };
}

/** The bag that was packed. */
export function unpackBag({ outputs }: PackedCollection<null>): Bag<unknown> {
  return new Bag(new Node(outputs.length, () => outputs));
}

registerCollection("Bag", Bag, packBag, unpackBag);

function checkBag(what: string, other: unknown): void {
  if (other instanceof Bag) return;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes another bag, not ${other === null ? "null" : typeof other}: ` +
      "make one of plain values with fromSequence",
  );
}

/** The key of the other side of a join: its own, or the same. */
function joinKey(onSelf: unknown, given: unknown): unknown {
  checkKey("join", onSelf);
  const inOptions = typeof given === "object" && given !== null;
  if (inOptions) checkOptionNames("join", given, ["onOther"]);
  const key = inOptions ? (given as { readonly onOther?: unknown }).onOther : given;
  if (key !== undefined) checkKey("join", key);
  return key ?? onSelf;
}

/** Options of {@link Bag.groupby}. */
export interface GroupOptions {
  /** Number of partitions of the result; default: as many as the bag has. */
  readonly npartitions?: number;
}

/** Options of {@link Bag.take}. */
export interface TakeOptions {
  /** How many partitions to look in, from the first on; -1 for all. Default 1. */
  readonly npartitions?: number;
}

referToAll(import.meta.url, self);
