/** @file Small graphs for tests of the machines, written as lists of dependencies. */
import type { Bound, TaskOptions } from "../../../src/core/graph.ts";
import type {
  GraphFacts,
  SchedulerCommand,
  SchedulerEvent,
} from "../../../src/machine/scheduler/events.ts";
import { SchedulerMachine } from "../../../src/machine/scheduler/scheduler.ts";

export interface GraphOptions {
  /** Local ids; default those that nothing uses. */
  readonly outputs?: readonly number[];
  /** Function of each task; default all the same. */
  readonly functions?: readonly string[];
  readonly options?: Readonly<Record<string, TaskOptions>>;
  /** By function; default none. */
  readonly bound?: Readonly<Record<string, Bound>>;
  readonly lane?: "table";
  /** Engine ids of values that the graph uses: they have the local ids behind the tasks. */
  readonly held?: readonly number[];
  readonly name?: string;
  readonly pure?: boolean;
}

/** A graph of one task for each entry of `deps`, which lists what the task uses. */
export function graphOf(
  deps: readonly (readonly number[])[],
  options: GraphOptions = {},
): GraphFacts {
  const { held = [], name = "g", pure = false, lane } = options;
  const fresh = deps.length;
  const count = fresh + held.length;
  const functions = options.functions ?? deps.map(() => "f");
  const names = [...new Set(functions)];
  const depOffsets = new Int32Array(count + 1);
  deps.forEach((list, i) => {
    depOffsets[i + 1] = depOffsets[i]! + list.length;
  });
  depOffsets.fill(depOffsets[fresh]!, fresh);
  const used = new Set(deps.flat());
  const outputs = options.outputs ?? deps.map((_, i) => i).filter((i) => !used.has(i));
  return {
    count,
    templates: names.map((fn) => {
      const own = options.options?.[fn];
      const bound = options.bound?.[fn];
      return {
        name: fn,
        ...(own === undefined ? {} : { options: own }),
        ...(bound === undefined ? {} : { bound }),
        ...(lane === undefined ? {} : { lane }),
      };
    }),
    template: Int32Array.from({ length: count }, (_, i) =>
      i < fresh ? names.indexOf(functions[i]!) : -1,
    ),
    depOffsets,
    deps: Int32Array.from(deps.flat()),
    segments: [
      { start: 0, count: fresh, name, pure },
      ...(held.length > 0 ? [{ start: fresh, count: held.length, name: "in", pure: false }] : []),
    ],
    rank: Int32Array.from({ length: count }, (_, i) => i),
    outputs: Int32Array.from(outputs),
    ...(held.length === 0
      ? {}
      : {
          held: Int32Array.from({ length: count }, (_, i) => (i < fresh ? -1 : held[i - fresh]!)),
        }),
  };
}

/** Typed arrays as plain lists, so that expectations read well. */
export function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<number>)];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

/** A scheduler with short words for its events. Client 1, worker 0 unless said otherwise. */
export class TestScheduler {
  readonly machine: SchedulerMachine;
  #request = 0;

  constructor(options: ConstructorParameters<typeof SchedulerMachine>[0] = {}) {
    this.machine = new SchedulerMachine(options);
  }

  /** Commands as plain values, without `install`. */
  step(...events: SchedulerEvent[]): unknown[] {
    return this.all(...events)
      .filter(({ kind }) => kind !== "install")
      .map(plain);
  }

  all(...events: SchedulerEvent[]): SchedulerCommand[] {
    return this.machine.step(events);
  }

  join(options: Partial<EventOf<"worker-joined">> = {}): unknown[] {
    return this.step({
      kind: "worker-joined",
      worker: 0,
      address: "inproc://0",
      threads: 1,
      memoryLimitBytes: 1e9,
      ...options,
    });
  }

  graph(graph: GraphFacts, options: Partial<EventOf<"graph">> = {}): unknown[] {
    return this.step(this.graphEvent(graph, options));
  }

  graphEvent(graph: GraphFacts, options: Partial<EventOf<"graph">> = {}): EventOf<"graph"> {
    return {
      kind: "graph",
      client: 1,
      request: ++this.#request,
      graph,
      body: undefined,
      ...options,
    };
  }

  finish(...ids: number[]): unknown[] {
    return this.step(this.finished(ids));
  }

  finished(ids: readonly number[], worker = 0): EventOf<"finished"> {
    const { epoch } = this.machine.state.tasks;
    return {
      kind: "finished",
      worker,
      count: ids.length,
      ids: Int32Array.from(ids),
      epochs: Int32Array.from(ids, (id) => epoch[id]!),
      bytes: Float64Array.from(ids, () => 100),
    };
  }

  erred(id: number, blame: "user" | "worker" | "memory" = "user"): EventOf<"erred"> {
    const epoch = this.machine.state.tasks.epoch[id]!;
    return { kind: "erred", worker: 0, id, epoch, error: { message: "no" }, blame };
  }

  /** Leased tasks wait for tasks of their own from now on, or go on. */
  waits(worker: number, ids: readonly number[], isWaiting = true): EventOf<"suspended"> {
    const { epoch } = this.machine.state.tasks;
    return {
      kind: "suspended",
      worker,
      ids: Int32Array.from(ids),
      epochs: Int32Array.from(ids, (id) => epoch[id]!),
      waits: Uint8Array.from(ids, () => Number(isWaiting)),
    };
  }

  /** One of the events that are a list of ids. */
  tell(
    kind: "want" | "retry" | "release" | "cancel",
    ids: readonly number[],
    client = 1,
  ): unknown[] {
    return this.step({ kind, client, ids: Int32Array.from(ids) });
  }

  /** What the worker says when nothing is left of a graph. */
  uninstalled(base: number, worker = 0): unknown[] {
    return this.step({ kind: "uninstalled", worker, base });
  }

  stateOf(...ids: number[]): string[] {
    return ids.map((id) => this.machine.stateOf(id));
  }
}

/** Ids of all leases among the commands. */
export function leased(commands: readonly unknown[]): number[] {
  return (commands as { kind: string; ids: number[] }[])
    .filter(({ kind }) => kind === "lease")
    .flatMap(({ ids }) => ids);
}
