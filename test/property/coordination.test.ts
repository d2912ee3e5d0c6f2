/**
 * @file The coordination machine against simple models that look at everything again after each
 * step: who holds which lease, who gets which item, and when. Clients leave, cancel, run out of
 * time and forget to renew, and the machine is replaced by its own snapshot in between.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Driver, numbersOf, payload } from "../unit/machine/coordination/drive.ts";

interface Ask {
  readonly answer: string;
  readonly client: number;
  /** Times out; never, when infinite. */
  readonly atMs: number;
}

interface Acquire extends Ask {
  readonly names: readonly string[];
  readonly count: number;
  readonly lease: number;
  readonly leaseMs: number;
}

interface Held {
  readonly client: number;
  readonly lease: number;
  readonly names: string[];
  readonly leaseMs: number;
  expiresMs: number;
}

/** Leases by the rule itself: each in turn gets what is neither held nor claimed before it. */
class LeaseModel {
  readonly capacity: ReadonlyMap<string, number>;
  waiting: Acquire[] = [];
  held: Held[] = [];
  readonly answers: Map<string, boolean> = new Map();
  nowMs = 0;

  constructor(capacity: ReadonlyMap<string, number>) {
    this.capacity = capacity;
  }

  acquire(ask: Acquire): void {
    this.waiting.push(ask);
    this.settle();
    if (ask.atMs <= this.nowMs && this.waiting.includes(ask)) this.giveUp(ask);
  }

  giveUp(ask: Acquire): void {
    this.waiting = this.waiting.filter((one) => one !== ask);
    this.answers.set(ask.answer, false);
    this.settle();
  }

  end(isOver: (held: Held) => boolean): void {
    for (const one of this.held.filter(isOver)) {
      // Names come free one after the other: that decides which of several a waiter gets.
      while (one.names.length > 0) {
        one.names.shift();
        if (one.names.length === 0) this.held.splice(this.held.indexOf(one), 1);
        this.settle();
      }
    }
  }

  settle(): void {
    const used = new Map<string, number>();
    const use = (name: string): unknown => used.set(name, (used.get(name) ?? 0) + 1);
    for (const { names } of this.held) names.forEach(use);
    for (const ask of this.waiting) {
      const free = ask.names.filter((name) => (used.get(name) ?? 0) < this.capacity.get(name)!);
      if (free.length >= ask.count) {
        const { client, lease, leaseMs, answer } = ask;
        const names = free.slice(0, ask.count);
        this.waiting = this.waiting.filter((one) => one !== ask);
        this.held.push({ client, lease, names, leaseMs, expiresMs: this.nowMs + leaseMs });
        this.answers.set(answer, true);
        return this.settle();
      }
      ask.names.forEach(use);
    }
  }

  /** Time passes: what is due happens one after the other. */
  pass(nowMs: number): void {
    this.nowMs = nowMs;
    for (;;) {
      const late = this.waiting.reduce<Acquire | undefined>(
        (least, one) => (one.atMs <= nowMs && one.atMs < (least?.atMs ?? Infinity) ? one : least),
        undefined,
      );
      const lapsed = this.held.reduce<Held | undefined>(
        (least, one) =>
          one.expiresMs <= nowMs && one.expiresMs < (least?.expiresMs ?? Infinity) ? one : least,
        undefined,
      );
      if (late === undefined && lapsed === undefined) return;
      if ((late?.atMs ?? Infinity) < (lapsed?.expiresMs ?? Infinity)) this.giveUp(late!);
      else this.end((one) => one === lapsed);
    }
  }
}

const NAMES = ["a", "b", "c"];
const client = fc.nat(3);
const leaseStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      client,
      names: fc.shuffledSubarray(NAMES, { minLength: 1 }),
      count: fc.integer({ min: 1, max: 3 }),
      timeout: fc.constantFrom(0, 21, 41, Infinity),
      lapses: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renew" as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), client }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(10, 20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);
type LeaseStep = typeof leaseStep extends fc.Arbitrary<infer S> ? S : never;

