/**
 * @file The scheduler of a cluster, wherever it runs: in a thread of this program, as a process on
 * this host, or as a job. What a cluster needs to know of it is the same.
 */
import type { RemoteOptions } from "../cluster/remote-options.ts";
import type { HeddleError } from "../core/errors.ts";

export interface SchedulerPlace {
  /** The file from which workers and clients read how they get in; there once it listens. */
  readonly connectionFile: string;
  /**
   * How a client gets in; resolves when the scheduler listens. Errors: `ConnectFailed`,
   * `JobFailed`.
   */
  readonly access: Promise<RemoteOptions>;
  /** What has happened in the scheduler, by name, as far as it is known here. */
  logs(): Promise<Readonly<Record<string, string>>>;
  /** Ends it, with all workers, and takes the connection file away. Harmless if it has ended. */
  close(): Promise<void>;
  /** Called when it has ended by itself. */
  onLost: (error: HeddleError) => void;
}

/** What a scheduler is called, and where it leaves how it is reached. */
export interface PlaceName {
  readonly name: string;
  readonly file: string;
}
