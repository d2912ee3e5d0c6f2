/** @file The tasks of pure calls by key: found while their layer lives, forgotten with it. */
import { expect, test } from "vitest";
import { valuesLayer } from "../../../src/cluster/run-collections.ts";
import type { Layer } from "../../../src/core/graph.ts";
import { pureTasks } from "../../../src/delayed/pure-tasks.ts";

const layerOf = (keys: readonly string[]): Layer => ({ ...valuesLayer(keys), keys });

function added(keys: readonly string[]) {
  const place = pureTasks.open();
  for (const [index, key] of keys.entries()) pureTasks.add(place, key, index);
  const layer = layerOf(keys);
  return { place, layer, keys };
}

test("keys lead to tasks, also while their layer is being made", () => {
  const { place, layer } = added(["a-1", "b-1"]);
  expect(pureTasks.get("b-1")).toEqual({ layer: undefined, index: 1 });
  pureTasks.close(place, layer);
  const other = added(["c-1"]);
  pureTasks.close(other.place, other.layer);
  expect(pureTasks.get("b-1")).toEqual({ layer, index: 1 });
  expect(pureTasks.get("c-1")).toEqual({ layer: other.layer, index: 0 });
  expect(pureTasks.get("d-1")).toBeUndefined();
});

test("a forgotten layer takes its keys along, but none that a later layer has", () => {
  const first = added(["x-1", "y-1"]);
  pureTasks.close(first.place, first.layer);
  const second = added(["y-1"]);
  pureTasks.close(second.place, second.layer);
  pureTasks.forget(first.place, first.keys);
  expect(pureTasks.get("x-1")).toBeUndefined();
  expect(pureTasks.get("y-1")).toEqual({ layer: second.layer, index: 0 });
});
