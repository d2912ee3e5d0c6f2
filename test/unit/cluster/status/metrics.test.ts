import { expect, test } from "vitest";
import type { MetricFacts } from "../../../../src/cluster/status/metrics.ts";
import { metricsText } from "../../../../src/cluster/status/metrics.ts";

const worker = {
  name: 'odd "name"\\\n',
  address: "tcp://a:1",
  host: "a",
  pid: 1,
  threads: 2,
  memoryLimitBytes: 100,
  resources: {},
  seenMs: 0,
  memoryBytes: 7,
  peakBytes: 8,
  spilledBytes: 3,
  running: 2,
};

const facts: MetricFacts = {
  info: {
    address: "tcp://s:1",
    workers: { "tcp://a:1": worker, "tcp://b:1": { ...worker, name: "b", running: 0 } },
    threads: 4,
    cpu: 4,
    memoryLimitBytes: 200,
    memory: 200,
    clients: 3,
    startedMs: 0,
    transitions: 9,
  },
  tasks: { waiting: 1, memory: 5 },
  suspects: 0,
  workersAdded: 2,
  workersRemoved: 1,
  clientsAdded: 4,
  clientsRemoved: 1,
  functions: [["inc", { finished: 5, failed: 1, seconds: 0.25, bytes: 40 }]],
};

test("every metric has a help, a type and samples in Prometheus' form", () => {
  const text = metricsText(facts);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const sample of samples) {
    const label = String.raw`[a-z_]+="(?:[^"\\]|\\.)*"`;
    expect(sample).toMatch(new RegExp(`^heddle_[a-z_]+(?:\\{${label}(?:,${label})*\\})? \\S+$`));
    const name = /^\w+/.exec(sample)?.[0];
    expect(text).toContain(`# HELP ${name} `);
    expect(text).toMatch(new RegExp(`# TYPE ${name} (?:gauge|counter)\\n`));
  }
  expect(samples).toContain("heddle_scheduler_clients 3");
  expect(samples).toContain("heddle_scheduler_workers_added_total 2");
  expect(samples).toContain('heddle_scheduler_workers{state="saturated"} 1');
  expect(samples).toContain('heddle_scheduler_workers{state="idle"} 1');
  expect(samples).toContain('heddle_scheduler_tasks{state="memory"} 5');
  expect(samples).toContain(
    'heddle_scheduler_tasks_compute_seconds_total{task_prefix_name="inc"} 0.25',
  );
  expect(samples).toContain('heddle_worker_memory_bytes{worker="b",type="spilled"} 3');
  expect(samples).toContain('heddle_worker_threads{worker="odd \\"name\\"\\\\\\n"} 2');
});

test("of very many functions the later ones are told together", () => {
  const functions = Array.from({ length: 600 }, (_, i) => {
    return [`f${i}`, { finished: 1, failed: 0, seconds: 1, bytes: 1 }] as const;
  });
  const text = metricsText({ ...facts, functions });
  expect(text).toContain('compute_seconds_total{task_prefix_name="f499"} 1\n');
  expect(text).not.toContain('"f500"');
  expect(text).toContain('compute_seconds_total{task_prefix_name="other"} 100\n');
});
