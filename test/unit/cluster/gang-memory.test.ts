/** @file Several members in one thread: what they share knows no threads. */
import { afterEach, describe, expect, test } from "vitest";
import { GangBoxes, WAITING_MAX } from "../../../src/cluster/gang-boxes.ts";
import { GangMemory, gangMemory } from "../../../src/cluster/gang-memory.ts";
import { HeddleError } from "../../../src/core/errors.ts";

interface Member {
  readonly boxes: GangBoxes;
  readonly memory: GangMemory;
}

const open: Member[] = [];
afterEach(() => {
  for (const { memory } of open.splice(0)) memory.close();
});

/** Members that have these ranks in their gang. */
function members(...ranks: number[]): Member[] {
  const buffer = gangMemory(ranks.length);
  const made = ranks.map((_, own) => {
    const boxes = new GangBoxes();
    return { boxes, memory: new GangMemory(buffer, ranks, own, boxes) };
  });
  open.push(...made);
  return made;
}

function pair(): [Member, Member] {
  return members(0, 1) as [Member, Member];
}

/** Elements of a typed array that takes three rings of a pair. */
const LARGE = 1_500_000;

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

describe("letters", () => {
  test("come in order, and as what they were", async () => {
    const [one, other] = pair();
    const values: unknown[] = [
      Float64Array.of(1.5, Number.NaN),
      new Float32Array(0),
      BigInt64Array.of(-1n),
      Uint8ClampedArray.of(300),
      Buffer.from("text"),
      new Map([["a", [1, undefined]]]),
      undefined,
      "text",
      new Int16Array(100).subarray(7, 9),
    ];
    for (const [i, value] of values.entries()) await one.memory.send(1, "user", i, value);
    for (const value of values) {
      const came = await other.boxes.take(0, "user");
      expect(came).toEqual(value);
      if (ArrayBuffer.isView(value)) expect(came?.constructor).toBe(value.constructor);
    }
  });

  test("of many rings' length go through in pieces, both ways at once", async () => {
    const [one, other] = pair();
    const large = Float64Array.from({ length: LARGE }, (_, i) => i);
    const sending = [
      one.memory.send(1, "user", 0, large),
      other.memory.send(0, "user", 0, large),
      one.memory.send(1, "user", 1, "after it"),
      one.memory.send(1, "own", 0, "beside it"),
    ];
    const [there, back, after, beside] = await Promise.all([
      other.boxes.take(0, "user"),
      one.boxes.take(1, "user"),
      other.boxes.take(0, "user"),
      other.boxes.take(0, "own"),
      ...sending,
    ]);
    const bytes = Buffer.from(large.buffer);
    for (const came of [there, back]) {
      expect(bytes.equals(Buffer.from((came as Float64Array).buffer))).toBe(true);
    }
    expect([after, beside]).toEqual(["after it", "beside it"]);
  });

  test("that are sent while another one is on its way come after it, whole", async () => {
    const [one, other] = pair();
    const sending = [one.memory.send(1, "user", 0, new Float64Array(LARGE).fill(0.5))];
    for (let i = 1; i <= 50; i++) {
      sending.push(one.memory.send(1, "user", i, Float64Array.of(i)));
      await turns(1);
    }
    const came = (await other.boxes.take(0, "user")) as Float64Array;
    expect(came.every((x) => x === 0.5)).toBe(true);
    for (let i = 1; i <= 50; i++)
      expect(await other.boxes.take(0, "user")).toEqual(Float64Array.of(i));
    await Promise.all(sending);
  });

  test("come in the memory of arrays that nobody needs any more, if they fit exactly", async () => {
    const [one, other] = pair();
    let count = 0;
    const passed = async (n: number): Promise<Float64Array> => {
      await one.memory.send(1, "user", count++, new Float64Array(n).fill(count));
      return (await other.boxes.take(0, "user")) as Float64Array;
    };
    const first = await passed(100);
    other.memory.recycle([first]);
    expect(await passed(10)).toEqual(new Float64Array(10).fill(2));
    const second = await passed(100);
    expect(second.buffer).toBe(first.buffer);
    other.memory.recycle([second.subarray(0, 50)]);
    await passed(100);
    await passed(50);
    expect(second).toEqual(new Float64Array(100).fill(3));
  });

  test("are what the value was when it was sent", async () => {
    const [one, other] = pair();
    const large = new Float64Array(LARGE);
    const sending = one.memory.send(1, "user", 0, large);
    large.fill(1);
    const came = (await other.boxes.take(0, "user")) as Float64Array;
    await sending;
    expect(came.every((x) => x === 0)).toBe(true);
  });

  test("that nobody reads make the sender wait, but not the other box", async () => {
    const [one, other] = pair();
    let sent = 0;
    const sending = Array.from({ length: 3 * WAITING_MAX }, async (_, i) => {
      await one.memory.send(1, "user", i, i);
      sent++;
    });
    await one.memory.send(1, "own", 0, "urgent");
    expect(await other.boxes.take(0, "own")).toBe("urgent");
    await turns(20);
    expect(sent).toBe(WAITING_MAX);
    for (let i = 0; i < 3 * WAITING_MAX; i++) expect(await other.boxes.take(0, "user")).toBe(i);
    await Promise.all(sending);
  });

  test("that cannot travel fail their sender alone", async () => {
    const [one, other] = pair();
    expect(() => one.memory.send(1, "user", 0, new WeakMap())).toThrow(/WeakMap/);
    await one.memory.send(1, "user", 0, "next");
    expect(await other.boxes.take(0, "user")).toBe("next");
  });
});

describe("a barrier", () => {
  test("opens when all have come, again and again", async () => {
    const all = members(3, 5, 8);
    const passed = [0, 0, 0];
    const late = all.slice(0, 2).map(async ({ memory }, i) => {
      for (let round = 0; round < 100; round++) {
        await memory.barrier();
        passed[i]!++;
      }
    });
    await turns(10);
    expect(passed).toEqual([0, 0, 0]);
    for (let round = 0; round < 100; round++) {
      expect(Math.max(...passed)).toBeLessThanOrEqual(round);
      await all[2]!.memory.barrier();
    }
    await Promise.all(late);
    expect(passed).toEqual([100, 100, 0]);
  });

  test("of several processes opens when the others have come, too", async () => {
    const all = members(0, 1, 2);
    let others: () => void = () => undefined;
    let asked = 0;
    let passed = 0;
    const outside = async (): Promise<void> => {
      asked++;
      await new Promise<void>((resolve) => {
        others = resolve;
      });
    };
    const waiting = all.map(async ({ memory }) => {
      await memory.barrier(outside);
      passed++;
    });
    await turns(10);
    expect([asked, passed]).toEqual([1, 0]);
    others();
    await Promise.all(waiting);
  });
});

test("when a member is gone, all who wait fail with the reason", async () => {
  const [one, other] = pair();
  other.memory.close();
  const full = Array.from({ length: WAITING_MAX + 1 }, (_, i) => one.memory.send(1, "user", i, i));
  const waiting = [
    full.at(-1),
    one.memory.send(1, "own", 0, new Float64Array(10 ** 6)),
    one.boxes.take(1, "user"),
    one.memory.barrier(),
  ];
  const failures = waiting.map((each) => expect(each).rejects.toMatchObject({ code: "Lost" }));
  await turns(5);
  one.boxes.abort(new HeddleError("Lost", "member 1 of the gang is gone"));
  one.memory.close();
  await Promise.all(failures);
  await expect(one.memory.barrier()).rejects.toMatchObject({ code: "Lost" });
});
