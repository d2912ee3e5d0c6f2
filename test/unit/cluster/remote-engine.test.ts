/**
 * @file Connections to a cluster: when they can be used, and that nobody waits for one that is
 * gone.
 */
import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { Client, LocalCluster } from "../../../dist/index.js";

const OPTIONS = { nWorkers: 1, threadsPerWorker: 2, dashboardAddress: "127.0.0.1:0" };

test("ready means that this connection is there, and what the cluster has is known", async () => {
  await using cluster = new LocalCluster(OPTIONS);
  await using first = new Client(cluster);
  await first.ready;
  const access = await cluster.engine.access?.();
  const remote = { address: access?.address ?? "", token: access?.token ?? "" };
  await using client = new Client(remote);
  await client.ready;
  expect(client.threads).toBe(2);
  expect(client.dashboardLink).toBe(cluster.dashboardLink);
  expect(String(client)).toContain("1 worker, 2 threads");
});

test("a closed cluster has no more clients", async () => {
  for (const processes of [true, false]) {
    const cluster = new LocalCluster({ ...OPTIONS, processes });
    await using first = new Client(cluster);
    await first.ready;
    await cluster.close();
    await using client = new Client(cluster);
    const gone = { code: "CommClosed" };
    await expect(client.ready).rejects.toMatchObject(gone);
    await expect(client.submit(Math.sqrt, 4).result()).rejects.toMatchObject(gone);
  }
});

test("whoever closes a client while it connects is done with it", async () => {
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const gone = new Promise<void>((resolve) => {
    const server: Server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("close", () => server.close(() => resolve()));
      asked();
    });
    server.listen(0, "127.0.0.1", () => connect(server));
  });
  let client: Client | undefined;
  function connect(server: Server): void {
    const { port } = server.address() as { port: number };
    client = new Client({ address: `tcp://127.0.0.1:${port}`, token: "a token of this test only" });
  }
  await isAsked;
  await client?.close();
  await expect(client?.ready).rejects.toMatchObject({ code: "CommClosed" });
  // Its socket is closed by itself: nothing goes on trying.
  await gone;
});
