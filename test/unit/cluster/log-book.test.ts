import { expect, it } from "vitest";
import { LogBook } from "../../../src/cluster/log-book.ts";

it("keeps what concerns a worker under its name, too, and the last lines only", () => {
  const book = new LogBook();
  book.info("worker {name} joined with {threads} threads", { name: "a", threads: 2 });
  book.warn("{warning}", { warning: "no room" });
  book.debug();
  const { scheduler, a } = book.texts();
  expect(scheduler).toMatch(/info worker a joined with 2 threads\n.* warn no room\n$/);
  expect(a).toMatch(/^\S+ info worker a joined with 2 threads\n$/);
  for (let i = 0; i < 1000; i++) book.error("{i}", { i });
  expect(book.texts()["scheduler"]?.split("\n").length).toBe(1001);
  expect(book.texts()["scheduler"]).not.toContain("joined");
});
