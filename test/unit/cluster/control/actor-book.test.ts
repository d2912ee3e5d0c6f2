import { expect, test } from "vitest";
import { ActorBook } from "../../../../src/cluster/control/actor-book.ts";

test("the next actor goes to the worker with fewest", () => {
  const book = new ActorBook((keys) => new Set(keys));
  const place = (key: string, workers = ["a", "b"]): string | null =>
    book.answer({ kind: "actor-place", key }, workers);
  expect([place("1"), place("2"), place("3")].sort()).toEqual(["a", "a", "b"]);
  book.answer({ kind: "actor-gone", key: "1" }, []);
  book.answer({ kind: "actor-gone", key: "3" }, []);
  expect(place("4")).toBe("a");
  expect(place("5", [])).toBeNull();
});

test("an actor that was made once is not made again, until it has gone", () => {
  const book = new ActorBook((keys) => new Set(keys));
  const made = (worker: string): string | null =>
    book.answer({ kind: "actor-made", key: "1", worker }, ["a", "b"]);
  book.answer({ kind: "actor-place", key: "1" }, ["a", "b"]);
  expect(made("a")).toBeNull();
  expect(made("b")).toBe("a");
  book.answer({ kind: "actor-gone", key: "1" }, []);
  expect(made("b")).toBeNull();
});

test("actors that nobody can ask for any more are forgotten", () => {
  const known = new Set<string>();
  const book = new ActorBook(() => known);
  const make = (key: string, worker: string, workers: readonly string[]): void => {
    book.answer({ kind: "actor-place", key }, workers);
    expect(book.answer({ kind: "actor-made", key, worker }, workers)).toBeNull();
  };
  // Lost with their worker, some of them with tasks that are still there.
  for (let i = 0; i < 200; i++) make(`lost-${i}`, "a", ["a"]);
  for (let i = 0; i < 10; i++) known.add(`lost-${i}`);
  // Placed, and then cancelled.
  for (let i = 0; i < 40; i++) book.answer({ kind: "actor-place", key: `never-${i}` }, ["b"]);
  for (let i = 0; i < 2000; i++) {
    make(`new-${i}`, "b", ["b"]);
    if (i >= 5) book.answer({ kind: "actor-gone", key: `new-${i}` }, ["b"]);
  }
  expect(book.size).toBeLessThan(256);
  for (let i = 0; i < 250; i++) make(`more-${i}`, "b", ["b"]);
  // What is left: 10 lost ones that could be made again, 5 and 250 that live.
  expect(book.size).toBe(265);
  expect(book.answer({ kind: "actor-made", key: "lost-3", worker: "b" }, ["b"])).toBe("a");
  expect(book.answer({ kind: "actor-made", key: "new-3", worker: "c" }, ["b"])).toBe("b");
});

test("an actor whose task is not known yet is still placed when the book is looked through", () => {
  let looks = 0;
  const book = new ActorBook(() => {
    looks++;
    return new Set();
  });
  const place = (key: string): void =>
    void book.answer({ kind: "actor-place", key }, ["a", "b", "c"]);
  const made = (key: string): void =>
    void book.answer({ kind: "actor-made", key, worker: "a" }, ["a", "b", "c"]);
  for (let i = 0; i < 255; i++) {
    place(`${i}`);
    made(`${i}`);
  }
  place("new");
  place("another");
  expect([looks, book.size]).toEqual([1, 257]);
  // Of so many that live it is not looked through for each that comes.
  for (let i = 257; i < 511; i++) place(`${i}`);
  expect(looks).toBe(1);
});

test("what was made is noted, and an actor of an earlier scheduler is not made again", () => {
  const made = new Map<string, string>();
  const note = (key: string, worker: string | undefined): void => {
    if (worker === undefined) made.delete(key);
    else made.set(key, worker);
  };
  const first = new ActorBook((keys) => new Set(keys), { made, note });
  first.answer({ kind: "actor-place", key: "1" }, ["a"]);
  expect([...made]).toEqual([]);
  for (const key of ["1", "2"]) first.answer({ kind: "actor-made", key, worker: "a" }, ["a"]);
  first.answer({ kind: "actor-gone", key: "2" }, ["a"]);
  expect([...made]).toEqual([["1", "a"]]);
  const second = new ActorBook((keys) => new Set(keys), { made, note });
  expect(second.answer({ kind: "actor-made", key: "1", worker: "b" }, ["b"])).toBe("a");
  expect(second.answer({ kind: "actor-made", key: "2", worker: "b" }, ["b"])).toBeNull();
});
