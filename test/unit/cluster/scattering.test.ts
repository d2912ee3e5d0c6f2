/** @file What a client keeps of the values that it brings to workers. */
import { expect, test } from "vitest";
import { Scattering } from "../../../src/cluster/scattering.ts";

const VALUES = [new Uint8Array(3), new Uint8Array(4)];

function placed(
  base: number,
  addresses: string[],
  epoch: number,
): Parameters<Scattering["placed"]>[0] {
  const epochs = Int32Array.from(addresses, () => epoch);
  return { kind: "placed", request: 5, base, addresses, epochs };
}

test("values are kept until they are there, for workers that are named later", () => {
  const scattering = new Scattering();
  scattering.asked(5, VALUES);
  const first = scattering.placed(placed(10, ["a", "b"], 1));
  expect([...first.keys()]).toEqual(["a", "b"]);
  expect(first.get("b")).toEqual({
    ids: [11],
    epochs: [1],
    values: [{ id: 11, bytes: VALUES[1] }],
  });
  scattering.ended([10]);
  expect(scattering.placed(placed(11, ["c"], 2)).get("c")?.values).toEqual([
    { id: 11, bytes: VALUES[1] },
  ]);
  expect(scattering.placed(placed(10, ["c"], 2)).size).toBe(0);
  scattering.ended([11]);
  expect(scattering.size).toBe(0);
});

test("those that have no place yet are kept and go nowhere", () => {
  const scattering = new Scattering();
  scattering.asked(5, VALUES);
  expect([...scattering.placed(placed(10, ["", "b"], 1)).keys()]).toEqual(["b"]);
  expect(scattering.size).toBe(2);
  expect([...scattering.placed(placed(10, ["a"], 2)).keys()]).toEqual(["a"]);
});
