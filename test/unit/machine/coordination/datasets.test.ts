/** @file Published datasets: names, and the tasks that they keep. */
import { expect, test } from "vitest";
import { Driver, payload } from "./drive.ts";

test("a dataset keeps its tasks until it is replaced or unpublished, whoever has left", () => {
  const d = new Driver({ namesMax: 1 });
  const publish = (name: string, override: boolean, ...tasks: number[]): unknown =>
    d.now(1, { kind: "dataset-publish", name, payload: payload(1, ...tasks), override });
  expect(publish("a", false, 50)).toBeNull();
  expect(publish("a", false, 51)).toBe("InvalidArgument");
  expect(publish("b", false, 52)).toBe("MemoryLimit");
  expect([...d.wanted]).toEqual([50]);
  d.leave(1);
  expect(publish("a", true, 51, 53)).toBeNull();
  expect([...d.wanted]).toEqual([51, 53]);
  const got = d.ask(2, { kind: "dataset-get", name: "a" });
  expect(d.now(2, { kind: "dataset-unpublish", name: "a" })).toBe(true);
  expect([...d.wanted]).toEqual([51, 53]);
  d.confirm(got);
  expect(d.now(2, { kind: "dataset-unpublish", name: "a" })).toBe(false);
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
});
