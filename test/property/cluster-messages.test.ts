/**
 * @file The scheduler under peers that say anything: valid frames whose content makes no sense are
 * refused with `ProtocolError`, what is not refused never makes the scheduler fail, and honest
 * clients go on.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { RemoteWorkerSeat } from "../../src/cluster/remote-worker-seat.ts";
import { SchedulerHost } from "../../src/cluster/scheduler-host.ts";
import { checkToScheduler } from "../../src/cluster/wire/client-checks.ts";
import { toClient, toScheduler } from "../../src/cluster/wire/client-messages.ts";
import { checkFromWorker } from "../../src/cluster/wire/worker-checks.ts";
import { fromWorker, type ToWorker, toWorker } from "../../src/cluster/wire/worker-messages.ts";
import { isHeddleError } from "../../src/core/errors.ts";
import { joinChunks, type Message, type MessageSet } from "../../src/protocol/index.ts";
import { fromClient, fromWorkers } from "../helpers/hostile-messages.ts";

/** A scheduler with two workers and two clients, whose messages travel as bytes. */
class Lab {
  readonly host: SchedulerHost;
  readonly seats: RemoteWorkerSeat[] = [];
  readonly workers: number[] = [];
  readonly clients: number[] = [];
  readonly heard: { readonly client: number; readonly message: { readonly kind: string } }[] = [];
  refused = 0;
  taken = 0;
  #nowMs = 0;

  constructor() {
    this.host = new SchedulerHost({ address: () => "inproc://lab" }, () => undefined);
    for (let i = 0; i < 2; i++) {
      const hello = {
        name: `w${i}`,
        host: "lab",
        pid: 1,
        threads: 2,
        memoryLimitBytes: 1e9,
        resources: { GPU: 1 },
        addresses: [`tcp://lab:${i}`],
      };
      const send = (message: ToWorker): void => void toWorker.encode([message]);
      const seat = new RemoteWorkerSeat(hello, { send, sendSoon: send }, () => hello.addresses);
      this.seats.push(seat);
      this.workers.push(this.host.addWorker(seat));
      const client: number = this.host.clients.add({
        post: (messages) => {
          for (const message of messages) {
            toClient.encode([message as never]);
            this.heard.push({ client, message });
          }
        },
        values: (from, message) => {
          if (message.kind !== "scatter" || !("bytes" in message)) return;
          this.host.tell([{ ...message, client: from, count: message.bytes.length }]);
        },
        left: () => undefined,
      });
      this.clients.push(client);
    }
    this.turn();
  }

  client(which: number, message: Parameters<typeof checkToScheduler>[0]): boolean {
    return this.#enter(() => {
      const read = travelled(toScheduler, message);
      checkToScheduler(read, this.host.machine.state.tasks.capacity);
      return () => this.host.clients.receive(this.clients[which]!, [read]);
    });
  }

  worker(which: number, message: Parameters<typeof checkFromWorker>[0]): boolean {
    return this.#enter(() => {
      const read = travelled(fromWorker, message);
      checkFromWorker(read);
      return () => {
        if (read.kind === "told") this.seats[which]!.told(read.call, read.outcome);
        else if (!("message" in read) && read.kind in REPORTS) {
          this.host.report(this.workers[which]!, read as never);
        }
      };
    });
  }

  /** Somebody else's work is still taken. */
  expectWork(): void {
    const news: string[] = [];
    const honest = this.host.clients.add({
      post: (messages) => news.push(...messages.map(({ kind }) => kind)),
      values: () => undefined,
      left: () => undefined,
    });
    const one = Int32Array.of(0);
    const facts = {
      count: 1,
      templates: [{ name: "honest" }],
      template: one,
      depOffsets: Int32Array.of(0, 0),
      deps: new Int32Array(0),
      segments: [{ start: 0, count: 1, name: "honest", pure: false }],
      rank: one,
      outputs: one,
    };
    const graph = { kind: "graph" as const, request: 1, facts, body: new Uint8Array(8) };
    checkToScheduler(graph, this.host.machine.state.tasks.capacity);
    this.host.clients.receive(honest, [graph]);
    this.turn();
    expect(news).toContain("accepted");
    this.host.clients.remove(honest);
  }

  turn(): void {
    this.host.step(this.#nowMs++);
    this.host.tellWatchers();
    this.host.clients.flush();
  }

  #enter(read: () => () => void): boolean {
    let take: () => void;
    try {
      take = read();
    } catch (error) {
      if (!isHeddleError(error, "ProtocolError")) throw error;
      this.refused++;
      return false;
    }
    take();
    this.turn();
    this.taken++;
    return true;
  }
}

const REPORTS = Object.fromEntries(
  [
    "finished",
    "erred",
    "returned",
    "replicated",
    "lost",
    "durations",
    "suspended",
    "uninstalled",
    "unreachable",
  ].map((kind) => [kind, true]),
);

/** As it comes out at the other end; what cannot be sent at all is no matter here. */
function travelled<T extends Message>(set: MessageSet<T>, message: T): T {
  let body: Uint8Array;
  try {
    body = joinChunks(set.encode([message]));
  } catch {
    throw new fc.PreconditionFailure();
  }
  return set.decode(body)[0]!;
}

const step = fc.oneof(
  fc.record({ from: fc.constant("client" as const), who: fc.nat(1), message: fromClient }),
  fc.record({ from: fc.constant("worker" as const), who: fc.nat(1), message: fromWorkers }),
);

it("never fails, whatever clients and workers say", () => {
  const seen = { refused: 0, taken: 0 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const lab = new Lab();
      for (const each of steps) {
        if (each.from === "client") lab.client(each.who, each.message);
        else lab.worker(each.who, each.message);
      }
      lab.expectWork();
      for (const client of lab.clients) lab.host.clients.remove(client);
      for (const worker of lab.workers) {
        lab.host.removeWorker(worker, { reason: "the end", cause: "exit" });
      }
      lab.turn();
      seen.refused += lab.refused;
      seen.taken += lab.taken;
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 400) },
  );
  expect(seen.refused).toBeGreaterThan(100);
  expect(seen.taken).toBeGreaterThan(100);
});
