/**
 * @file How graphs get from a client to its engine: checked and made a message, sent as soon as the
 * tasks that they depend on have ids, watched by whoever shows progress.
 */
import { HeddleError } from "../core/errors.ts";
import type { Layer, TaskOptions } from "../core/graph.ts";
import { placementProblem } from "../core/placement.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { currentTask } from "../threads/task-context.ts";
import { placesOfActors } from "./actor-maker.ts";
import { withOptions } from "./client-compute.ts";
import type { EngineHandle } from "./embedded.ts";
import { Submission } from "./future.ts";
import {
  type GraphMessage,
  graphMessage,
  type Progress,
  ProgressTeller,
  withHeld,
} from "./graph-message.ts";
import { GraphCounter } from "./graph-progress.ts";
import { heldLayer, keepOutputs } from "./held-layer.ts";
import { largeValueWarning } from "./large-values.ts";
import { LazyInputs } from "./lazy-inputs.ts";
import type { Accepted, EngineLink } from "./link.ts";
import type { ComputeOptions, ReadOptions } from "./run-collections.ts";
import type { DraftGraph } from "./submission.ts";
import { waitInTask } from "./wait-in-task.ts";
import { type TaskObserver, watchCalls } from "./watch.ts";

export class GraphSender {
  readonly #link: EngineLink;
  readonly #workers: EngineHandle["workers"];
  /** The client that graphs with values of an engine must be of. */
  readonly #owner: object;

  /** `workers` are those of an engine that never has others. */
  constructor(link: EngineLink, workers: EngineHandle["workers"], owner: object) {
    this.#link = link;
    this.#workers = workers;
    this.#owner = owner;
  }

