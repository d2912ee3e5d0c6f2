import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, Event } from "../../../dist/index.js";

let client: Client;

beforeAll(() => {
  client = new Client({ threads: 2 });
});
afterAll(async () => await client.close());

const square = (x: number): number => x * x;

test("gives promises of values, and runs equal calls again", async () => {
  const executor = client.getExecutor();
  expect(await executor.submit(square, 7)).toBe(49);
  expect(await executor.submit(square, client.submit(square, 3))).toBe(81);
  const random = (): number => Math.random();
  expect(await executor.submit(random)).not.toBe(await executor.submit(random));
  const pure = client.getExecutor({ pure: true });
  const first = client.submit(random);
  expect(await pure.submit(random)).toBe(await first.result());
  const failed = executor.submit(() => {
    throw new RangeError("no");
  });
  await expect(failed).rejects.toMatchObject({ code: "TaskFailed" });
});

test("maps in order, value by value; who leaves cancels the rest", async () => {
  const executor = client.getExecutor();
  const values: number[] = [];
  for await (const value of executor.map(square, [3, 1, 2])) values.push(value);
  expect(values).toEqual([9, 1, 4]);
  const go = new Event("go");
  const wait = async (x: number): Promise<number> => {
    if (x > 0) await new Event("go").wait();
    return x;
  };
  for await (const value of executor.map(wait, [0, 1, 2, 3, 4])) {
    expect(value).toBe(0);
    break;
  }
  // Without the cancellation this would wait for the event.
  await executor.shutdown();
  await go.set();
});

test("takes nothing after its shutdown, which waits or cancels", async () => {
  const executor = client.getExecutor();
  const running = executor.submit(async () => {
    await new Event("ended").wait();
    return 1;
  });
  const ended = executor.shutdown();
  await expect(executor.submit(square, 1)).rejects.toThrow("shut down");
  expect(() => executor.map(square, [1])).toThrow("shut down");
  await new Event("ended").set();
  await ended;
  expect(await running).toBe(1);
  const other = client.getExecutor();
  const never = other.submit(async () => await new Event("never").wait());
  const cancelled = expect(never).rejects.toMatchObject({ code: "Cancelled" });
  await other.shutdown({ cancel: true });
  await cancelled;
  await expect(other.shutdown({ cancels: true } as never)).rejects.toThrow('did you mean "cancel"');
});

test("graphs written as objects are computed", async () => {
  const add = (x: number, y: number): number => x + y;
  const graph = { x: 1, y: [square, 3], z: [add, "x", [add, "y", 5]] };
  expect(await client.get(graph, "z")).toBe(15);
  expect(await client.get(graph, ["x", "y"])).toEqual([1, 9]);
  await expect(client.get({ a: [square, "a"] }, "a")).rejects.toMatchObject({
    code: "CycleInGraph",
  });
});
