/**
 * @file A cluster on Slurm from a notebook or a login node: two jobs of 72 cores, four workers in
 * each. Shows the script, and submits it when it is called with `submit`.
 */
import { Client } from "heddle";
import { SLURMCluster } from "heddle/jobqueue";

const jobs = 2;
await using cluster = new SLURMCluster({
  cores: 72, // of one job: not more than a node has
  processes: 4, // workers of one job, each with a quarter of its cores
  memory: "4GB", // of one job
  walltime: "00:30:00",
  localDirectory: process.cwd(),
  logDirectory: process.cwd(),
  dashboardAddress: null,
});
console.log(cluster.jobScript());

if (process.argv.includes("submit")) {
  await cluster.scale({ jobs });
  await cluster.waitForWorkers(4 * jobs);
  await using client = new Client(cluster);
  console.log(String(client));
  const hosts = await client.gather(client.map((_: number) => process.pid, [1, 2, 3, 4]));
  console.log(`four calls ran in ${new Set(hosts).size} processes`);
}
