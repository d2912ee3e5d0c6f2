/**
 * @file What a scheduler's journal costs and how fast it is read: no-op tasks through a cluster of
 * two worker processes with the journal off and on, in turns; single tasks there and back; and the
 * time to start with the journal of a graph of a million tasks.
 *
 * Run: npm run build && node bench/journal.mjs [--json] [--tasks N] [--rounds N]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Journal } from "../dist/cluster/journal/journal.js";
import { SchedulerMemory } from "../dist/cluster/journal/memory.js";
import { Client } from "../lib/cluster/index.js";
import { startServers } from "./journal-servers.mjs";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    tasks: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
  },
});
// The servers and this client have the same one.
process.env["HEDDLE_TOKEN"] = "a token of the benchmark, long enough to be one";
const tasks = Number(flags.tasks);
const rounds = Number(flags.rounds);
const folder = mkdtempSync(join(tmpdir(), "heddle-bench-journal-"));

/** Tasks a second, and milliseconds of a single task, the median of many. */
async function measure(journal) {
  const servers = await startServers(folder, journal);
  try {
    const client = new Client(servers.address);
    await client.ready;
    await client.waitForWorkers(2);
    const elements = Array.from({ length: tasks }, (_, i) => i);
    await client.gather(client.map((i) => i, elements.slice(0, 2000)));
    const startMs = performance.now();
    await client.gather(client.map((i) => i, elements));
    const perSecond = (1000 * tasks) / (performance.now() - startMs);
    const times = [];
    for (let i = 0; i < 200; i++) {
      const fromMs = performance.now();
      await client.submit((x) => x, i).result();
      times.push(performance.now() - fromMs);
    }
    await client.close();
    return { perSecond, singleMs: times.sort((a, b) => a - b)[100] };
  } finally {
    await servers.stop();
  }
}

/** Writes the facts of a graph that has run, and reads them as a scheduler does that starts. */
async function measureReplay(count) {
  const path = join(folder, "replay");
  const journal = Journal.open(path, () => undefined);
  const ids = Int32Array.from({ length: count }, (_, i) => i);
  journal.append([{ kind: "life", life: 1 }]);
  journal.append([
    { kind: "graph", client: 0, request: 1, base: 0, facts: chain(count), body: new Uint8Array(0) },
  ]);
  for (let at = 0; at < count; at += 1000) {
    const some = ids.slice(at, at + 1000);
    journal.append([
      {
        kind: "done",
        ids: some,
        epochs: new Int32Array(some.length).fill(1),
        bytes: new Float64Array(some.length).fill(8),
        tags: new Uint8Array(some.length).fill(1),
        words: Float64Array.from(some),
      },
    ]);
  }
  const commitMs = await timed(() => journal.commit());
  const { bytes } = journal;
  journal.close();
  const memory = new SchedulerMemory({});
  let again;
  const readMs = await timed(() => {
    again = Journal.open(path, (records) => memory.read(records));
  });
  again.state = () => memory.save();
  const replaceMs = await timed(async () => {
    await again.replace();
    await again.commit();
  });
  const saved = again.bytes;
  again.close();
  const restored = new SchedulerMemory({});
  const restoreMs = await timed(() => {
    Journal.open(path, (records) => restored.read(records)).close();
  });
  return { count, bytes, commitMs, readMs, replaceMs, savedBytes: saved, restoreMs };
}

async function timed(run) {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

/** Tasks in pairs: each second one reads the one before. */
function chain(count) {
  const depOffsets = Int32Array.from({ length: count + 1 }, (_, i) => i >> 1);
  return {
    count,
    templates: [{ name: "f" }],
    template: new Int32Array(count),
    depOffsets,
    deps: Int32Array.from({ length: count >> 1 }, (_, i) => 2 * i),
    segments: [{ start: 0, count, name: "f", pure: false }],
    rank: Int32Array.from({ length: count }, (_, i) => i),
    outputs: Int32Array.from({ length: count >> 1 }, (_, i) => 2 * i + 1),
  };
}

try {
  const off = [];
  const on = [];
  for (let i = 0; i < rounds; i++) {
    off.push(await measure(undefined));
    on.push(await measure(join(folder, `journal-${i}`)));
  }
  const best = (list) => Math.max(...list.map(({ perSecond }) => perSecond));
  const least = (list) => Math.min(...list.map(({ singleMs }) => singleMs));
  const result = {
    tasks,
    perSecond: {
      off: Math.round(best(off)),
      on: Math.round(best(on)),
      ratio: best(on) / best(off),
    },
    singleMs: { off: least(off), on: least(on) },
    replay: await measureReplay(1_000_000),
  };
  console.log(flags.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
