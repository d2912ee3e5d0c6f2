/** @file Supervisors speak of their own workers only. */
import { expect, test } from "vitest";
import { SILENT } from "../../../src/cluster/event-log.ts";
import { SupervisorSeats } from "../../../src/cluster/supervisor-seats.ts";

/** The scheduler's end of a supervisor's connection. */
function supervisor(id: string) {
  const comm = {
    peer: { id },
    state: "open",
    onMessages: (_messages: readonly object[]): void => undefined,
    onReconnected: (): void => undefined,
    onClosed: (): void => undefined,
    sent: [] as object[],
    aborted: [] as Error[],
    send: (message: object): void => void comm.sent.push(message),
    abort: (error: Error): void => void comm.aborted.push(error),
  };
  return comm;
}

const death = { reason: "it died", cause: "exit", memoryLimitBytes: 1 } as const;

test("one that names the workers of another is refused, and no worker dies of it", async () => {
  const died: string[] = [];
  const seats = new SupervisorSeats((name) => died.push(name), SILENT);
  const [mine, other] = [supervisor("mine"), supervisor("other")];
  seats.add(mine as never);
  seats.add(other as never);
  mine.onMessages([{ kind: "workers", names: ["a", "b"] }]);
  other.onMessages([{ kind: "workers", names: ["c"] }]);
  other.onMessages([{ kind: "workerDied", name: "c", ...death }]);
  expect(died).toEqual(["c"]);

  other.onMessages([{ kind: "workerDied", name: "a", ...death }]);
  other.onMessages([{ kind: "workers", names: ["b", "c"] }]);
  expect(died).toEqual(["c"]);
  expect(other.aborted.map(({ message }) => message)).toEqual([
    expect.stringContaining('the supervisor "other" names the worker "a"'),
    expect.stringContaining('names the worker "b", which another supervisor looks after'),
  ]);
  expect(mine.aborted).toEqual([]);
  const restarted = seats.restart("b");
  expect(mine.sent).toEqual([{ kind: "restart", name: "b", force: false, request: 1 }]);
  mine.onMessages([{ kind: "answer", request: 1 }]);
  await restarted;
});

test("one that follows another of the same names takes its workers over", async () => {
  const seats = new SupervisorSeats(() => undefined, SILENT);
  const [before, after] = [supervisor("before"), supervisor("after")];
  seats.add(before as never);
  before.onMessages([{ kind: "workers", names: ["a", "b"] }]);
  before.state = "lost";
  seats.add(after as never);
  after.onMessages([{ kind: "workers", names: ["a"] }]);
  expect(after.aborted).toEqual([]);
  seats.restart("a").catch(() => undefined);
  seats.restart("b").catch(() => undefined);
  expect(after.sent).toHaveLength(1);
  expect(before.sent).toHaveLength(1);
  before.onClosed();
  expect([seats.has("a"), seats.has("b")]).toEqual([true, false]);
});
