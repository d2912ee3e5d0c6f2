/**
 * @file Layers over values that an engine keeps: what persisted collections, and those that other
 * clients have published, are made of.
 */
import type { HeldTasks, Layer } from "../core/graph.ts";
import { unique } from "./call-facts.ts";
import type { Submission } from "./future.ts";

/** Refers to tasks of a graph until the returned function is called. */
export function keepOutputs(submission: Submission, locals: Int32Array): () => void {
  const { link } = submission;
  submission.whenPlaced(() => {
    for (const id of submission.idsAt(locals)) link.machine.retain(id);
  });
  return () => {
    submission.whenPlaced(() => {
      link.release(submission.idsAt(locals));
    });
  };
}

const held = new FinalizationRegistry<() => void>((release) => release());

/**
 * A layer over values that the engine keeps for as long as the layer's `held` object is reachable:
 * then `release` is called.
 */
export function heldLayer(handle: HeldTasks, release: () => void): Layer {
  const { ids } = handle;
  held.register(handle, release);
  return {
    name: `held-${unique()}`,
    kind: "data",
    count: ids.length,
    templates: [],
    inputs: [],
    depOffsets: new Int32Array(ids.length + 1),
    deps: new Int32Array(0),
    columns: [],
    held: handle,
    pure: false,
  };
}
