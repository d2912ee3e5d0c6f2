/**
 * @file A cluster as clients see it: an engine whose scheduler is reached over a connection, one
 * for each client.
 */
import { rememberAccess } from "../actors/access.ts";
import { HeddleError } from "../core/errors.ts";
import { shipAllTexts } from "../functions/index.ts";
import { STATUS } from "../machine/client/client.ts";
import type { EngineHandle } from "./embedded.ts";
import type { EngineLimits } from "./limits.ts";
import { EngineLink } from "./link.ts";
import type { RemoteListener, RemoteOptions } from "./remote-options.ts";
import { RemotePort } from "./remote-port.ts";
import { RemoteValues } from "./remote-values.ts";

export class RemoteEngine implements EngineHandle {
  readonly ready: Promise<void>;
  readonly #options: Promise<RemoteOptions>;
  #address = "";
  readonly #links = new Set<EngineLink>();
  #opened: (opening: Promise<void>) => void = () => undefined;
  #size: EngineLimits;
  #workers: number;
  #planned: EngineLimits | undefined;
  /** Resolves when the planned workers are there, or are not waited for any more. */
  readonly #populated: Promise<void> | undefined;
  #settlePlan: () => void = () => undefined;
  #dashboard: string | undefined;
  /** Called when workers have come or gone, as one of the connections hears it. */
  onSize: () => void = () => undefined;
  /** Why nobody can connect any more. */
  #over: HeddleError | undefined;

  /** `size` is what there will be, as far as is known before the scheduler says it. */
  constructor(
    options: RemoteOptions | Promise<RemoteOptions>,
    size: EngineLimits = { threads: 0, memoryLimitBytes: 0 },
  ) {
    this.#size = size;
    this.#workers = size.workerCount ?? 0;
    if (this.#workers > 0) {
      this.#planned = size;
      this.#populated = new Promise((resolve) => {
        this.#settlePlan = resolve;
      });
    }
    shipAllTexts();
    this.#options = Promise.resolve(options);
    if (!(options instanceof Promise)) this.#address = options.address;
    this.#options.then(
      ({ address }) => {
        this.#address = address;
      },
      () => undefined,
    );
    this.ready = new Promise((resolve) => {
      this.#opened = resolve;
    });
    // Who waits for it hears of a failure; the links hear of it in any case.
    this.ready.catch(() => undefined);
  }

  get address(): string {
    return this.#address;
  }

  /** Task threads of all workers that are there. */
  get threads(): number {
    return this.#size.threads;
  }

  get workerCount(): number {
    return this.#workers;
  }

  get planned(): EngineLimits | undefined {
    return this.#planned;
  }

  get dashboardLink(): string | undefined {
    return this.#dashboard;
  }

  get memoryLimitBytes(): number {
    return this.#size.memoryLimitBytes;
  }

  async access(): Promise<RemoteOptions> {
    return await this.#options;
  }

  connect(): EngineLink {
    const port = new RemotePort();
    const link: EngineLink = new EngineLink(port, port, (own) => new RemoteValues(own, port));
    if (this.#over !== undefined) return link.refuse(this.#over);
    if (this.#planned !== undefined) link.populated = this.#populated;
    this.#links.add(link);
    let welcomed: () => void = () => undefined;
    // Ends with the link, whatever becomes of the connection.
    const isWelcome = link.hold(
      new Promise<void>((resolve) => {
        welcomed = resolve;
      }),
    );
    const listener: RemoteListener = {
      size: (size) => {
        welcomed();
        this.#dashboard = size.dashboard ?? this.#dashboard;
        this.#workers = size.workers;
        if (size.workers >= (this.#planned?.workerCount ?? 0)) this.forgetPlan();
        // Workers are on their way to a cluster that was just made.
        if (size.threads > 0) this.#size = size;
        this.onSize();
      },
      warn: (message) => link.onWarning(message),
      referred: () => link.machine.referred(),
      isPending: (id) => link.machine.statusOf(id) === STATUS.pending,
      closed: (reason) => {
        this.#links.delete(link);
        link.close(reason);
      },
    };
    this.#open(port, listener).catch((error: HeddleError) => listener.closed(error));
    link.ready = isWelcome.then(async () => await link.whenPopulated());
    link.ready.catch(() => undefined);
    this.#opened(link.ready);
    return link;
  }

  /** There may never be as many workers as there were to be at first: nobody waits for them. */
  forgetPlan(): void {
    this.#planned = undefined;
    this.#settlePlan();
  }

  async close(reason: string = "the client was closed"): Promise<void> {
    this.lost(new HeddleError("CommClosed", reason));
  }

  /** The cluster is known to be gone: nobody need wait for its silence. */
  lost(error: HeddleError): void {
    this.#over ??= error;
    this.forgetPlan();
    for (const link of this.#links) link.close(error);
  }

  async #open(port: RemotePort, listener: RemoteListener): Promise<void> {
    const { RemoteConnection } = await import("./remote-connection.ts");
    const options = await this.#options;
    port.givenUp.throwIfAborted();
    rememberAccess(options.address, options);
    port.open(await RemoteConnection.open(options, listener, port.givenUp));
  }
}
