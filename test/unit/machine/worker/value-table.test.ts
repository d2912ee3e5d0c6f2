/** @file The list of evictable values against a plain list. */
import { expect, test } from "vitest";
import { Prng } from "../../../../src/core/prng.ts";
import { PLACE, ValueTable } from "../../../../src/machine/worker/value-table.ts";

function tableOf(count: number): ValueTable {
  const table = new ValueTable();
  table.ensure(count);
  for (let id = 0; id < count; id++) {
    table.place[id] = PLACE.memory;
    table.bytes[id] = id + 1;
  }
  return table;
}

test("the oldest is the one listed first; listing again changes nothing", () => {
  const table = tableOf(5);
  for (const id of [3, 1, 4]) table.list(id);
  table.list(3);
  expect(table.oldest).toBe(3);
  table.unlist(3);
  expect(table.oldest).toBe(1);
  table.list(3);
  table.unlist(1);
  expect(table.oldest).toBe(4);
  expect(table.evictableBytes).toBe(4 + 5);
});

test("values in use, without bytes or not in memory are never listed", () => {
  const table = tableOf(4);
  table.pins[0] = 1;
  table.bytes[1] = 0;
  table.place[2] = PLACE.disk;
  for (let id = 0; id < 3; id++) table.list(id);
  expect(table.oldest).toBe(-1);
  expect(table.evictableBytes).toBe(0);
});

test("keeps order and sum through any sequence, also while it grows", () => {
  const prng = new Prng(3);
  const table = tableOf(300);
  let model: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const id = prng.integer(300);
    if (prng.chance(0.5)) {
      table.list(id);
      if (!model.includes(id)) model.push(id);
    } else {
      table.unlist(id);
      model = model.filter((other) => other !== id);
    }
    if (i === 2500) table.ensure(100_000);
    expect(table.oldest).toBe(model[0] ?? -1);
    expect(table.evictableBytes).toBe(model.reduce((sum, other) => sum + other + 1, 0));
  }
});
