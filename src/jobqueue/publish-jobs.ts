/**
 * @file What a cluster's jobs are doing, where other programs can read it: in the metadata of its
 * scheduler. `heddle jobs` and `DaskCluster.monitor()` read it. Written when something has changed,
 * one write at a time.
 */
import { setMetadata } from "../cluster/coordination/shared.ts";
import type { EngineLink } from "../cluster/link.ts";
import type { Json } from "../codec/registry.ts";
import type { JobView } from "../machine/jobs/events.ts";

/** A job, with the group of workers that it is of; times are milliseconds since 1970. */
export interface ClusterJob extends JobView {
  readonly group: string;
}

/** What lies in the metadata at `["jobs", <name of the cluster>]`. */
export interface PublishedJobs {
  readonly cluster: string;
  /** Name of the batch system, as in the configuration. */
  readonly system: string;
  /** When this was written, in milliseconds since 1970: nothing has changed since. */
  readonly changedMs: number;
  readonly jobs: readonly ClusterJob[];
}

/** Key of the metadata; below it each cluster has a key of its own. */
export const JOBS_KEY = "jobs";

/** Time between two writes. */
const PAUSE_MS = 250;

/** The cluster, for its publisher. */
export interface JobSource {
  readonly name: string;
  readonly system: string;
  readonly jobs: readonly ClusterJob[];
  /** A connection to the scheduler. */
  connect(): Promise<EngineLink>;
}

/** Writes what changes; whoever owns it says `changed()` when it may have, and `close()`. */
export class JobPublisher {
  readonly #source: JobSource;
  #written = "";
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isClosed = false;

  constructor(source: JobSource) {
    this.#source = source;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#isClosed || this.#isWriting || this.#timer !== undefined) return;
    // Jobs change many at a time, and this program may end at any time.
    this.#timer = setTimeout(() => this.#begin(), PAUSE_MS);
    this.#timer.unref();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#timer = undefined;
    const { name, system, jobs } = this.#source;
    const text = JSON.stringify({ cluster: name, system, jobs });
    if (this.#isClosed || text === this.#written) return;
    this.#isWriting = true;
    this.#write(text)
      .then(() => {
        this.#written = text;
      })
      // Without a scheduler there is nobody to read it either.
      .catch(() => undefined)
      .finally(() => {
        this.#isWriting = false;
        if (this.#written === text) this.changed();
      });
  }

  async #write(text: string): Promise<void> {
    const link = await this.#source.connect();
    const published = { ...(JSON.parse(text) as object), changedMs: Date.now() };
    await setMetadata(link.coordination, [JOBS_KEY, this.#source.name], published as Json);
  }
}
