import { expect, test } from "vitest";
import { ActorBook } from "../../../../src/cluster/control/actor-book.ts";

test("the next actor goes to the worker with fewest", () => {
  const book = new ActorBook();
  const place = (key: string, workers = ["a", "b"]): string | null =>
    book.answer({ kind: "actor-place", key }, workers);
  expect([place("1"), place("2"), place("3")].sort()).toEqual(["a", "a", "b"]);
  book.answer({ kind: "actor-gone", key: "1" }, []);
  book.answer({ kind: "actor-gone", key: "3" }, []);
  expect(place("4")).toBe("a");
  expect(place("5", [])).toBeNull();
});

test("an actor that was made once is not made again, until it has gone", () => {
  const book = new ActorBook();
  const made = (worker: string): string | null =>
    book.answer({ kind: "actor-made", key: "1", worker }, ["a", "b"]);
  book.answer({ kind: "actor-place", key: "1" }, ["a", "b"]);
  expect(made("a")).toBeNull();
  expect(made("b")).toBe("a");
  book.answer({ kind: "actor-gone", key: "1" }, []);
  expect(made("b")).toBeNull();
});
