/**
 * @file The supervisors of a cluster's workers, as the scheduler sees them: they tell it of deaths,
 * and it gives them orders about the workers that they look after.
 */
import type { Comm } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import { type CallOutcome, outcomeOf } from "../functions/index.ts";
import type { SupervisorDesk } from "./control/plugin-registry.ts";
import type { EventLog } from "./event-log.ts";
import type { ProcessDeath } from "./supervisor.ts";
import type { FromSupervisor, ToSupervisor } from "./wire/supervisor-messages.ts";

type SupervisorComm = Comm<FromSupervisor, ToSupervisor>;

/** An order to one supervisor, before it has a number. */
type Order =
  Exclude<ToSupervisor, { kind: "stop" }> extends infer O
    ? O extends { readonly request: number }
      ? Omit<O, "request">
      : never
    : never;

interface Pending {
  readonly comm: SupervisorComm;
  readonly resolve: (outcome: CallOutcome | undefined) => void;
  readonly reject: (error: HeddleError) => void;
}

export class SupervisorSeats {
  readonly #died: (name: string, death: ProcessDeath) => void;
  readonly #log: EventLog;
  /** Names of the workers of each. */
  readonly #workers = new Map<SupervisorComm, readonly string[]>();
  readonly #pending = new Map<number, Pending>();
  /** What each supervisor gets that comes. */
  readonly #plugins = new Map<string, Uint8Array>();
  /** Runs plugins for the workers that this process itself supervises. */
  #own: SupervisorDesk | undefined;
  #nextRequest = 1;

  /** `died` hears of each worker process that has ended. */
  constructor(died: (name: string, death: ProcessDeath) => void, log: EventLog) {
    this.#died = died;
    this.#log = log;
  }

  get count(): number {
    return this.#workers.size;
  }

