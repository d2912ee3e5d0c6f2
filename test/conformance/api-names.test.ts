/**
 * @file The names of Dask that the core, `delayed`, bags and coordination promise, and what each
 * is called here. A text says why there is no such name.
 */
import { describe, expect, test } from "vitest";
import * as bags from "../../src/bag/index.ts";
import * as configs from "../../src/config/index.ts";
import * as frames from "../../src/dataframe/index.ts";
import * as heddle from "../../src/index.ts";

const { Bag, Item } = bags;
const { Callback, Delayed, delayed } = heddle;
const { config } = configs;
const lazy = delayed(Math.max)(1, 2);
const { graph } = lazy;
const bag = bags.range(3);

const CORE = {
  compute: heddle.compute,
  persist: heddle.persist,
  visualize: heddle.visualize,
  optimize: heddle.optimize,
  is_dask_collection: heddle.isDaskCollection,
  annotate: heddle.annotate,
  get_annotations: heddle.getAnnotations,
  tokenize: heddle.tokenize,
  TokenizationError: "the error code TokenizeFailed",
  sizeof: heddle.sizeof,
  checkpoint: heddle.checkpoint,
  bind: heddle.bind,
  clone: heddle.clone,
  wait_on: heddle.waitOn,
  format_bytes: heddle.formatBytes,
  format_time: heddle.formatTime,
  parse_bytes: heddle.parseBytes,
  parse_timedelta: heddle.parseTimedelta,
  apply: "Reflect.apply",
};

const GRAPH = {
  from_collections: Reflect.get(graph.constructor, "fromCollections"),
  merge: Reflect.get(graph.constructor, "merge"),
  to_dict: graph.toDict,
  keys: graph.keys,
  items: graph.items,
  values: graph.values,
  get_all_external_keys: graph.externalKeys,
  get_all_dependencies: graph.dependencies,
  dependents: graph.dependents,
  copy: graph.copy,
  visualize: graph.toSvg,
  cull: graph.cull,
  cull_layers: graph.cullLayers,
  validate: graph.validate,
};

const CALLBACKS = {
  Callback,
  start: Callback.prototype.start,
  start_state: Callback.prototype.startState,
  pretask: Callback.prototype.pretask,
  posttask: Callback.prototype.posttask,
  finish: Callback.prototype.finish,
  register: Callback.prototype.register,
  unregister: Callback.prototype.unregister,
};

const CONFIG = {
  get: config.get,
  set: config.set,
  pop: config.pop,
  refresh: config.refresh,
  serialize: config.serialize,
  deserialize: config.adopt,
  canonical_name: configs.canonicalName,
  collect: configs.collect,
  collect_yaml: configs.collectYaml,
  collect_env: configs.collectEnv,
  interpret_value: configs.interpretValue,
  paths_containing_key: configs.pathsContainingKey,
  ensure_file: configs.ensureFile,
  expand_environment_variables: configs.expandEnvironmentVariables,
  update: "config.set, whose keys are known and typed",
  merge: "config.set and config.with add layers; nothing nested has to be merged",
  update_defaults: "the schema holds all defaults",
  rename: "no key has been renamed yet",
  check_deprecations: "no key is deprecated yet",
};

const PROTOCOL = {
  __dask_graph__: lazy.lower,
  __dask_keys__: lazy.lower().outputs,
  __dask_layers__: graph.layers,
  __dask_tokenize__: Reflect.get(lazy, Symbol.for("heddle.token")),
  __dask_postcompute__: lazy.lower().finish,
  __dask_postpersist__: lazy.lower().rebuild,
  __dask_optimize__: "one optimiser for all layers",
  __dask_scheduler__: "one engine for all collections",
  __dask_annotations__: "options of a layer's templates",
};

const DATASETS = {
  make_people: bags.makePeople,
  timeseries: frames.timeseries,
  with_spec: frames.withSpec,
};

const DELAYED = {
  delayed,
  Delayed,
  compute: Delayed.prototype.compute,
  persist: Delayed.prototype.persist,
  visualize: Delayed.prototype.visualize,
  key: lazy.key,
  dask: lazy.graph,
};

