/** @file A scheduler in a thread of this program. It ends with the program. */
import { tmpdir } from "node:os";
import { LocalProcesses } from "../cluster/local-processes.ts";
import type { RemoteOptions } from "../cluster/remote-options.ts";
import { contactHosts, formatAddress, parseAddress } from "../comm/index.ts";
import { config } from "../config/config.ts";
import type { HeddleError } from "../core/errors.ts";
import { makeSecrets, removeAccess, writeAccess } from "./access-file.ts";
import type { JobValues } from "./job-values.ts";
import type { SchedulerPlace } from "./scheduler-place.ts";
import { listenAddress, type SchedulerSettings } from "./scheduler-settings.ts";

/** What a scheduler is called, and where it leaves how it is reached. */
export interface PlaceName {
  readonly name: string;
  readonly file: string;
}

export class ThreadScheduler implements SchedulerPlace {
  readonly connectionFile: string;
  readonly access: Promise<RemoteOptions>;
  onLost: (error: HeddleError) => void = () => undefined;
  readonly #processes: Promise<LocalProcesses>;

  constructor(values: JobValues, settings: SchedulerSettings, { name, file }: PlaceName) {
    this.connectionFile = file;
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
    removeAccess(this.connectionFile);
  }

  async #open(asked: string, secrets: ReturnType<typeof makeSecrets>): Promise<RemoteOptions> {
    const { token, security } = await secrets;
    const address = await (await this.#processes).listening;
    writeAccess(this.connectionFile, {
      address,
      addresses: allAddresses(asked, address),
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

/** What listens at `asked` may be reached by; `address` is the likeliest. */
export function allAddresses(asked: string, address: string): string[] {
  const [wanted, found] = [parseAddress(asked), parseAddress(address)];
  if (!("host" in wanted && "host" in found)) return [address];
  const hosts = contactHosts(wanted.host);
  return [...new Set([address, ...hosts.map((host) => formatAddress({ ...found, host }))])];
}
