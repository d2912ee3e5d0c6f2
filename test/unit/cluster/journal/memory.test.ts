/** @file What a scheduler remembers goes through the bytes of a journal and comes back the same. */
import { describe, expect, test } from "vitest";
import { SchedulerMemory } from "../../../../src/cluster/journal/memory.ts";
import { type JournalRecord, journalRecords } from "../../../../src/cluster/journal/records.ts";
import { FactLog } from "../../../../src/machine/scheduler/facts.ts";
import { SchedulerMachine } from "../../../../src/machine/scheduler/scheduler.ts";
import { joinChunks } from "../../../../src/protocol/index.ts";
import { graphOf } from "../../machine/graphs.ts";

function throughBytes(records: readonly JournalRecord[]): JournalRecord[] {
  return journalRecords.decode(joinChunks(journalRecords.encode(records)));
}

function remember(...records: readonly JournalRecord[][]): SchedulerMemory {
  const memory = new SchedulerMemory({});
  for (const some of records) memory.read(throughBytes(some));
  return memory;
}

/** A scheduler that has met a bit of everything, and what it noted. */
function busyScheduler(): { machine: SchedulerMachine; facts: JournalRecord[] } {
  const machine = new SchedulerMachine();
  const log = new FactLog();
  machine.state.facts = log;
  const body = Uint8Array.of(1, 2, 3);
  const join = { threads: 4, memoryLimitBytes: 1e9 };
  machine.step([
    { kind: "worker-joined", worker: 0, address: "tcp://a", ...join },
    { kind: "graph", client: 0, request: 1, graph: graphOf([[], [0], [0], [1, 2]]), body },
    { kind: "graph", client: 1, request: 1, graph: graphOf([[]], { name: "bad" }), body },
    { kind: "graph", client: 1, request: 2, graph: graphOf([[]], { name: "cut" }), body },
    { kind: "scatter", client: 1, request: 3, count: 2, bytes: Float64Array.of(5, 6), name: "x" },
  ]);
  const { epoch } = machine.state.tasks;
  const error = { encoded: Uint8Array.of(9) };
  machine.step([
    {
      kind: "finished",
      worker: 0,
      count: 2,
      ids: Int32Array.of(0, 6),
      epochs: Int32Array.of(epoch[0]!, epoch[6]!),
      bytes: Float64Array.of(8, 5),
      tags: Uint8Array.of(1, 0),
      words: Float64Array.of(0.5, 0),
    },
    { kind: "erred", worker: 0, id: 4, epoch: epoch[4]!, error, blame: "user" },
    { kind: "cancel", client: 1, ids: Int32Array.of(5) },
    { kind: "want", client: -1, ids: Int32Array.of(3) },
    { kind: "replicate", ids: Int32Array.of(6), copies: 2 },
    { kind: "release", client: 0, ids: new Int32Array(0), seen: 0 },
  ]);
  return { machine, facts: log.take() };
}

describe("what a scheduler remembers", () => {
  test("comes out of the records that it noted, and of its saved state", () => {
    const { machine, facts } = busyScheduler();
    const shell: JournalRecord[] = [
      { kind: "life", life: 2 },
      { kind: "client", number: 0, key: "zero" },
      { kind: "client", number: 1, key: "one" },
      { kind: "worker", number: 7, key: "seven" },
      { kind: "worker", number: 8, key: "eight" },
      { kind: "worker-gone", number: 8 },
      { kind: "actor", key: "Counter-1", worker: "tcp://a" },
      { kind: "actor", key: "Counter-2", worker: "tcp://a" },
      { kind: "actor-gone", key: "Counter-1" },
      {
        kind: "coordination",
        atMs: 1000,
        event: {
          kind: "ask",
          client: 1,
          request: 4,
          op: { kind: "acquire", pool: "lock", names: ["mine"], lease: 1 },
        },
      },
    ];
    const played = remember(shell, facts);
    expect(played.scheduler.failures.get(4)?.error).toEqual({ encoded: Uint8Array.of(9) });
    expect(machine.stateOf(0)).toBe("memory");
    expect(played.scheduler.tasks.words?.[0]).toBe(0.5);
    const saved = played.save();
    expect(saved).toEqual(remember(saved).save());
    const again = remember(saved);
    expect([...again.clients]).toEqual([
      [0, "zero"],
      [1, "one"],
    ]);
    expect([...again.workers]).toEqual([[7, "seven"]]);
    expect([...again.actors]).toEqual([["Counter-2", "tcp://a"]]);
    expect([again.nextClient, again.nextWorker, again.life]).toEqual([2, 9, 2]);
    expect(again.answers.find(0, 1)).toMatchObject({ base: 0, outputs: Int32Array.of(3) });
    expect(again.coordination.snapshot()).toEqual(played.coordination.snapshot());
    expect(again.scheduler.graphs.find((graph) => graph?.base === 0)?.body).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });

  test("forgets clients that have left, and answers that were heard", () => {
    const { facts } = busyScheduler();
    const memory = remember(
      [{ kind: "client", number: 1, key: "one" }],
      facts,
      [{ kind: "release", client: 0, ids: new Int32Array(0), seen: 1 }],
      [{ kind: "client-left", client: 1 }],
    );
    expect(memory.clients.size).toBe(0);
    expect(memory.answers.all()).toEqual([]);
  });
});