  add(comm: SupervisorComm): void {
    const { id } = comm.peer;
    this.#workers.set(comm, []);
    this.#log.info("supervisor {id} joined", { id });
    for (const [name, plugin] of this.#plugins) {
      this.#ask(comm, { kind: "setUp", name, plugin })
        .then((outcome) => this.#noteSetUp(id, name, outcome))
        .catch(() => undefined);
    }
    comm.onMessages = (messages) => {
      for (const message of messages) this.#hear(comm, message);
    };
    comm.onReconnected = ({ fresh }) => {
      if (fresh) comm.abort(new HeddleError("CommClosed", "the session could not go on"));
    };
    comm.onClosed = (error) => {
      this.#workers.delete(comm);
      const reason = error?.message ?? "it has left";
      this.#log[error === undefined ? "info" : "warn"]("supervisor {id} is gone: {reason}", {
        id,
        reason,
      });
      this.#fail(comm, reason);
    };
  }

  /** Whether a supervisor looks after the worker. */
  has(name: string): boolean {
    return this.#supervisorOf(name) !== undefined;
  }

  /** Ends a worker's process; another one follows. Resolves when it has ended. */
  async restart(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#ask(this.#needed(name), { kind: "restart", name, force });
  }

  /** Ends a worker's process that nobody hears of any more, if somebody can; another follows. */
  endSilent(name: string): void {
    if (this.has(name)) this.restart(name, { force: true }).catch(() => undefined);
  }

  /** Ends a worker for good. Resolves when its process has ended. */
  async end(name: string): Promise<void> {
    await this.#ask(this.#needed(name), { kind: "end", name });
  }

  /** This process supervises workers, too. */
  supervisesItself(desk: SupervisorDesk): void {
    this.#own = desk;
  }

  /** Sets a plugin up in every supervisor, or in none. Resolves to the first failure, if any. */
  async setUp(name: string, plugin: Uint8Array): Promise<CallOutcome> {
    this.#plugins.set(name, plugin);
    const asked = [...this.#workers.keys()].map((comm) =>
      this.#ask(comm, { kind: "setUp", name, plugin }).catch(() => undefined),
    );
    const outcomes = await Promise.all([this.#own?.setUp(name, plugin), ...asked]);
    const failed = outcomes.find((outcome) => outcome?.ok === false);
    if (failed !== undefined) await this.tearDown(name);
    return failed ?? (await outcomeOf(async () => undefined));
  }

  /** Ends a plugin in every supervisor. Resolves to the first failure, if any. */
  async tearDown(name: string): Promise<CallOutcome> {
    this.#plugins.delete(name);
    const asked = [...this.#workers.keys()].map((comm) =>
      this.#ask(comm, { kind: "tearDown", name }).catch(() => undefined),
    );
    const outcomes = await Promise.all([this.#own?.tearDown(name), ...asked]);
    const failed = outcomes.find((outcome) => outcome?.ok === false);
    return failed ?? (await outcomeOf(async () => undefined));
  }

  #noteSetUp(id: string, name: string, outcome: CallOutcome | undefined): void {
    if (outcome?.ok !== false) return;
    this.#log.warn("plugin {name} could not be set up in supervisor {id}", { name, id });
  }

  /** Ends all supervisors and their workers. */
  stop(reason: string): void {
    for (const comm of this.#workers.keys()) comm.send({ kind: "stop", reason });
  }

  #needed(name: string): SupervisorComm {
    const comm = this.#supervisorOf(name);
    if (comm !== undefined) return comm;
    throw new HeddleError("NotSupported", `no supervisor looks after the worker ${name}`);
  }

  #supervisorOf(name: string): SupervisorComm | undefined {
    for (const [comm, names] of this.#workers) if (names.includes(name)) return comm;
    return undefined;
  }

  #ask(comm: SupervisorComm, order: Order): Promise<CallOutcome | undefined> {
    const request = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      this.#pending.set(request, { comm, resolve, reject });
      comm.send({ ...order, request } as ToSupervisor);
    });
  }

  #hear(comm: SupervisorComm, message: FromSupervisor): void {
    switch (message.kind) {
      case "workers":
        return this.#name(comm, message.names);
      case "workerDied": {
        const { kind: _, name, ...death } = message;
        if (this.#isAnothers(comm, name)) return this.#refuse(comm, name);
        return this.#died(name, death);
      }
      case "answer": {
        const { request, error, outcome } = message;
        const pending = this.#pending.get(request);
        this.#pending.delete(request);
        if (error === undefined) pending?.resolve(outcome);
        else pending?.reject(new HeddleError("InvalidArgument", error));
        return;
      }
      case "leaving":
        return;
    }
  }

  /** A supervisor speaks of its own workers only: names belong to whoever said them first. */
  #name(comm: SupervisorComm, names: readonly string[]): void {
    const others = names.find((name) => this.#isAnothers(comm, name));
    if (others !== undefined) return this.#refuse(comm, others);
    for (const [other, its] of this.#workers) {
      const left = its.filter((name) => !names.includes(name));
      if (left.length < its.length) this.#workers.set(other, left);
    }
    this.#workers.set(comm, names);
  }

  /** One whose connection is down may be dead, and this one follow it. */
  #isAnothers(comm: SupervisorComm, name: string): boolean {
    for (const [other, names] of this.#workers) {
      if (other !== comm && other.state === "open" && names.includes(name)) return true;
    }
    return false;
  }

  #refuse(comm: SupervisorComm, name: string): void {
    const message =
      `the supervisor "${comm.peer.id}" names the worker "${name}", which another supervisor ` +
      "looks after: give its workers another --name";
    comm.abort(new HeddleError("InvalidArgument", message));
  }

  #fail(gone: SupervisorComm, reason: string): void {
    for (const [request, { comm, reject }] of this.#pending) {
      if (comm !== gone) continue;
      this.#pending.delete(request);
      reject(new HeddleError("CommClosed", `the supervisor is gone: ${reason}`));
    }
  }
}
