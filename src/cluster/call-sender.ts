/** @file Calls of functions as tasks: `submit` and `map`, with options for the tasks. */
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction } from "../core/graph.ts";
import { callFacts, checkArguments, checkFunction, type SubmitOptions } from "./call-facts.ts";
import { Future, FutureList, Submission } from "./future.ts";
import type { GraphSender } from "./graph-sender.ts";
import type { EngineLink } from "./link.ts";
import { zipped } from "./map-lists.ts";
import { CallBatch, graphOfMap } from "./submission.ts";
import { Turn } from "./turn.ts";

export class CallSender {
  readonly #link: EngineLink;
  readonly #graphs: GraphSender;
  readonly #turn: Turn;

  constructor(link: EngineLink, graphs: GraphSender) {
    this.#link = link;
    this.#graphs = graphs;
    this.#turn = new Turn({
      openCalls: (lazy) => {
        const submission = new Submission(link);
        submission.endCalls = () => this.endCalls();
        return new CallBatch(submission, lazy);
      },
      openLazy: () => graphs.newLazy(),
      sendCalls: (batch) => graphs.sendDraft(batch.submission, batch.finish()),
      sendLazy: (lazy) => graphs.sendLazy(lazy, {}, {}),
    });
  }

  submit(options: SubmitOptions, fn: TaskFunction, args: readonly unknown[]): Future {
    checkFunction(fn, "submit");
    checkArguments(args);
    const facts = callFacts(options, fn, args);
    this.#graphs.checkPlacement(facts.options, facts.name);
    const batch = this.#turn.batchFor(args);
    const local = batch.add(facts, args);
    return new Future(batch.submission, local, facts.key);
  }

  map(options: SubmitOptions, fn: TaskFunction, lists: readonly unknown[]): FutureList {
    checkFunction(fn, "map");
    if (lists.length === 0) {
      throw new HeddleError("InvalidArgument", "map needs at least one list of arguments");
    }
    const { lists: columns, count } = zipped(lists);
    const facts = callFacts(options, fn, columns);
    this.#graphs.checkPlacement(facts.options, facts.name);
    const submission = new Submission(this.#link);
    const list = new FutureList(submission, 0, count, (i) => `${facts.key}[${i}]`);
    const draft = graphOfMap(submission, facts, columns, count, this.#turn.inputOf);
    this.#turn.sentAfter(draft.inputs);
    this.#graphs.sendDraft(submission, draft);
    return list;
  }

  /** Something waits for futures of any calls. */
  endCalls(): void {
    this.#turn.endCalls();
  }
}
