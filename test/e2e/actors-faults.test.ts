/**
 * @file What becomes of actors when parts of their cluster fail: they outlive the scheduler and the
 * connection of who has them, and where they are lost, whoever asks is told, at once and always.
 */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Actor, Client, type Future, isHeddleError } from "../../dist/index.js";
import { addressOf, type Program, Programs, SMALL } from "../fixtures/programs.ts";
import { TcpProxy } from "../lab/tcp-proxy.ts";

class Counter {
  n = 0;

  increment(by = 1): number {
    this.n += by;
    return this.n;
  }

  pid(): number {
    return process.pid;
  }

  /** Never ends. */
  async stay(): Promise<void> {
    await new Promise(() => undefined);
  }
}

const TOKEN = "a token for actors that are lost";

let programs: Programs;
let scheduler: Program;
let workers: Program[];
let address: string;
let client: Client;

beforeEach(async () => {
  programs = new Programs("actors", { HEDDLE_TOKEN: TOKEN });
  scheduler = await startScheduler("0");
  address = addressOf(scheduler);
  const worker = ["worker", address, ...SMALL, "--no-nanny", "--name"];
  workers = await Promise.all(["a", "b"].map((name) => programs.start([...worker, name])));
  client = new Client({ address, token: TOKEN });
  await client.waitForWorkers(2);
});

afterEach(async () => {
  await client.close();
  await programs.remove();
});

async function startScheduler(port: string): Promise<Program> {
  const journal = join(programs.folder, "journal");
  return await programs.scheduler(["--journal", journal, "--no-dashboard"], {}, port);
}

async function made(): Promise<{ future: Future<Actor<Counter>>; actor: Actor<Counter> }> {
  const future = client.options({ actor: true }).submit(Counter);
  const actor = await future.result();
  expect(await actor.increment(40).result()).toBe(40);
  return { future, actor };
}

const add = async (actor: Actor<Counter>, by: number): Promise<number> =>
  await actor.increment(by).result();

async function expectLost(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => expect.unreachable("it should have failed"),
    (reason: unknown) => reason,
  );
  const isLost = (one: unknown): boolean =>
    isHeddleError(one, "Lost") || (one instanceof Error && isLost(one.cause));
  expect(isLost(error), String(error)).toBe(true);
  // Nothing is wrong with the network here.
  expect(String(error)).not.toContain("firewall");
}

test("an actor outlives the scheduler, and can be called while there is none", async () => {
  const { future, actor } = await made();
  scheduler.kill("SIGKILL");
  await scheduler.ended;
  expect(await actor.increment().result()).toBe(41);
  scheduler = await startScheduler(new URL(address).port);
  expect(await client.submit(add, future, 2).result()).toBe(43);
  expect(await actor.n.result()).toBe(43);
  const { actor: next } = await made();
  expect(await next.increment().result()).toBe(41);
});

test("an actor that is lost after the scheduler was started again is not made again", async () => {
  const { future, actor } = await made();
  const pid = await actor.pid().result();
  scheduler.kill("SIGKILL");
  await scheduler.ended;
  scheduler = await startScheduler(new URL(address).port);
  expect(await client.submit(add, future, 2).result()).toBe(42);
  process.kill(pid, "SIGKILL");
  await expectLost(actor.increment().result());
  await expectLost(client.submit(add, future, 1).result());
});

test("an actor outlives the connection of its client", async () => {
  const proxy = await TcpProxy.start(address);
  const away = new Client({ address: proxy.address, token: TOKEN });
  const future = away.options({ actor: true }).submit(Counter);
  const actor = await future.result();
  proxy.refuses = true;
  proxy.cut();
  expect(await actor.increment().result()).toBe(1);
  proxy.refuses = false;
  expect(await away.submit(add, future, 1).result()).toBe(2);
  await away.close();
  await proxy.close();
});

test("calls of an actor whose worker is killed fail, and tasks with it", async () => {
  const { future, actor } = await made();
  const pid = await actor.pid().result();
  const waiting = [actor.stay().result(), actor.increment().result()];
  const failures = waiting.map(expectLost);
  process.kill(pid, "SIGKILL");
  await Promise.all(failures);
  await expectLost(actor.increment().result());
  await expectLost(client.submit(add, future, 1).result());
  await expectLost(future.result().then((again) => again.increment().result()));
});

test("an actor does not move when its worker is retired: it is lost with it", async () => {
  const { future, actor } = await made();
  const place = placeOf(actor);
  await client.retireWorkers({ workers: [place] });
  await Promise.race(workers.map(({ ended }) => ended));
  await expectLost(actor.increment().result());
  await expectLost(client.submit(add, future, 1).result());
  expect(await client.submit((x: number) => x + 1, 1).result()).toBe(2);
});

/** Address of its worker. */
function placeOf(actor: Actor<Counter>): string {
  return / on (\S+)\)$/.exec(String(actor))?.[1] ?? "";
}
