/**
 * @file What all kinds of coordination share: answering, waiting with a timeout, leaving, counting
 * what is kept, and telling the scheduler which tasks are wanted. Every question gets exactly one
 * answer, unless its client leaves first.
 */
import { HeddleError } from "../../core/errors.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import type { CoordinationCommand, OpKind, Payload, ResultOf, WaitingOp } from "./events.ts";
import { type CoordinationLimits, checkTime, payloadBytes, refuse } from "./limits.ts";
import { OwnedTasks } from "./owned-tasks.ts";

/** Who asked, and under which number. */
export interface Asking {
  readonly client: number;
  readonly request: number;
}

/** How a question that waits ends otherwise than by being answered. */
export interface Ways {
  /** Takes it out of where it waits. Nothing is answered yet. */
  readonly leave: () => void;
  /** What it is answered with when its time is over. */
  readonly late: () => HeddleError | boolean;
}

export interface Waiting extends Asking {
  readonly op: WaitingOp;
  readonly ways: Ways;
  readonly deadline: Deadline;
}

export class Desk {
  readonly limits: CoordinationLimits;
  readonly deadlines: Deadlines = new Deadlines();
  readonly tasks: OwnedTasks = new OwnedTasks();
  nowMs = 0;
  #out: CoordinationCommand[] = [];
  /** All that wait, in the order in which they came. */
  readonly #order = new Set<Waiting>();
  readonly #waiting = new Map<number, Map<number, Waiting>>();
  /** Tasks of answers that their clients have not confirmed yet. */
  readonly #delivered = new Map<number, Map<number, Int32Array>>();
  #names = 0;
  #bytes = 0;

  constructor(limits: CoordinationLimits) {
    this.limits = limits;
  }

  say(command: CoordinationCommand): void {
    this.#out.push(command);
  }

  /** The commands since the last call. */
  take(): CoordinationCommand[] {
    const { wanted, released } = this.tasks.changes();
    if (wanted.length > 0) this.say({ kind: "want", ids: wanted });
    if (released.length > 0) this.say({ kind: "release", ids: released });
    const out = this.#out;
    this.#out = [];
    return out;
  }

  answer<K extends OpKind>({ client, request }: Asking, result: ResultOf<K>): void {
    this.say({ kind: "answer", client, request, result });
  }

  /** Answers with payloads; their tasks are kept until the client has confirmed. */
  deliver(
    { client, request }: Asking,
    payloads: readonly Payload[],
    result: ResultOf<OpKind>,
  ): void {
    const ids = payloads.flatMap(({ tasks }) => [...tasks]);
    if (ids.length === 0) return this.answer({ client, request }, result);
    const tasks = Int32Array.from(ids);
    this.keepFor(client, request, tasks);
    this.say({ kind: "answer", client, request, result, confirm: true });
  }

