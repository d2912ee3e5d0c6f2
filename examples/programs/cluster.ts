/** @file A cluster of two workers on this machine. */
import { Client, LocalCluster } from "heddle";

await using cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "1GiB" });
await Client.with(cluster, async (client) => {
  await client.ready;
  const hello = await client.submit((name: string) => `hello ${name}`, "cluster").result();
  console.log(hello);
});
