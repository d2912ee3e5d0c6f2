/**
 * @file A supervisor's connection to the scheduler: deaths of its workers are reported at once, and
 * orders about them are carried out and answered.
 */
import { hostname } from "node:os";
import { type Comm, connect } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { CallOutcome } from "../functions/index.ts";
import { ownHello } from "./own-hello.ts";
import { SupervisorPlugins } from "./plugins/supervisor-plugins.ts";
import type { RemoteOptions } from "./remote-options.ts";
import type { ProcessDeath } from "./supervisor.ts";
import {
  type FromSupervisor,
  fromSupervisor,
  type ToSupervisor,
  toSupervisor,
} from "./wire/supervisor-messages.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface SupervisorLinkOptions extends RemoteOptions {
  /** The supervisor's name in the cluster. */
  readonly id: string;
  /** The scheduler is given up when it is out of reach for so long. */
  readonly deathMs: number;
}

/** How the connection has come to its end. */
export type LinkEnd =
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "lost"; readonly error: HeddleError };

export class SupervisorLink {
  /** Called once, when the scheduler stops the workers, is closed or is given up. */
  onEnded: (end: LinkEnd) => void = () => undefined;
  readonly #comm: Comm<ToSupervisor, FromSupervisor>;
  #pool: WorkerPool | undefined;
  #plugins: SupervisorPlugins | undefined;
  /** Orders that came before there was a pool. */
  #early: ToSupervisor[] = [];
  #hasEnded = false;

  private constructor(comm: Comm<ToSupervisor, FromSupervisor>) {
    this.#comm = comm;
    comm.onMessages = (messages) => {
      for (const message of messages) this.#hear(message);
    };
    comm.onClosed = (error) => {
      if (error === undefined) this.#end({ kind: "stopped", reason: "the scheduler was closed" });
      else this.#end({ kind: "lost", error });
    };
    comm.onReconnected = ({ fresh }) => {
      if (fresh) this.#tellNames();
    };
  }

  /** Connects to the scheduler. Errors as in `connect`. */
  static async open(options: SupervisorLinkOptions): Promise<SupervisorLink> {
    const { address, token, security, id, deathMs, connectMs } = options;
    const facts = { host: hostname(), pid: process.pid };
    const comm = await connect<ToSupervisor, FromSupervisor>(address, {
      hello: ownHello("supervisor", id, facts),
      token,
      security,
      incoming: toSupervisor,
      outgoing: fromSupervisor,
      connectMs: connectMs ?? deathMs,
      reconnectMs: deathMs,
    });
    return new SupervisorLink(comm);
  }

  /** The workers that orders are about. */
  serve(pool: WorkerPool): void {
    this.#pool = pool;
    this.#plugins = new SupervisorPlugins(pool);
    this.#tellNames();
    for (const message of this.#early.splice(0)) this.#hear(message);
  }

  workerDied(name: string, death: ProcessDeath): void {
    this.#comm.send({ kind: "workerDied", name, ...death });
  }

  /** The workers have become others. */
  changed(): void {
    this.#tellNames();
  }

  /** Whether the scheduler is there, and has not told the workers to end. */
  get isOpen(): boolean {
    return !this.#hasEnded && this.#comm.state === "open";
  }

  /** Says that it goes, and closes the connection. */
  async close(reason: string): Promise<void> {
    this.#hasEnded = true;
    this.#comm.send({ kind: "leaving", reason });
    await this.#comm.close(reason);
  }

  #tellNames(): void {
    this.#comm.send({ kind: "workers", names: this.#pool?.names ?? [] });
  }

  #end(end: LinkEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.onEnded(end);
  }

  #hear(message: ToSupervisor): void {
    if (message.kind === "stop") return this.#end({ kind: "stopped", reason: message.reason });
    const isPlugin = message.kind === "setUp" || message.kind === "tearDown";
    if (isPlugin && this.#plugins === undefined) {
      this.#early.push(message);
      return;
    }
    const { request } = message;
    this.#obey(message).then(
      (outcome) =>
        this.#comm.send({
          kind: "answer",
          request,
          ...(outcome === undefined ? {} : { outcome }),
        }),
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        this.#comm.send({ kind: "answer", request, error: text });
      },
    );
  }

  async #obey(order: Exclude<ToSupervisor, { kind: "stop" }>): Promise<CallOutcome | undefined> {
    if (order.kind === "setUp") return await this.#plugins?.setUp(order.name, order.plugin);
    if (order.kind === "tearDown") return await this.#plugins?.tearDown(order.name);
    const pool = this.#pool;
    if (pool === undefined) throw new HeddleError("NoWorkers", "there are no workers yet");
    if (order.kind === "restart") await pool.restart(order.name, { force: order.force });
    else if (order.kind === "end") await pool.end(order.name);
    else await pool.scale(order.workers);
    this.#tellNames();
    return undefined;
  }
}