/** Plays one step on both; `number` makes times unique where their order would matter. */
function play(
  d: Driver,
  model: LeaseModel,
  kind: "lock" | "semaphore",
  step: LeaseStep,
  number: number,
): void {
  switch (step.do) {
    case "acquire": {
      const names = kind === "lock" ? step.names : step.names.slice(0, 1);
      const count = Math.min(step.count, names.length);
      const { client, timeout } = step;
      const leaseMs = step.lapses ? 25 + number / 1000 : Infinity;
      const answer = d.ask(client, {
        kind: "acquire",
        pool: kind,
        names,
        count,
        lease: number,
        ...(timeout === Infinity ? {} : { timeoutMs: timeout }),
        ...(leaseMs === Infinity ? {} : { leaseTimeoutMs: leaseMs }),
      });
      const atMs = model.nowMs + timeout;
      model.acquire({ answer, client, names, count, lease: number, leaseMs, atMs });
      return;
    }
    case "release": {
      const held = model.held[step.which % Math.max(1, model.held.length)];
      if (held === undefined) return;
      const { client, lease } = held;
      expect(d.now(client, { kind: "release-lease", lease })).toBe(true);
      expect(d.now(client, { kind: "release-lease", lease })).toBe(false);
      return model.end((one) => one === held);
    }
    case "cancel": {
      const ask = model.waiting[step.which % Math.max(1, model.waiting.length)];
      if (ask === undefined) return;
      d.cancel(ask.answer);
      expect(d.answers.get(ask.answer)).toBe("Cancelled");
      model.waiting = model.waiting.filter((one) => one !== ask);
      return model.settle();
    }
    case "renew": {
      const own = model.held.filter(({ client }) => client === step.client);
      for (const held of own) held.expiresMs = model.nowMs + held.leaseMs;
      const leases = own.map(({ lease }) => lease);
      expect(d.now(step.client, { kind: "renew", leases: [...leases, -1] })).toEqual([-1]);
      return;
    }
    case "leave":
      d.leave(step.client);
      model.waiting = model.waiting.filter(({ client }) => client !== step.client);
      model.end(({ client }) => client === step.client);
      // Those that waited behind it may go on although it held nothing.
      return model.settle();
    case "pass":
      d.pass(step.ms);
      return model.pass(d.nowMs);
    case "restart":
      d.restart();
      for (const held of model.held) held.expiresMs = model.nowMs + held.leaseMs;
  }
}

function compare(d: Driver, model: LeaseModel, kind: "lock" | "semaphore"): void {
  for (const [answer, value] of model.answers) expect(d.answers.get(answer)).toBe(value);
  for (const { answer } of model.waiting) expect(d.answers.has(answer)).toBe(false);
  for (const [name, capacity] of model.capacity) {
    const held = model.held.filter(({ names }) => names.includes(name)).length;
    expect(held).toBeLessThanOrEqual(capacity);
    expect(d.now(9, { kind: "lease-count", pool: kind, name })).toBe(held);
  }
}

it.each([
  ["lock" as const, new Map(NAMES.map((name) => [name, 1]))],
  ["semaphore" as const, new Map(NAMES.map((name, i) => [name, i + 1]))],
])("each %s is given in turn, never to too many, and comes back exactly once", (kind, capacity) => {
  fc.assert(
    fc.property(fc.array(leaseStep, { maxLength: 60 }), (steps) => {
      const d = new Driver();
      const model = new LeaseModel(capacity);
      if (kind === "semaphore") {
        for (const [name, maxLeases] of capacity)
          d.now(9, { kind: "semaphore-open", name, maxLeases });
      }
      steps.forEach((step, number) => {
        play(d, model, kind, step, number);
        compare(d, model, kind);
      });
      for (let one = 0; one < 4; one++) d.leave(one);
      const names = kind === "lock" ? 0 : capacity.size;
      expect(d.machine.totals).toEqual({ names, bytes: 0, waiting: 0, tasks: 0 });
    }),
    { numRuns: 400 },
  );
});

/** A queue by the rule itself. */
class QueueModel {
  readonly maxsize: number;
  items: number[] = [];
  putters: { answer: string; client: number; value: number; atMs: number }[] = [];
  getters: { answer: string; client: number; count: number; got: number[]; atMs: number }[] = [];
  readonly answers: Map<string, unknown> = new Map();

  constructor(maxsize: number) {
    this.maxsize = maxsize;
  }

  settle(): void {
    for (;;) {
      const [getter] = this.getters;
      const hasRoom = this.maxsize === 0 || this.items.length < this.maxsize;
      if (getter !== undefined && getter.got.length === getter.count) {
        this.getters.shift();
        this.answers.set(getter.answer, getter.got);
      } else if (getter !== undefined && this.items.length > 0) {
        getter.got.push(this.items.shift()!);
      } else if (this.putters.length > 0 && (hasRoom || getter !== undefined)) {
        const { answer, value } = this.putters.shift()!;
        this.items.push(value);
        this.answers.set(answer, null);
      } else return;
    }
  }