  keepFor(client: number, request: number, tasks: Int32Array): void {
    this.tasks.keep(tasks);
    mapOf(this.#delivered, client).set(request, tasks);
  }

  confirm({ client, request }: Asking): void {
    const tasks = this.#delivered.get(client)?.get(request);
    if (tasks === undefined) return;
    this.tasks.drop(tasks);
    deleteFrom(this.#delivered, client, request);
  }

  refuse({ client, request }: Asking, error: HeddleError): void {
    const { code, message } = error;
    this.say({ kind: "refuse", client, request, error: { code, message } });
  }

  isWaiting({ client, request }: Asking): boolean {
    return this.#waiting.get(client)?.has(request) === true;
  }

  /** Throws unless a question may wait; call it before anything is changed for its sake. */
  checkWait(op: WaitingOp): void {
    checkTime("the timeout", op.timeoutMs);
    if (op.timeoutMs === 0 || this.#order.size < this.limits.waitingMax) return;
    throw refuse("MemoryLimit", `${this.#order.size} requests wait already: no more are taken`);
  }

  /** Lets a question wait until it is settled, called off or late. */
  wait(at: Asking, op: WaitingOp, ways: Ways): Waiting {
    const { client, request } = at;
    const atMs = this.nowMs + (op.timeoutMs ?? Number.POSITIVE_INFINITY);
    const deadline = this.deadlines.add(atMs, () => {
      this.settle(waiting);
      ways.leave();
      this.answerLate(waiting, ways);
    });
    const waiting: Waiting = { client, request, op, ways, deadline };
    this.#order.add(waiting);
    mapOf(this.#waiting, client).set(request, waiting);
    return waiting;
  }

  /** The time of a question is over, or it never had any. */
  answerLate(at: Asking, { late }: Pick<Ways, "late">): void {
    const result = late();
    if (typeof result === "boolean") this.answer<"acquire">(at, result);
    else this.refuse(at, result);
  }

  /** The question waits no longer: whoever calls this answers it. */
  settle(waiting: Waiting): void {
    this.deadlines.callOff(waiting.deadline);
    this.#order.delete(waiting);
    deleteFrom(this.#waiting, waiting.client, waiting.request);
  }

  cancel({ client, request }: Asking): void {
    const waiting = this.#waiting.get(client)?.get(request);
    if (waiting === undefined) return;
    this.settle(waiting);
    waiting.ways.leave();
    this.refuse(waiting, new HeddleError("Cancelled", "the request was cancelled while it waited"));
  }

  /** The client's questions end without answers. */
  clientLeft(client: number): void {
    // The last first: what one leaves goes to a later one, which must not be the client's own.
    const all = [...(this.#waiting.get(client)?.values() ?? [])].reverse();
    for (const waiting of all) {
      this.settle(waiting);
      waiting.ways.leave();
    }
    for (const tasks of this.#delivered.get(client)?.values() ?? []) this.tasks.drop(tasks);
    this.#delivered.delete(client);
  }

  /** All that wait, in the order in which they came. */
  get waiting(): Iterable<Waiting> {
    return this.#order;
  }

  get delivered(): { client: number; request: number; tasks: Int32Array }[] {
    return [...this.#delivered].flatMap(([client, requests]) =>
      [...requests].map(([request, tasks]) => ({ client, request, tasks })),
    );
  }

  /** Counts a new name; throws `MemoryLimit` when there are too many. */
  addName(): void {
    if (this.#names >= this.limits.namesMax) {
      throw refuse("MemoryLimit", `there are ${this.#names} names already: no more are taken`);
    }
    this.#names++;
  }

  dropName(): void {
    this.#names--;
  }

  /** Counts bytes that are to be kept; throws `MemoryLimit` when they are too many. */
  addBytes(bytes: number): void {
    const { bytesMax } = this.limits;
    if (this.#bytes + bytes > bytesMax) {
      throw refuse(
        "MemoryLimit",
        `queues, variables, topics, metadata and datasets hold ${this.#bytes} of ${bytesMax} ` +
          `bytes: ${bytes} more do not fit. Scatter large values, and pass their futures.`,
      );
    }
    this.#bytes += bytes;
  }

  dropBytes(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Throws `MemoryLimit` when a value is too large to pass through here. */
  checkValue(bytes: number): void {
    const { valueBytesMax } = this.limits;
    if (bytes <= valueBytesMax) return;
    throw refuse(
      "MemoryLimit",
      `the value has ${bytes} bytes; at most ${valueBytesMax} go through the scheduler. ` +
        "Scatter it, and pass its future.",
    );
  }

  /** Counts a payload that is to be kept, with its tasks. */
  keep(payload: Payload): void {
    this.checkValue(payload.bytes.length);
    this.addBytes(payloadBytes(payload));
    this.tasks.keep(payload.tasks);
  }

  drop(payload: Payload): void {
    this.dropBytes(payloadBytes(payload));
    this.tasks.drop(payload.tasks);
  }

  /** What is counted, for tests: all of it must be gone when everything is. */
  get totals(): { names: number; bytes: number; waiting: number; tasks: number } {
    const { length } = this.tasks.ids;
    return { names: this.#names, bytes: this.#bytes, waiting: this.#order.size, tasks: length };
  }
}

/** The map of a client, made when it is needed. */
export function mapOf<V>(maps: Map<number, Map<number, V>>, client: number): Map<number, V> {
  let map = maps.get(client);
  if (map === undefined) {
    map = new Map();
    maps.set(client, map);
  }
  return map;
}

/** Deletes an entry, and the client's map with the last. */
export function deleteFrom<V>(
  maps: Map<number, Map<number, V>>,
  client: number,
  key: number,
): void {
  const map = maps.get(client);
  if (map?.delete(key) === true && map.size === 0) maps.delete(client);
}
