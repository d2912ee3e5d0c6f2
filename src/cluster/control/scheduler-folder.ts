/** @file The scheduler's folder for files of plugins; goes with it. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { config } from "../../config/config.ts";
import { processFolder } from "../../config/process-folder.ts";

export class SchedulerFolder {
  #made: string | undefined;

  /** Whoever writes there makes it. */
  get path(): string {
    this.#made ??= join(config.get("temporary-directory") ?? tmpdir(), processFolder());
    return join(this.#made, "files");
  }

  remove(): void {
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true });
    this.#made = undefined;
  }
}
