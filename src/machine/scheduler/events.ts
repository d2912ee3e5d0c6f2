/**
 * @file What the scheduler machine hears and says. Everything that concerns many tasks is columnar.
 * Times come in with `step(events, nowMs)`; ids of clients, workers and requests are small integers
 * given by the shell.
 */
import type { Template } from "../../core/graph.ts";
import type { Segment, TaskGraph } from "../../core/task-graph.ts";

/**
 * Values that lie elsewhere, by column: `holders[offsets[i] .. offsets[i + 1]]` are the workers
 * that have value `i`, best first.
 */
export interface Needs {
  readonly ids: Int32Array;
  /** Of the values: which of the runs of their tasks made them. */
  readonly epochs: Int32Array;
  readonly bytes: Float64Array;
  readonly offsets: Int32Array;
  readonly holders: Int32Array;
  /** 1 for those of which an equal value of another run will not do; default: none. */
  readonly exact?: Uint8Array;
}

/** Values that are words themselves: a tag, which the machines never look into, and the word. */
export interface Words {
  readonly ids: Int32Array;
  readonly tags: Uint8Array;
  readonly words: Float64Array;
}

/** What a worker has that comes back after its connection was lost. */
export interface Inventory {
  readonly ids: Int32Array;
  readonly epochs: Int32Array;
  readonly bytes: Float64Array;
  /** Of values that are words; tag 0 for the others. */
  readonly tags?: Uint8Array;
  readonly words?: Float64Array;
  /** 1 for values that were fetched and that nobody counts on; default: none. */
  readonly copies?: Uint8Array;
  /** The graphs that it was told of: their first ids, their sizes, and `InstalledGraph.serial`. */
  readonly bases: Int32Array;
  readonly counts: Int32Array;
  readonly serials: Int32Array;
  /** Ids of no such graph that it is busy with. */
  readonly others: Int32Array;
  /** Tasks that it is running, and goes on with unless it is told otherwise; default none. */
  readonly running?: Int32Array;
  readonly runningEpochs?: Int32Array;
}

/**
 * Why a worker is lost. `exit`: its process died, perhaps by a task. `memory`: it was ended because
 * it took too much memory. `silence`: it cannot be reached. `expected`: it was asked to go.
 */
export type LossCause = "exit" | "memory" | "silence" | "expected";

/** What its supervisor knows of a worker's end. */
export interface LossFacts {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly memoryBytes?: number;
  readonly memoryLimitBytes?: number;
}

/** What the machine reads of a template; the rest is the business of whoever runs it. */
export type TemplateFacts = Pick<Template, "name" | "lane" | "options" | "bound">;

/** What the machine reads of a graph. */
export type GraphFacts = Omit<TaskGraph, "templates" | "segments" | "holders"> & {
  readonly templates: readonly TemplateFacts[];
  readonly segments: readonly Omit<Segment, "columns">[];
};

