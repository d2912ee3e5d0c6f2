/** @file A scheduler in a thread of this program. It ends with the program. */
import { tmpdir } from "node:os";
import { LocalProcesses } from "../cluster/local-processes.ts";
import type { RemoteOptions } from "../cluster/remote-options.ts";
import { contactAddresses } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { HeddleError } from "../core/errors.ts";
import { makeSecrets, refuseTaken, removeAccess, writeAccess } from "./access-file.ts";
import type { JobValues } from "./job-values.ts";
import type { PlaceName, SchedulerPlace } from "./scheduler-place.ts";
import { listenAddress, type SchedulerSettings } from "./scheduler-settings.ts";

export class ThreadScheduler implements SchedulerPlace {
  readonly connectionFile: string;
  readonly access: Promise<RemoteOptions>;
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #name: string;
  readonly #processes: Promise<LocalProcesses>;
  #token: string | undefined;
  /** What a program leaves that does not close its cluster. */
  readonly #forget = (): void => removeAccess(this.connectionFile, this.#token);

  constructor(values: JobValues, settings: SchedulerSettings, { name, file }: PlaceName) {
    this.connectionFile = file;
    this.#name = name;
    const address = listenAddress(values, settings);
    const configuration = config.serialize();
    const secrets = makeSecrets(settings);
    this.#processes = secrets.then(({ token, security }) => {
      const processes = new LocalProcesses({
        name,
        address,
        token,
        configuration,
        dashboardAddress: settings.dashboardAddress,
        worker: {
          ...NO_WORKER,
          ...(security === undefined ? {} : { security: security.withTexts() }),
        },
      });
      processes.onLost = (error) => this.onLost(error);
      return processes;
    });
    this.access = this.#open(address, secrets);
    this.access.catch(() => undefined);
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    return await (await this.#processes).logs();
  }

  async close(): Promise<void> {
    await (await this.#processes).close();
    process.off("exit", this.#forget);
    this.#forget();
  }

  async #open(asked: string, secrets: ReturnType<typeof makeSecrets>): Promise<RemoteOptions> {
    const { token, security } = await secrets;
    const address = await (await this.#processes).listening;
    await refuseTaken(this.connectionFile, this.#name);
    this.#token = token;
    process.once("exit", this.#forget);
    writeAccess(this.connectionFile, {
      address,
      addresses: contactAddresses(asked, address),
      token,
      ...(security === undefined ? {} : { security: security.withTexts() }),
      configuration: config.serializeForHosts(),
      facts: { type: "scheduler", pid: process.pid },
    });
    return { address, token, security };
  }
}

/** All workers are jobs. */
const NO_WORKER = {
  listen: [],
  threads: 1,
  memoryLimitBytes: 0,
  resources: {},
  localDirectory: tmpdir(),
  validate: false,
  environ: {},
  nodeOptions: [],
  preload: [],
} as const;
