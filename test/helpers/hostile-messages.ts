/**
 * @file Messages that a scheduler's peers could send and never should: every kind, in the form that
 * the schema asks for, with ids, lengths and amounts that make sense only by chance.
 */
import fc from "fast-check";
import type { ToScheduler } from "../../src/cluster/wire/client-messages.ts";
import type { FromWorker } from "../../src/cluster/wire/worker-messages.ts";
import type { GraphFacts } from "../../src/machine/scheduler/events.ts";

const id = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -(2 ** 31), 2 ** 31 - 1, 1023, 1024, 5000) },
);
const small = fc.integer({ min: 0, max: 4 });
const u32 = fc.oneof({ weight: 6, arbitrary: small }, fc.constantFrom(2 ** 32 - 1, 2 ** 31, 77));
const amount = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 1000 }) },
  fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300),
);
const text = fc.constantFrom("", "a", "w", "data", "x-1", "\u0000", "__proto__", "toString");
const ids = fc.array(id, { maxLength: 4 }).map((all) => Int32Array.from(all));
const bytes = fc.uint8Array({ maxLength: 8 });

/** Columns of one length, and now and then of another. */
function columns<T>(make: (length: fc.Arbitrary<number>) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc
    .integer({ min: 0, max: 4 })
    .chain((length) =>
      make(
        fc.oneof({ weight: 40, arbitrary: fc.constant(length) }, fc.integer({ min: 0, max: 5 })),
      ),
    );
}

function i32s(length: fc.Arbitrary<number>, entry: fc.Arbitrary<number>): fc.Arbitrary<Int32Array> {
  return length.chain((n) =>
    fc.array(entry, { minLength: n, maxLength: n }).map((all) => Int32Array.from(all)),
  );
}

function f64s(length: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> {
  return length.chain((n) =>
    fc.array(amount, { minLength: n, maxLength: n }).map((all) => Float64Array.from(all)),
  );
}

function u8s(length: fc.Arbitrary<number>, most: number): fc.Arbitrary<Uint8Array> {
  return length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n, max: most }));
}

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

function absent<T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return arbitrary.map(
    (value) => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T,
  );
}

const json = fc.jsonValue({ maxDepth: 2 });
/** Anything that plain data can say. */
const plain = fc.oneof(
  json,
  ids,
  bytes,
  fc.constantFrom(undefined, Number.NaN, 10n, new Date(0), new Map([["a", 1]]), new Set([1])),
);

const options = absent(
  fc.record({
    priority: maybe(fc.oneof({ weight: 6, arbitrary: small }, fc.constantFrom(-1e9, "x", null))),
    retries: maybe(fc.oneof({ weight: 6, arbitrary: small }, fc.constantFrom(-1, 1.5, "2", {}))),
    workers: maybe(fc.oneof(fc.constant(["a"]), fc.constant([]), json)),
    resources: maybe(fc.oneof(fc.constant({ GPU: 1 }), json)),
    allowOtherWorkers: maybe(fc.oneof(fc.boolean(), json)),
    concurrency: maybe(fc.constantFrom(1, 2, 0, -1, 0.5, "3")),
  }),
);

/** A graph that fits together, a chain or a star. */
const goodGraph: fc.Arbitrary<GraphFacts> = fc
  .record({
    count: fc.integer({ min: 0, max: 5 }),
    isChain: fc.boolean(),
    pure: fc.boolean(),
    name: text,
    held: maybe(id),
    options: maybe(options),
    outputs: ids,
  })
  .map(({ count, isChain, pure, name, held, options: given, outputs }) => {
    const deps = Array.from({ length: Math.max(0, count - 1) }, (_, i) => (isChain ? i : 0));
    const template = new Int32Array(count);
    if (held !== undefined && count > 0) template[0] = -1;
    return {
      count,
      templates: [
        { name, lane: pure ? "thread" : "table", ...(given && { options: given as object }) },
      ],
      template,
      depOffsets: Int32Array.from({ length: count + 1 }, (_, i) => Math.max(0, i - 1)),
      deps: Int32Array.from(deps),
      segments: [{ start: 0, count, name: `${name}-layer`, pure }],
      rank: Int32Array.from({ length: count }, (_, i) => i),
      outputs: outputs.map((x) => (count === 0 ? x : Math.abs(x) % count)),
      ...(held === undefined
        ? {}
        : { held: Int32Array.from({ length: count }, (_, i) => (i === 0 ? held : -1)) }),
    } satisfies GraphFacts;
  });

const badGraph: fc.Arbitrary<GraphFacts> = fc
  .tuple(
    goodGraph,
    fc.constantFrom("template", "depOffsets", "deps", "rank", "outputs", "held", "segments"),
    ids,
    u32,
  )
  .map(([graph, field, column, count]) => {
    if (field !== "segments") return { ...graph, [field]: column };
    const rows = column.length > 1 ? { rows: column } : {};
    return { ...graph, segments: [{ start: 0, count, name: "s", pure: true, ...rows }] };
  });

const countless = fc
  .tuple(goodGraph, u32)
  .map(([graph, count]): GraphFacts => ({ ...graph, count }));

const graph = fc.oneof({ weight: 6, arbitrary: goodGraph }, badGraph, countless);

