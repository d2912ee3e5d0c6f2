/**
 * @file How an engine is set up. Without anything of Node's, whose types programs need not know.
 */
/** How the control thread is started. */
export interface EngineSettings {
  readonly threads: number;
  /** `config.serialize()` of the thread that starts the engine, for the engine and its tasks. */
  readonly configuration: string;
  readonly memoryLimitBytes: number;
  readonly spillDirectory: string;
  /** Through this, queries of the table thread are stopped from other threads. */
  readonly interruptCell: SharedArrayBuffer;
  readonly allowedFailures: number;
  readonly validate: boolean;
  readonly resources: Readonly<Record<string, number>>;
  /** V8 heap of each task thread. */
  readonly threadHeapMb: number;
  /** The part of it for young objects. */
  readonly threadYoungMb: number;
}
