import { expect, test } from "vitest";
import { StoryLog } from "../../../../src/cluster/control/story.ts";

const ids = (...given: number[]): Int32Array => Int32Array.from(given);
const accepted = (base: number) => ({ kind: "accepted", client: 0, request: 1, base }) as const;
const lease = (worker: number, ...given: number[]) =>
  ({ kind: "lease", worker, ids: ids(...given), epochs: ids(...given.map(() => 1)) }) as const;
const finished = (...given: number[]) =>
  ({
    kind: "finished",
    count: given.length,
    ids: ids(...given),
    epochs: ids(...given.map(() => 1)),
    bytes: new Float64Array(given.length),
  }) as const;

function log(count = 10): StoryLog {
  const story = new StoryLog(() => count);
  story.workerJoined(0, "tcp://a:1");
  story.workerJoined(1, "tcp://b:1");
  return story;
}

const told = (story: StoryLog, ...given: number[]): unknown[] =>
  story.of(new Set(given)).map(({ id, event, worker, cause }) => [id, event, worker, cause]);

test("tells what happened to a task, in order, and of nobody else", () => {
  const story = log();
  story.command(accepted(5));
  story.command(lease(0, 5, 6));
  story.report(0, finished(5));
  story.command({ kind: "free", worker: 0, ids: ids(5) });
  expect(told(story, 5)).toEqual([
    [5, "accepted", undefined, undefined],
    [5, "leased", "tcp://a:1", undefined],
    [5, "finished", "tcp://a:1", undefined],
    [5, "freed", "tcp://a:1", undefined],
  ]);
  expect(told(story, 7)).toEqual([[7, "accepted", undefined, undefined]]);
  expect(told(story, 99)).toEqual([]);
});

test("the end of a worker concerns the tasks that it had, with its reason", () => {
  const story = log();
  story.command(accepted(0));
  story.command(lease(0, 1, 2));
  story.report(0, finished(2));
  story.workerLost(0, "it was killed");
  story.command(lease(1, 1));
  expect(told(story, 1)).toEqual([
    [1, "accepted", undefined, undefined],
    [1, "leased", "tcp://a:1", undefined],
    [1, "worker-lost", "tcp://a:1", "it was killed"],
    [1, "leased", "tcp://b:1", undefined],
  ]);
  expect(told(story, 2).at(-1)).toEqual([2, "finished", "tcp://a:1", undefined]);
});

test("an id that is used again begins a new story", () => {
  const story = log(2);
  story.command(accepted(0));
  story.command(lease(0, 1));
  story.report(0, finished(1));
  story.command(accepted(0));
  story.command(lease(1, 1));
  expect(told(story, 1).map((entry) => (entry as unknown[])[1])).toEqual(["accepted", "leased"]);
});

test("remembers the last events only, and who made a value last", () => {
  const story = log();
  story.command(lease(0, 1));
  story.report(0, finished(1));
  expect(story.makerOf(1)).toBe("tcp://a:1");
  for (let i = 0; i < 70_000; i++) story.command(lease(1, 2));
  expect(story.makerOf(1)).toBeUndefined();
  expect(told(story, 1)).toEqual([]);
  expect(told(story, 2)).toHaveLength(65_536);
});

test("tells those who listen of transitions", () => {
  const story = log();
  const heard: unknown[] = [];
  story.onTransition = (some, start, finish) => heard.push([[...some], start, finish]);
  story.command(lease(0, 1, 2));
  story.report(0, finished(1));
  story.report(0, {
    kind: "erred",
    id: 2,
    epoch: 1,
    error: { plain: true, code: "TaskFailed", message: "" },
    blame: "user",
  });
  expect(heard).toEqual([
    [[1, 2], "queued", "leased"],
    [[1], "leased", "memory"],
    [[2], "leased", "erred"],
  ]);
});
