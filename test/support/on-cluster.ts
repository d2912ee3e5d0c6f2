/**
 * @file Set-up of the projects that run the collections' suites on other schedulers, unchanged:
 * what the tests compute on the calling thread, or on whatever client there is, goes to task
 * threads or to a local cluster of two processes (`HEDDLE_TEST_RUNNER`). Imports of the sources are
 * those of `dist` here (`vitest.config.ts`), since worker threads cannot load TypeScript.
 */
import { afterAll } from "vitest";
import { sendElsewhere } from "./elsewhere.ts";

const { Client, LocalCluster } = await import("../../src/index.ts");

const isCluster = process.env["HEDDLE_TEST_RUNNER"] === "cluster";
const cluster = isCluster
  ? new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "1GiB" })
  : undefined;
const client = cluster === undefined ? new Client({ embedded: true }) : new Client(cluster);
await client.ready;
sendElsewhere((graph, signal, observer) =>
  client.runGraph(graph, signal === undefined ? {} : { signal }, observer),
);

afterAll(async () => {
  await client.close();
  await cluster?.close();
});
