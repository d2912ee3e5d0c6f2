/** @file Uneven tasks leave no thread idle: what one long task delays is nothing but itself. */

import { Client } from "heddle";
import { afterAll, beforeAll, expect, test } from "vitest";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 2, setAsDefault: false });
});
afterAll(() => client.close());

test("all short tasks end while a long one runs, whichever came first", async () => {
  const gate = new BroadcastChannel("heddle-balance");
  const long = async (): Promise<string> =>
    await new Promise((resolve) => {
      const channel = new BroadcastChannel("heddle-balance");
      channel.onmessage = () => {
        channel.close();
        resolve("long");
      };
    });
  const spin = (i: number): number => {
    const end = performance.now() + (i % 5);
    while (performance.now() < end);
    return i;
  };
  const before = client.map(spin, [0, 1, 2, 3]);
  const waiting = client.submit(long);
  const after = client.map(
    spin,
    Array.from({ length: 200 }, (_, i) => i + 10),
  );
  // Would hang if any short task sat behind the long one.
  await before.settled();
  await after.settled();
  expect(waiting.status).toBe("pending");
  expect(await after.results()).toHaveLength(200);
  const timer = setInterval(() => gate.postMessage("go"), 5);
  expect(await waiting.result()).toBe("long");
  clearInterval(timer);
  gate.close();
});
