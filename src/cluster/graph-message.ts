/** @file A graph on its way to the engine, and on the way back what the engine says of it. */
import type { TaskGraph } from "../core/task-graph.ts";
import { imageOf, shared } from "../threads/graph-image.ts";
import type { Accepted } from "./link.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import type { InputRange } from "./submission.ts";
import type { TaskObserver } from "./watch.ts";

/** What the engine says of the tasks of a watched graph. */
export type Progress = Extract<EngineMessage, { kind: "progress" }>;

/** A graph as it is posted: facts for the scheduler, the image for threads. */
export type GraphMessage = Pick<Extract<ClientMessage, { kind: "graph" }>, "facts" | "image">;

/** Throws `NotSerializable`, naming the variable, when a function or a literal cannot travel. */
export function graphMessage(graph: TaskGraph): GraphMessage {
  const { templates, segments, holders: _, ...columns } = graph;
  return {
    image: imageOf(graph),
    facts: {
      ...columns,
      template: shared(graph.template),
      depOffsets: shared(graph.depOffsets),
      deps: shared(graph.deps),
      rank: shared(graph.rank),
      outputs: shared(graph.outputs),
      templates: templates.map(({ name, lane, options, bound }) => ({
        name,
        ...(lane === undefined ? {} : { lane }),
        ...(options === undefined ? {} : { options }),
        ...(bound === undefined ? {} : { bound }),
      })),
      segments: segments.map(({ columns: __, ...segment }) => segment),
    },
  };
}

/** The message with the ids of the graph's inputs, which have the local ids behind its calls. */
export function withHeld(
  message: GraphMessage,
  count: number,
  inputs: readonly InputRange[],
): GraphMessage {
  if (inputs.length === 0) return message;
  const held = new Int32Array(new SharedArrayBuffer(count * 4)).fill(-1);
  let at = inputs.reduce((rest, range) => rest - range.count, count);
  for (const { submission, first, count: length } of inputs) {
    held.set(submission.idsOf(first, length), at);
    at += length;
  }
  return { ...message, facts: { ...message.facts, held } };
}

/** Tells an observer what the engine says of a graph's tasks, by the graph's own ids. */
export class ProgressTeller {
  readonly #observer: TaskObserver;
  #base = 0;

  constructor(observer: TaskObserver) {
    this.#observer = observer;
  }

  placed({ base }: Accepted): void {
    this.#base = base;
  }

  readonly heard = ({ ids, elapsedMs, failed }: Progress): void => {
    for (let i = 0; i < ids.length; i++) {
      const task = (ids[i] as number) - this.#base;
      const ms = elapsedMs[i] as number;
      this.#observer.began(task);
      this.#observer.ended(task, {
        ...(Number.isNaN(ms) ? {} : { elapsedMs: ms }),
        ...(failed[i] === 1 ? { error: undefined } : {}),
      });
    }
  };
}
