/**
 * @file `heddle/delayed`: lazy function calls, and what works on any lazy collection.
 */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export {
  isCollection,
  isCollection as isDaskCollection,
  isCollection as isHeddleCollection,
} from "../core/collection.ts";
export { sizeof } from "../core/sizeof.ts";
export { annotate, getAnnotations } from "./annotate.ts";
export { compute, optimize, persist } from "./compute.ts";
export { type DelayedFunction, type DelayedOptions, delayed } from "./create.ts";
export { Delayed } from "./delayed-value.ts";
export { bind, checkpoint, clone, waitOn } from "./graph-manipulation.ts";
export { span } from "./span.ts";
export { timed } from "./timed.ts";
export type { Computed, Lazy, LazyValue } from "./types.ts";
export { type Drawing, type DrawingFormat, type VisualizeOptions, visualize } from "./visualize.ts";

referToAll(import.meta.url, self);