const BAG_FUNCTIONS = {
  from_sequence: bags.fromSequence,
  from_delayed: bags.fromDelayed,
  from_url: bags.fromUrl,
  range: bags.range,
  read_text: bags.readText,
  read_avro: "no Avro reader yet",
  concat: bags.concat,
  map: bags.map,
  map_partitions: bags.mapPartitions,
  to_textfiles: bag.toTextfiles,
  zip: bags.zip,
  "random.choices": bags.random.choices,
  "random.sample": bags.random.sample,
};

const BAG_METHODS =
  "accumulate all any compute count distinct filter flatten fold foldby frequencies groupby join map " +
  "mapPartitions max mean min persist pluck product reduction randomSample remove repartition starmap " +
  "std sum take toDataFrame toDelayed toTextfiles topk var visualize";
const ITEM_METHODS = "apply compute persist toDelayed visualize";

const [lock, semaphore] = [new heddle.Lock("x"), new heddle.Semaphore({ name: "x" })];
const [event, queue] = [new heddle.Event("x"), new heddle.Queue("x")];
const [variable, multiLock] = [new heddle.Variable("x"), new heddle.MultiLock(["x"])];
const OWN_CLIENT = "the option `client`; else the client of the program or task";

const COORDINATION = {
  "Lock.acquire": lock.acquire,
  "Lock.release": lock.release,
  "Lock.locked": lock.locked,
  "MultiLock.acquire": multiLock.acquire,
  "MultiLock.release": multiLock.release,
  "MultiLock.locked": multiLock.locked,
  "Event.client": OWN_CLIENT,
  "Event.wait": event.wait,
  "Event.clear": event.clear,
  "Event.set": event.set,
  "Event.is_set": event.isSet,
  "Semaphore.scheduler": OWN_CLIENT,
  "Semaphore.loop": "there is one event loop to a thread",
  "Semaphore.register": "the first use registers it",
  "Semaphore.acquire": semaphore.acquire,
  "Semaphore.release": semaphore.release,
  "Semaphore.get_value": semaphore.getValue,
  "Semaphore.close": semaphore.close,
  "Queue.client": OWN_CLIENT,
  "Queue.put": queue.put,
  "Queue.get": queue.get,
  "Queue.qsize": queue.qsize,
  "Queue.close": queue.close,
  "Variable.client": OWN_CLIENT,
  "Variable.set": variable.set,
  "Variable.get": variable.get,
  "Variable.delete": variable.delete,
};

const methods = (of: object, names: string): Record<string, unknown> =>
  Object.fromEntries(names.split(" ").map((name) => [name, Reflect.get(of, name)]));

describe.each([
  ["core", CORE],
  ["graphs", GRAPH],
  ["callbacks", CALLBACKS],
  ["configuration", CONFIG],
  ["the protocol of collections", PROTOCOL],
  ["data sets", DATASETS],
  ["delayed", DELAYED],
  ["coordination", COORDINATION],
  ["functions of bags", BAG_FUNCTIONS],
  ["methods of bags", methods(Bag.prototype, BAG_METHODS)],
  [
    "methods of items",
    { ...methods(Item.prototype, ITEM_METHODS), from_delayed: Item.fromDelayed },
  ],
])("%s", (_, names: Readonly<Record<string, unknown>>) => {
  test.each(Object.entries(names))("%s", (_name, here) => {
    expect(here).toBeDefined();
  });
});

test("a collection of the user's own is computed like any other", async () => {
  class Pair extends heddle.CollectionBase implements heddle.Collection<number[]> {
    readonly #parts: readonly heddle.TaskRef[];
    constructor(parts: readonly heddle.TaskRef[]) {
      super();
      this.#parts = parts;
    }
    lower(): heddle.Lowered<number[]> {
      return {
        outputs: this.#parts,
        finish: (values) => values as number[],
        rebuild: (parts) => new Pair(parts),
      };
    }
  }
  const parts = [delayed(Math.max)(1, 2), delayed(Math.min)(1, 2)];
  const pair = new Pair(parts.flatMap((part) => part.lower().outputs));
  expect(heddle.isDaskCollection(pair)).toBe(true);
  expect(await heddle.compute(pair, { scheduler: "sync" })).toEqual([[2, 1]]);
});
