/**
 * @file Queues of payloads between any number of clients. Items leave in the order in which they
 * were put; those who wait to put or to get are served in the order in which they came. Who gets
 * several items at once takes them as they come, and gives them back when it leaves before it has
 * all. Invariant: while somebody waits to get, the queue is empty and nobody waits to put.
 */
import { assert, HeddleError } from "../../core/errors.ts";
import type { Asking, Desk, Waiting } from "./desk.ts";
import type { OpOf, Payload } from "./events.ts";
import { Fifo, type FifoNode } from "./fifo.ts";
import { checkCount, checkName, refuse } from "./limits.ts";

type Put = OpOf<"queue-put">;
type Get = OpOf<"queue-get">;

interface Putter {
  readonly waiting: Waiting;
  readonly payload: Payload;
}

interface Getter {
  readonly waiting: Waiting;
  readonly count: number;
  readonly got: Payload[];
}

interface Queue {
  readonly name: string;
  /** 0: any number. */
  readonly maxsize: number;
  readonly items: Fifo<Payload>;
  readonly putters: Fifo<Putter>;
  readonly getters: Fifo<Getter>;
}

export interface SavedQueue {
  readonly name: string;
  readonly maxsize: number;
  readonly items: readonly Payload[];
}

export class Queues {
  readonly #desk: Desk;
  readonly #queues = new Map<string, Queue>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  put(at: Asking, op: Put): void {
    const queue = this.#queueOf(op);
    const { payload } = op;
    const isFull = queue.maxsize > 0 && queue.items.length >= queue.maxsize;
    this.#desk.keep(payload);
    if (queue.getters.length > 0 || !isFull) {
      this.#add(queue, payload);
      return this.#desk.answer<"queue-put">(at, null);
    }
    const late = (): HeddleError =>
      timeout(`queue "${queue.name}" was full (${queue.maxsize} items)`, op.timeoutMs);
    if (op.timeoutMs === 0) {
      this.#desk.drop(payload);
      return this.#desk.answerLate(at, { late });
    }
    const leave = (): void => {
      queue.putters.remove(node);
      this.#desk.drop(payload);
    };
    const waiting = this.#desk.wait(at, op, { leave, late });
    const node = queue.putters.push({ waiting, payload });
  }

  get(at: Asking, op: Get): void {
    if (op.batch !== "all") checkCount("the batch", op.batch, 1);
    const queue = this.#queueOf(op);
    const { items } = queue;
    const count = op.batch === "all" ? items.length : op.batch;
    if (items.length >= count) {
      return this.#give(at, this.#take(queue, count));
    }
    const late = (): HeddleError =>
      timeout(`queue "${queue.name}" had less than ${count} items`, op.timeoutMs);
    if (op.timeoutMs === 0) return this.#desk.answerLate(at, { late });
    const leave = (): void => this.#leave(queue, node);
    const waiting = this.#desk.wait(at, op, { leave, late });
    const getter: Getter = { waiting, count, got: [] };
    const node: FifoNode<Getter> = queue.getters.push(getter);
    this.#serve(queue);
  }

  size(at: Asking, { name }: OpOf<"queue-size">): void {
    this.#desk.answer<"queue-size">(at, this.#queues.get(name)?.items.length ?? 0);
  }

  /** Ends the queue for everybody: what is in it is dropped, and who waits hears of that. */
  close(at: Asking, { name }: OpOf<"queue-close">): void {
    const queue = this.#queues.get(name);
    if (queue !== undefined) {
      const closed = new HeddleError("Cancelled", `queue "${name}" was closed`);
      const all = [...queue.putters, ...queue.getters].map(({ waiting }) => waiting);
      const held = [...queue.items, ...[...queue.getters].flatMap(({ got }) => got)];
      for (const payload of held) this.#desk.drop(payload);
      for (const { payload } of queue.putters) this.#desk.drop(payload);
      for (const waiting of all) {
        this.#desk.settle(waiting);
        this.#desk.refuse(waiting, closed);
      }
      this.#queues.delete(name);
      this.#desk.dropName();
    }
    this.#desk.answer<"queue-close">(at, null);
  }

  /** What getters have taken and not got is back in the queue. */
  save(): SavedQueue[] {
    return [...this.#queues.values()].map(({ name, maxsize, items, getters }) => ({
      name,
      maxsize,
      items: [...[...getters].flatMap(({ got }) => got), ...items],
    }));
  }

  load(saved: readonly SavedQueue[]): void {
    for (const { name, maxsize, items } of saved) {
      const queue = this.#make(name, maxsize);
      for (const payload of items) {
        this.#desk.keep(payload);
        queue.items.push(payload);
      }
    }
  }

  /** Throws `InvariantViolated` when the state contradicts itself; for tests. */
  validate(): void {
    for (const { name, maxsize, items, putters, getters } of this.#queues.values()) {
      const isStuck = getters.length > 0 && items.length + putters.length > 0;
      const hasRoom = putters.length > 0 && items.length < maxsize;
      assert(!isStuck && !hasRoom, `queue "${name}" lets somebody wait for nothing`);
    }
  }

  /** The queue that is meant, made if need be. Throws before anything has changed. */
  #queueOf(op: Put | Get): Queue {
    const { name, maxsize } = op;
    checkName(this.#desk.limits, "queue", name);
    if (maxsize !== undefined) checkCount("maxsize", maxsize, 0);
    this.#desk.checkWait(op);
    const known = this.#queues.get(name);
    if (known === undefined) {
      if (op.kind === "queue-put") this.#desk.checkValue(op.payload.bytes.length);
      return this.#make(name, maxsize ?? 0);
    }
    if (maxsize !== undefined && maxsize !== known.maxsize) {
      throw refuse(
        "InvalidArgument",
        `queue "${name}" was made with maxsize ${known.maxsize}, not ${maxsize}. Use the same ` +
          "number everywhere, another name, or close it first.",
      );
    }
    return known;
  }

  #make(name: string, maxsize: number): Queue {
    this.#desk.addName();
    const queue: Queue = {
      name,
      maxsize,
      items: new Fifo(),
      putters: new Fifo(),
      getters: new Fifo(),
    };
    this.#queues.set(name, queue);
    return queue;
  }

  #add(queue: Queue, payload: Payload): void {
    queue.items.push(payload);
    this.#serve(queue);
  }

  /** Hands items to those who wait for them, first come, first served. */
  #serve(queue: Queue): void {
    for (;;) {
      const getter = queue.getters.first;
      if (getter === undefined || queue.items.length === 0) return;
      const missing = getter.count - getter.got.length;
      const taken = this.#take(queue, Math.min(missing, queue.items.length));
      for (const payload of taken) getter.got.push(payload);
      if (getter.got.length < getter.count) continue;
      queue.getters.shift();
      this.#desk.settle(getter.waiting);
      this.#give(getter.waiting, getter.got);
    }
  }

  /** Takes items out, and lets in what waits for the room. */
  #take(queue: Queue, count: number): Payload[] {
    const taken: Payload[] = [];
    while (taken.length < count) taken.push(queue.items.shift() as Payload);
    while (queue.putters.length > 0 && queue.items.length < queue.maxsize) {
      const { waiting, payload } = queue.putters.shift() as Putter;
      this.#desk.settle(waiting);
      queue.items.push(payload);
      this.#desk.answer<"queue-put">(waiting, null);
    }
    return taken;
  }

  #give(at: Asking, payloads: readonly Payload[]): void {
    this.#desk.deliver(at, payloads, payloads);
    for (const payload of payloads) this.#desk.drop(payload);
  }

  /** A getter leaves: what it has taken goes to the next, or back to where it was. */
  #leave(queue: Queue, node: FifoNode<Getter>): void {
    queue.getters.remove(node);
    for (const payload of node.value.got.reverse()) queue.items.unshift(payload);
    this.#serve(queue);
  }
}

function timeout(what: string, timeoutMs: number | undefined): HeddleError {
  return new HeddleError("Timeout", `${what} for ${timeoutMs} ms`);
}
