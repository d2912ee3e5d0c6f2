/**
 * @file A worker at the other end of a connection, as the scheduler sees it. Says where other
 * workers are reached before it names them.
 */
import type { InstalledGraph, Needs } from "../machine/scheduler/events.ts";
import type { WorkerOrder, WorkerSeat } from "./scheduler-host.ts";
import type { ToWorker } from "./wire/worker-messages.ts";
import type { WorkerHello } from "./worker-hello.ts";
import type { WorkerLoad } from "./worker-host.ts";

export class RemoteWorkerSeat implements WorkerSeat {
  readonly hello: WorkerHello;
  readonly facts: WorkerSeat["facts"];
  load: WorkerLoad = { memoryBytes: 0, peakBytes: 0, spilledBytes: 0, running: 0 };
  /** Why it goes, once it has said so. */
  leaving: string | undefined;
  /** Tasks that have been running for a while: they are blamed if its process dies. */
  working: Int32Array = new Int32Array(0);
  readonly send: (message: ToWorker) => void;
  readonly #addressesOf: (worker: number) => readonly string[] | undefined;
  /** Workers that this one has been told of. */
  readonly #known = new Set<number>();

  constructor(
    hello: WorkerHello,
    send: (message: ToWorker) => void,
    addressesOf: (worker: number) => readonly string[] | undefined,
  ) {
    const { name, threads, memoryLimitBytes, resources, addresses } = hello;
    this.hello = hello;
    const address = addresses[0] as string;
    this.facts = { address, name, threads, memoryLimitBytes, resources };
    this.send = send;
    this.#addressesOf = addressesOf;
  }

  tell(order: WorkerOrder): void {
    if (order.kind === "install") return this.send(installMessage(order.graph));
    if ((order.kind === "lease" || order.kind === "copy") && order.needs !== undefined) {
      this.#introduce(order.needs);
    }
    this.send(order);
  }

  /** The number is never used again. */
  forget(worker: number): void {
    if (!this.#known.delete(worker)) return;
    this.send({ kind: "peers", peers: [], gone: Int32Array.of(worker) });
  }

  #introduce({ holders }: Needs): void {
    const unknown = new Set(holders.filter((worker) => !this.#known.has(worker)));
    if (unknown.size === 0) return;
    const peers = [...unknown].map((worker) => {
      this.#known.add(worker);
      return { worker, addresses: [...(this.#addressesOf(worker) ?? [])] };
    });
    this.send({ kind: "peers", peers, gone: new Int32Array(0) });
  }
}

function installMessage(graph: InstalledGraph): ToWorker {
  const { base, count, serial, graph: facts, body, ids } = graph;
  const held = ids === undefined ? {} : { ids };
  return { kind: "install", base, count, serial, facts, body: body as Uint8Array, ...held };
}
