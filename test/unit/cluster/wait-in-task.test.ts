/** @file What a task waits for goes with it when nobody wants it any more. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, Event, getClient } from "../../../dist/index.js";

let client: Client;

beforeAll(() => {
  client = new Client({ embedded: true });
});

afterAll(async () => {
  await client.close();
});

const never = async (name: string): Promise<void> => {
  await new Event(`${name} began`).set();
  await new Promise<void>(() => undefined);
};

async function untilNothingRuns(): Promise<void> {
  for (;;) {
    const running = Object.values(await client.processing()).flat();
    if (running.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

type Parent = (child: typeof never, name: string) => Promise<unknown>;

const parents: Readonly<Record<string, Parent>> = {
  "a future": (child, name) => getClient().submit(child, name).result(),
  "a list of futures": (child, name) => getClient().map(child, [name]).results(),
};

for (const [what, parent] of Object.entries(parents)) {
  test(`a task that waits for ${what} is cancelled, and so is what it waits for`, async () => {
    const future = client.options({ pure: false }).submit(parent, never, what);
    await Promise.race([new Event(`${what} began`).wait(), future.result()]);
    await future.cancel();
    await untilNothingRuns();
    expect(future.status).toBe("cancelled");
  });
}