export type SchedulerEvent =
  | {
      readonly kind: "graph";
      readonly client: number;
      /** The client's number for this submission, returned in `accepted`. */
      readonly request: number;
      readonly graph: GraphFacts;
      /** Templates and literals: never looked at, passed on in `install`. */
      readonly body: unknown;
      /**
       * Task that submitted the graph, when a task did: its work goes before that of later graphs.
       */
      readonly parent?: number;
    }
  | {
      readonly kind: "want" | "retry";
      readonly client: number;
      readonly ids: Int32Array;
    }
  | {
      readonly kind: "release";
      readonly client: number;
      readonly ids: Int32Array;
      /** The last request that the client knew to be accepted; default: all of them. */
      readonly seen?: number;
    }
  | {
      readonly kind: "cancel";
      readonly client: number;
      readonly ids: Int32Array;
      /** Also for the other clients that want them; default false. */
      readonly force?: boolean;
      /** What the client has asked for again in later requests stays; default: nothing does. */
      readonly before?: number;
    }
  | {
      /** The client could not bring these values to the workers that it was told of. */
      readonly kind: "unplaced";
      readonly client: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
    }
  | { readonly kind: "client-left"; readonly client: number }
  | {
      /**
       * The client was away and may have missed anything: it refers to `ids`, and to those of
       * `kept`, of which it does not know yet. It is told how each of `ids` is.
       */
      readonly kind: "rejoined";
      readonly client: number;
      readonly ids: Int32Array;
      readonly kept: Int32Array;
    }
  /** After a restart: all workers have come back that are going to. */
  | { readonly kind: "recovered" }
  | {
      readonly kind: "worker-joined";
      readonly worker: number;
      readonly address: string;
      readonly name?: string;
      readonly threads: number;
      readonly memoryLimitBytes: number;
      readonly resources?: Readonly<Record<string, number>>;
      /** Largest number of leases the worker can take; default 1024 a thread. */
      readonly leasesMax?: number;
      /** Expected time for a message there and back; default that of the scheduler's options. */
      readonly roundTripMs?: number;
      /** Set when the worker was known under another number before. */
      readonly inventory?: Inventory;
    }
  | {
      readonly kind: "worker-lost";
      readonly worker: number;
      readonly reason: string;
      /** Default `exit`. */
      readonly cause?: LossCause;
      /** Tasks that were seen running when it ended. */
      readonly running?: Int32Array;
      readonly facts?: LossFacts;
    }
  /** The worker gets no leases: it is short of memory, or has been silent for a while. */
  | { readonly kind: "worker-paused"; readonly worker: number; readonly isPaused: boolean }
  | {
      readonly kind: "measured";
      readonly worker: number;
      readonly roundTripMs?: number;
      /** How fast values come to it. */
      readonly bytesPerMs?: number;
    }
  | {
      readonly kind: "finished";
      readonly worker: number;
      readonly count: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly bytes: Float64Array;
      /** Set where values are words: tag 0 says that the value lies at the worker, as bytes. */
      readonly tags?: Uint8Array;
      readonly words?: Float64Array;
    }
  | {
      /** The worker has copies of these, of the runs that it was told of. */
      readonly kind: "replicated";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
    }
  | {
      /** The worker could not fetch `ids[i]` from `holders[i]`. */
      readonly kind: "unreachable";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly holders: Int32Array;
      /** 1: the holder was reached and has no such value. */
      readonly isGone: Uint8Array;
    }
  | {
      readonly kind: "erred";
      readonly worker: number;
      readonly id: number;
      readonly epoch: number;
      /** Opaque to the machine: returned to clients in `failed`. */
      readonly error: unknown;
      /**
       * `user`: the function threw. `worker`: its thread or process died. `memory`: it cannot fit.
       */
      readonly blame: "user" | "worker" | "memory";
    }
  | {
      readonly kind: "returned";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
    }
  | {
      /**
       * Values the worker held and no longer has (a scattered value's owner died, a spill file is
       * unreadable).
       */
      readonly kind: "lost";
      readonly worker: number;
      readonly ids: Int32Array;
    }
  | {
      readonly kind: "durations";
      readonly worker: number;
      /** Ids of one task for each entry: names the function group. */
      readonly ids: Int32Array;
      readonly counts: Int32Array;
      /** Mean time of one task of the entry, in milliseconds. */
      readonly meanMs: Float64Array;
    }
  | {
      /**
       * Values put there by a client (`scatter`): they exist on `worker` already and have no
       * recipe.
       */
      readonly kind: "adopt";
      readonly client: number;
      readonly request: number;
      readonly worker: number;
      readonly count: number;
      readonly bytes: Float64Array;
      readonly name: string;
    }
  | {
      /** Values that a client will bring to the workers that it is told of in `placed`. */
      readonly kind: "scatter";
      readonly client: number;
      readonly request: number;
      readonly count: number;
      readonly bytes: Float64Array;
      readonly name: string;
      /** Names or addresses of the workers that may have them; default all. */
      readonly workers?: readonly string[];
      /** On how many workers each shall lie; default 1. */
      readonly broadcast?: number;
    }
  /**
   * The worker shall go: its values move to others, what it has not begun is asked for back;
   * answered by `retired`. `isLeaving`: it goes in any case, and waits for nothing that others
   * could not do.
   */
  | { readonly kind: "retire"; readonly worker: number; readonly isLeaving?: boolean }
  /** Each of the values shall lie on so many workers, as long as there are as many. */
  | { readonly kind: "replicate"; readonly ids: Int32Array; readonly copies: number }
  /** Values move from workers that hold much to those that hold little. */
  | { readonly kind: "rebalance" }
  /** Copies that nobody asked for and nobody will read are dropped. */
  | { readonly kind: "reduce-replicas" }
  /** The worker has nothing left of a graph (answer to `uninstall`): its ids may be used again. */
  | { readonly kind: "uninstalled"; readonly worker: number; readonly base: number }
  | {
      /** Tasks that wait for others and hold no slot while they do (1), or that go on (0). */
      readonly kind: "suspended";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly waits: Uint8Array;
    };

