/** @file What a worker process is started with; travels to it by a private channel. */
export interface WorkerSettings {
  /** Unique in the cluster; the same for the processes that follow each other. */
  readonly name: string;
  /** The scheduler's addresses, best first. */
  readonly scheduler: readonly string[];
  readonly token?: string;
  /** Where the worker listens for those who fetch values. */
  readonly listen: readonly string[];
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly localDirectory: string;
  /** `config.serialize()` of whoever starts it. */
  readonly configuration: string;
  readonly validate: boolean;
  readonly environ: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
}
