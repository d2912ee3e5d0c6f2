/**
 * @file `heddle`: compute, delayed calls, futures, errors and configuration. Collections have
 * subpaths of their own.
 */
import { referToAll } from "./functions/index.ts";
import * as self from "./index.ts";

export {
  type Actor,
  ActorFuture,
  asCompleted,
  Client,
  type ClientComputeOptions,
  type ClientOptions,
  type ComputeOptions,
  Event,
  Future,
  FutureList,
  fireAndForget,
  getClient,
  getWorker,
  LocalCluster,
  type LocalClusterOptions,
  Lock,
  MultiLock,
  Queue,
  Reschedule,
  rejoin,
  Semaphore,
  type SubmitOptions,
  secede,
  Variable,
  type WaitOptions,
  wait,
  workerClient,
} from "./cluster/index.ts";
export { type ClassCodec, registerClass } from "./codec/index.ts";
export { config } from "./config/index.ts";
export { Callback } from "./core/callbacks.ts";
export { type Collection, CollectionBase, type Lowered } from "./core/collection.ts";
export { type ErrorCode, HeddleError, isHeddleError } from "./core/errors.ts";
export type { Arg, Layer, TaskOptions, TaskRef, Template } from "./core/graph.ts";
export { tokenize } from "./core/token.ts";
export { formatBytes, formatTime, parseBytes, parseTimedelta } from "./core/units.ts";
export {
  annotate,
  bind,
  checkpoint,
  clone,
  compute,
  Delayed,
  type DelayedFunction,
  type DelayedOptions,
  delayed,
  getAnnotations,
  isCollection,
  isDaskCollection,
  isHeddleCollection,
  optimize,
  persist,
  sizeof,
  span,
  timed,
  visualize,
  waitOn,
} from "./delayed/index.ts";
export {
  createDistributedCluster,
  createGpuCluster,
  createLocalCluster,
  createSlurmCluster,
  setupGpuCluster,
} from "./deploy/create.ts";

referToAll(import.meta.url, self);