const KINDS = [
  "acquire",
  "event-wait",
  "queue-put",
  "queue-get",
  "variable-get",
  "release-lease",
  "renew",
  "lease-count",
  "semaphore-open",
  "semaphore-close",
  "event-set",
  "event-clear",
  "event-is-set",
  "queue-size",
  "queue-close",
  "variable-set",
  "variable-delete",
  "topic-publish",
  "topic-events",
  "topic-subscribe",
  "topic-unsubscribe",
  "metadata-set",
  "metadata-get",
  "dataset-publish",
  "dataset-get",
  "dataset-unpublish",
  "dataset-list",
  "never-heard-of",
];
const field = fc.constantFrom(
  "pool",
  "names",
  "name",
  "count",
  "lease",
  "leases",
  "leaseTimeoutMs",
  "timeoutMs",
  "payload",
  "maxsize",
  "batch",
  "maxLeases",
  "topics",
  "topic",
  "bytes",
  "keys",
  "value",
  "override",
);
const sound = fc.record({
  pool: fc.constantFrom("lock", "semaphore"),
  names: fc.array(text, { maxLength: 2 }),
  name: text,
  count: maybe(small),
  lease: small,
  leases: fc.array(small, { maxLength: 2 }),
  timeoutMs: maybe(fc.constantFrom(0, 5, -1)),
  payload: fc.record({ bytes, tasks: ids }),
  maxsize: maybe(small),
  batch: fc.oneof(small, fc.constant("all")),
  maxLeases: small,
  topics: fc.array(text, { maxLength: 2 }),
  topic: text,
  bytes,
  keys: fc.array(text, { maxLength: 2 }),
  value: json,
  override: fc.boolean(),
});
const op = fc
  .tuple(sound, fc.constantFrom(...KINDS), fc.array(fc.tuple(field, plain), { maxLength: 2 }))
  .map(([fields, kind, wrong]) => ({ ...fields, ...Object.fromEntries(wrong), kind }));
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("ask"), request: small, op }) },
  fc.record({
    kind: fc.constantFrom("ask", "cancel", "confirm", "client-left", "other"),
    request: plain,
    op: plain,
  }),
  plain,
);
const control = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      "versions",
      "has-what",
      "processing",
      "sizes",
      "call-stack",
      "story",
      "task-stream",
      "retire",
      "replicate",
      "rebalance",
      "restart",
      "register",
      "unregister",
      "run",
      "other",
    ),
    ids: fc.oneof(ids, plain),
    copies: fc.oneof(small, plain),
    keys: plain,
    workers: maybe(plain),
    count: plain,
    close: fc.constant(false),
    all: fc.boolean(),
  }),
  plain,
);

/** What a client may say. */
export const fromClient: fc.Arbitrary<ToScheduler> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("graph"),
      request: u32,
      facts: graph,
      body: bytes,
      watch: fc.boolean(),
    }),
  },
  absent(
    fc.record({
      kind: fc.constant("graph"),
      request: u32,
      facts: goodGraph,
      body: bytes,
      parent: maybe(id),
    }),
  ),
  fc.record({ kind: fc.constantFrom("want", "retry"), ids }),
  fc.record({ kind: fc.constant("release"), ids, seen: u32 }),
  fc.record({ kind: fc.constant("cancel"), ids, force: fc.boolean() }),
  absent(
    fc.record({
      kind: fc.constant("query"),
      request: u32,
      what: fc.constantFrom("info", "tasks", "progress", "holders"),
      ids: maybe(ids),
    }),
  ),
  absent(
    fc.record({
      kind: fc.constant("scatter"),
      request: u32,
      name: text,
      bytes: f64s(small),
      workers: maybe(fc.array(text, { maxLength: 2 })),
      broadcast: maybe(u32),
    }),
  ),
  fc.record({ kind: fc.constant("coordinate"), event }),
  fc.record({ kind: fc.constant("control"), request: u32, op: control }),
) as fc.Arbitrary<ToScheduler>;

const reports = columns((length) =>
  absent(
    fc.record({
      kind: fc.constant("finished"),
      count: length,
      ids: i32s(length, id),
      epochs: i32s(length, small),
      bytes: f64s(length),
      tags: maybe(u8s(length, 6)),
      words: maybe(f64s(length)),
    }),
  ),
);

/** What a worker may say. */
export const fromWorkers: fc.Arbitrary<FromWorker> = fc.oneof(
  { weight: 5, arbitrary: reports },
  fc.record({
    kind: fc.constant("erred"),
    id: u32,
    epoch: u32,
    error: fc.oneof(
      fc.record({ encoded: bytes }),
      fc.record({ plain: fc.constant(true), code: text, message: text }),
    ),
    blame: fc.constantFrom("user", "worker", "memory"),
  }),
  columns((length) =>
    fc.record({
      kind: fc.constantFrom("returned", "replicated"),
      ids: i32s(length, id),
      epochs: i32s(length, small),
    }),
  ),
  fc.record({ kind: fc.constantFrom("lost", "working"), ids }),
  columns((length) =>
    fc.record({
      kind: fc.constant("durations"),
      ids: i32s(length, id),
      counts: i32s(length, id),
      meanMs: f64s(length),
    }),
  ),
  columns((length) =>
    fc.record({
      kind: fc.constant("suspended"),
      ids: i32s(length, id),
      epochs: i32s(length, id),
      waits: u8s(length, 2),
    }),
  ),
  fc.record({ kind: fc.constant("uninstalled"), base: u32 }),
  columns((length) =>
    fc.record({
      kind: fc.constant("unreachable"),
      ids: i32s(length, id),
      holders: i32s(length, id),
      isGone: u8s(length, 2),
    }),
  ),
  fc.record({
    kind: fc.constant("load"),
    memoryBytes: amount,
    peakBytes: amount,
    spilledBytes: amount,
    running: u32,
  }),
  fc.record({ kind: fc.constant("warn"), message: text }),
  fc.record({ kind: fc.constant("collect") }),
  fc.record({ kind: fc.constant("leaving"), reason: text }),
  fc.record({ kind: fc.constant("told"), call: u32, outcome: plain }),
  fc.record({ kind: fc.constant("printed"), stream: u32, text }),
) as unknown as fc.Arbitrary<FromWorker>;
