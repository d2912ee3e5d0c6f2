/** @file What tasks of other processes say to the clients: `print`, `warn`, and all they print. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { print, warn } from "../../../dist/cluster/index.js";
import { Client, getClient, LocalCluster } from "../../../dist/index.js";

let cluster: LocalCluster;
let client: Client;

beforeAll(async () => {
  cluster = new LocalCluster({ nWorkers: 1, threadsPerWorker: 1, dashboardAddress: null });
  client = new Client(cluster);
  await client.waitForWorkers(1);
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});
afterEach(() => vi.restoreAllMocks());

/** What this process writes while `use` runs; workers' own output does not go through it. */
async function written(use: () => Promise<unknown>): Promise<string> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
    text += String(piece);
    return true;
  });
  try {
    await use();
  } finally {
    write.mockRestore();
  }
  return text;
}

test("print in a task is seen at the client, before the result, and once", async () => {
  const text = await written(async () => {
    // The second task has a client of its own, which must not print again what was printed.
    await client.submit(() => print("first", { a: 1 })).result();
    const second = async (): Promise<void> => {
      await getClient()
        .submit(() => 1)
        .result();
      print("second");
    };
    await client.submit(second).result();
    await client.submit(() => print("third")).result();
  });
  expect(text).toBe("first { a: 1 }\nsecond\nthird\n");
});

test("warn in a task warns at the client", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  await client.submit(() => warn("mind the gap")).result();
  await vi.waitFor(() => expect(warned).toHaveBeenCalledWith("mind the gap", "HeddleWarning"));
});

test("outside of tasks they print and warn here", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  warn("here");
  expect(warned).toHaveBeenCalledWith("here", "HeddleWarning");
  expect(await written(async () => print("%d of %d", 1, 2))).toBe("1 of 2\n");
});

test("forwardLogging shows all that is written on workers, until it is ended", async () => {
  const log = async (text: string): Promise<void> => {
    await getClient()
      .submit((x: string) => x, text)
      .result();
    console.log(text);
  };
  const text = await written(async () => {
    await client.forwardLogging();
    await client.submit(log, "seen").result();
    await client.unforwardLogging();
    await client.submit(log, "not seen").result();
  });
  expect(text).toBe("seen\n");
});