export type SchedulerCommand =
  | {
      readonly kind: "accepted";
      readonly client: number;
      readonly request: number;
      /** Task ids of the graph are `base + local id`, unless `ids` says otherwise. */
      readonly base: number;
      readonly ids?: Int32Array;
    }
  /** For all clients to show. */
  | { readonly kind: "warn"; readonly message: string }
  | { readonly kind: "install"; readonly worker: number; readonly graph: InstalledGraph }
  | {
      readonly kind: "uninstall";
      readonly worker: number;
      readonly base: number;
      readonly count: number;
    }
  | {
      readonly kind: "lease";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      /** Inputs of these tasks that lie on other workers, each named once. */
      readonly needs?: Needs;
      /** Inputs that are words and that the worker has not made itself. */
      readonly words?: Words;
    }
  | {
      /**
       * `revoke`: the leases are void, also when their tasks run. `recall`: those not started come
       * back in `returned`. `hold`: the worker's copy of a value is the one that counts from now
       * on, under this epoch.
       */
      readonly kind: "revoke" | "recall" | "hold";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
    }
  | { readonly kind: "free"; readonly worker: number; readonly ids: Int32Array }
  | {
      /** A client will bring these values; then the worker says `finished`. */
      readonly kind: "expect";
      readonly worker: number;
      readonly ids: Int32Array;
      readonly epochs: Int32Array;
      readonly bytes: Float64Array;
    }
  /** The worker shall have copies of these values, and keep them. */
  | { readonly kind: "copy"; readonly worker: number; readonly needs: Needs }
  | {
      readonly kind: "done";
      readonly client: number;
      readonly ids: Int32Array;
      /** Set when some of the values are words; tag 0 for the others. */
      readonly tags?: Uint8Array;
      readonly words?: Float64Array;
    }
  | { readonly kind: "cancelled" | "reset"; readonly client: number; readonly ids: Int32Array }
  | {
      /** After `accepted`, answers `scatter`: value `base + i` goes to `workers[i]`, or -1. */
      readonly kind: "placed";
      readonly client: number;
      readonly request: number;
      readonly base: number;
      readonly workers: Int32Array;
      readonly epochs: Int32Array;
    }
  | {
      /**
       * The worker has nothing that counts, unless values and tasks are `left` that no other one
       * can take: then it is a worker as before.
       */
      readonly kind: "retired";
      readonly worker: number;
      readonly left: number;
    }
  | {
      readonly kind: "failed";
      readonly client: number;
      readonly ids: Int32Array;
      readonly error: unknown;
      /** The task whose function failed; the others wait for it. */
      readonly culprit: string;
      readonly attempts: number;
    };

/** A graph as workers know it. */
export interface InstalledGraph {
  readonly base: number;
  readonly count: number;
  readonly graph: GraphFacts;
  readonly body: unknown;
  /** Tells apart graphs that have the same ids one after the other. */
  readonly serial: number;
  /** Task id of each local id, when some tasks are those of earlier graphs. */
  readonly ids?: Int32Array;
}
