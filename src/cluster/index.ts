/** @file `heddle/distributed`: clients, futures and engines. */
import { referToAll } from "../functions/index.ts";
import * as self from "./index.ts";

export { type Actor, isActor } from "../actors/actor.ts";
export { ActorFuture } from "../actors/future.ts";
export { Security, type SecurityOptions } from "../comm/security.ts";
export { makeToken } from "../comm/token.ts";
export type { ActorMaker } from "./actor-maker.ts";
export type { ActiveMemoryManager, AmmOptions } from "./amm.ts";
export {
  type AsCompletedOptions,
  asCompleted,
  fireAndForget,
  type WaitOptions,
  type WaitResult,
  wait,
} from "./as-completed.ts";
export type { ActorOptions, SubmitOptions } from "./call-facts.ts";
export { Client } from "./client.ts";
export type { ClientComputeOptions } from "./client-compute.ts";
export type {
  HardwareRates,
  RestartOptions,
  RetireOptions,
  WorkerRunOptions,
} from "./client-control.ts";
export type { EventListener, LoggedEvent } from "./client-shared.ts";
export type { ClientOptions, ClientTarget } from "./client-target.ts";
export type {
  GivenTasks,
  LogEntry,
  RunningCall,
  TaskStoryEntry,
  WorkersOption,
} from "./client-view.ts";
export {
  getClient,
  getWorker,
  Reschedule,
  rejoin,
  secede,
  type WorkerContext,
  workerClient,
} from "./context.ts";
export type { Versions } from "./control/ops.ts";
export type { TaskStreamEntry } from "./control/task-stream.ts";
export type { ClusterVersions } from "./control/versions.ts";
export {
  type AcquireOptions,
  Event,
  type Hold,
  Lock,
  type LockOptions,
  MultiLock,
  type MultiLockOptions,
  Queue,
  type QueueGetOptions,
  type QueueOptions,
  Semaphore,
  type SemaphoreOptions,
  Variable,
} from "./coordination/index.ts";
export type { DictGraph } from "./dict-graph.ts";
export type { EngineHandle, EngineOptions } from "./embedded.ts";
export { ClientExecutor, type ShutdownOptions } from "./executor.ts";
export { Future, FutureList, type FutureStatus, isFuture } from "./future.ts";
export { type Gang, group } from "./gang.ts";
export type { GangContext } from "./gang-context.ts";
export type { ReducibleArray, Reduction } from "./gang-reduce.ts";
export { getGang } from "./gang-seat.ts";
export type { GatherOptions } from "./gather.ts";
export { LocalCluster, type LocalClusterOptions } from "./local-cluster.ts";
export type { EngineInfo, WorkerInfo } from "./messages.ts";
export { type PerformanceReportOptions, performanceReport } from "./performance-report.ts";
export {
  Environ,
  ForwardOutput,
  NpmInstall,
  SchedulerUploadFile,
  UploadDirectory,
  UploadFile,
} from "./plugins/built-in.ts";
export type {
  Plugin,
  RegisterOptions,
  SchedulerContext,
  SchedulerPlugin,
  SupervisorContext,
  SupervisorPlugin,
  WorkerPlugin,
} from "./plugins/plugin.ts";
export type { Profile, ProfiledThread, ProfileNode } from "./profile.ts";
export type { ComputeOptions, GraphRunner, RunOptions } from "./run-collections.ts";
export { print, warn } from "./say.ts";
export type { ScatterOptions } from "./scatter.ts";
export type { ProfileOptions } from "./take-profile.ts";
export { type CollectedTasks, getTaskMetadata, type TaskMetadata } from "./task-metadata.ts";
export type { Gathered, Lazy } from "./types.ts";

referToAll(import.meta.url, self);