  /** The values of a graph's outputs. */
  async run(graph: TaskGraph, options: ReadOptions, observer?: TaskObserver): Promise<unknown[]> {
    const progress = observer === undefined ? undefined : new ProgressTeller(observer);
    const submission = this.#send(graph, progress?.heard);
    submission.whenPlaced(() => progress?.placed(submission.place as Accepted));
    const locals = graph.outputs;
    const held = keepOutputs(submission, locals);
    try {
      await submission.accepted;
      const ids = submission.idsAt(locals);
      await waitInTask(() => this.#settledOrAborted(ids, options.signal), held);
      return await this.#link.values(ids, undefined, options.receive);
    } finally {
      held();
      if (progress !== undefined) this.#link.endProgress(progress.heard);
    }
  }

  /** Starts a graph; resolves, once the engine has taken it, to the layer of its outputs. */
  async persist(graph: TaskGraph): Promise<Layer> {
    const submission = new Submission(this.#link);
    const message = this.#messageOf(graph);
    const counter = counterOf(submission, graph);
    this.#post(submission, message, this.#follow(submission, graph));
    const release = keepOutputs(submission, graph.outputs);
    await submission.accepted;
    const handle = { engine: this.#owner, ids: submission.idsAt(graph.outputs), counter };
    return heldLayer(handle, release);
  }

  /** What takes collections that become one graph. */
  newLazy(): LazyInputs {
    return new LazyInputs(new Submission(this.#link));
  }

  sendLazy(lazy: LazyInputs, options: ComputeOptions, tasks: TaskOptions): void {
    const { submission } = lazy;
    lazy
      .graph(options)
      .then((graph) => this.#sendWatched(submission, withOptions(graph, tasks)))
      .catch((error: unknown) => submission.fail(error));
  }

  /** Throws when no worker may ever run a task of these options. */
  checkPlacement(options: TaskOptions | undefined, task: string): void {
    const problem = this.#workers && placementProblem(this.#workers, options, task);
    if (problem !== undefined) throw problem;
  }

  /** Sends a graph as soon as the tasks it depends on have ids. */
  sendDraft(submission: Submission, draft: DraftGraph): void {
    const places = placesOfActors(draft, async (op) => await this.#link.control(op));
    if (places === undefined) return this.#sendPlaced(submission, draft);
    places.then(
      (placed) => this.#sendPlaced(submission, placed),
      (error: unknown) => submission.fail(error),
    );
  }

  #sendPlaced(submission: Submission, { graph, inputs }: DraftGraph): void {
    const foreign = inputs.some((input) => input.submission.link !== this.#link);
    if (foreign) {
      const error = new HeddleError("InvalidArgument", "an argument is a future of another client");
      return submission.fail(error);
    }
    const message = graphMessage(graph);
    const warning = largeValueWarning(message.image);
    if (warning !== undefined) this.#link.onWarning(warning);
    const follow = this.#follow(submission, graph);
    const send = (): void => this.#post(submission, withHeld(message, graph.count, inputs), follow);
    const waiting = inputs.filter((input) => input.submission.place === undefined);
    if (waiting.length === 0) return send();
    Promise.all(waiting.map((input) => input.submission.accepted)).then(send, (error: unknown) =>
      submission.fail(error),
    );
  }

  #send(graph: TaskGraph, progress?: (message: Progress) => void): Submission {
    const submission = new Submission(this.#link);
    this.#post(submission, this.#messageOf(graph), progress);
    return submission;
  }

  /** Sends a graph whose outputs are the tasks of the submission. */
  #sendWatched(submission: Submission, graph: TaskGraph): void {
    const message = this.#messageOf(graph);
    submission.counter = counterOf(submission, graph);
    this.#post(submission, message, this.#follow(submission, graph), graph.outputs);
  }

  /** The graph as a message. Throws when this client cannot compute it. */
  #messageOf(graph: TaskGraph): GraphMessage {
    const foreign = graph.holders?.find((holder) => holder.engine !== this.#owner);
    if (foreign !== undefined) {
      throw new HeddleError(
        "InvalidArgument",
        "a collection was persisted by another client: compute it there, or persist it again here",
      );
    }
    for (const { name, options } of graph.templates) this.checkPlacement(options, name);
    return graphMessage(graph);
  }

  /** Tells those who watch what becomes of a submission's tasks; undefined when nobody does. */
  #follow(submission: Submission, graph: TaskGraph): ((message: Progress) => void) | undefined {
    const watch = watchCalls(graph);
    if (watch === undefined) return undefined;
    const teller = new ProgressTeller(watch);
    const link = this.#link;
    submission.whenTaken((place) => {
      teller.placed(place);
      const idOf = (local: number): number => place.ids?.[local] ?? place.base + local;
      const ids = graph.outputs.map(idOf);
      link.whenSettled(ids, () => {
        link.endProgress(teller.heard);
        watch.settled((local) => link.hasFailed(idOf(local)));
      });
    });
    submission.accepted.catch((error: unknown) => watch.failed(error));
    return teller.heard;
  }

  #post(
    submission: Submission,
    message: GraphMessage,
    progress?: (message: Progress) => void,
    outputs?: Int32Array,
  ): void {
    const parent = currentTask()?.id;
    const from = parent === undefined ? {} : { parent };
    const watch = progress !== undefined;
    this.#link.submit((request) => ({ kind: "graph", request, ...message, ...from, watch }), {
      accepted: (place) => submission.settle(place, outputs),
      failed: (error) => submission.fail(error),
      progress,
    });
  }

  async #settledOrAborted(ids: Int32Array, signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined) return await this.#link.settled(ids);
    signal.throwIfAborted();
    let abort: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        this.#link.post({ kind: "cancel", ids, force: false });
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
    });
    await Promise.race([this.#link.settled(ids), aborted]).finally(() =>
      signal.removeEventListener("abort", abort),
    );
  }
}

/** Counts the tasks of a graph that is being sent. */
function counterOf(submission: Submission, graph: TaskGraph): GraphCounter {
  const counter = new GraphCounter(submission.link, graph);
  submission.whenTaken((place) => counter.placed(place));
  return counter;
}