  /** Removes those who wait and are meant. */
  remove(
    isMeant: (ask: { client: number; answer: string; atMs: number }) => boolean,
    answer?: string,
  ): void {
    // The last first: what it gives back goes to the front.
    for (const getter of this.getters.filter(isMeant).reverse()) {
      this.getters.splice(this.getters.indexOf(getter), 1);
      this.items.unshift(...getter.got);
      if (answer !== undefined) this.answers.set(getter.answer, answer);
    }
    for (const putter of this.putters.filter(isMeant)) {
      this.putters.splice(this.putters.indexOf(putter), 1);
      if (answer !== undefined) this.answers.set(putter.answer, answer);
    }
    this.settle();
  }

  /** Those whose time is over, one after the other. */
  pass(nowMs: number): void {
    for (;;) {
      const late = [...this.getters, ...this.putters]
        .filter(({ atMs }) => atMs <= nowMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (late === undefined) return;
      this.remove((ask) => ask.answer === late.answer, "Timeout");
    }
  }
}

const queueStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      client,
      timeout: fc.constantFrom(0, 21, 41, Infinity),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("get" as const),
      client,
      batch: fc.constantFrom<(number | "all")[]>(1, 1, 2, 3, "all"),
      timeout: fc.constantFrom(0, 21, 41, Infinity),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(10, 20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

it("queues keep order and lose nothing, and keep tasks exactly as long as they hold them", () => {
  fc.assert(
    fc.property(fc.array(queueStep, { maxLength: 60 }), fc.nat(3), (steps, maxsize) => {
      const d = new Driver();
      const model = new QueueModel(maxsize);
      const name = "q";
      steps.forEach((step, number) => {
        const timeout = "timeout" in step ? step.timeout : Infinity;
        // No two times are the same.
        const atMs = d.nowMs + timeout + (timeout === 0 ? 0 : number / 1000);
        const limit = timeout === Infinity ? {} : { timeoutMs: atMs - d.nowMs };
        if (step.do === "put") {
          const { client } = step;
          const item = payload(number, 1000 + number);
          const answer = d.ask(client, {
            kind: "queue-put",
            name,
            payload: item,
            maxsize,
            ...limit,
          });
          model.putters.push({ answer, client, value: number, atMs });
        } else if (step.do === "get") {
          const { client, batch } = step;
          const answer = d.ask(client, { kind: "queue-get", name, batch, maxsize, ...limit });
          const count =
            batch === "all" ? (model.getters.length > 0 ? 0 : model.items.length) : batch;
          if (count === 0) model.answers.set(answer, []);
          // Who does not wait takes nothing from what is too little.
          else if (timeout === 0 && model.items.length < count)
            model.answers.set(answer, "Timeout");
          else model.getters.push({ answer, client, count, got: [], atMs });
        } else if (step.do === "cancel") {
          const all = [...model.getters, ...model.putters];
          const ask = all[step.which % Math.max(1, all.length)];
          if (ask !== undefined) {
            d.cancel(ask.answer);
            model.remove(({ answer }) => answer === ask.answer, "Cancelled");
          }
        } else if (step.do === "leave") {
          d.leave(step.client);
          model.remove(({ client }) => client === step.client);
        } else if (step.do === "pass") d.pass(step.ms);
        else d.restart();
        model.settle();
        model.pass(d.nowMs);

        for (const [answer, value] of model.answers) {
          const real = d.answers.get(answer);
          expect(Array.isArray(real) ? numbersOf(real) : real).toEqual(value);
          if (Array.isArray(real)) d.confirm(answer);
        }
        for (const { answer } of [...model.getters, ...model.putters]) {
          expect(d.answers.has(answer)).toBe(false);
        }
        expect(d.now(9, { kind: "queue-size", name })).toBe(model.items.length);
        const kept = [...model.items, ...model.putters.map(({ value }) => value)];
        for (const { got } of model.getters) kept.push(...got);
        expect([...d.wanted].sort()).toEqual(kept.map((value) => 1000 + value).sort());
      });
      d.now(9, { kind: "queue-close", name });
      expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
    }),
    { numRuns: 400 },
  );
});
