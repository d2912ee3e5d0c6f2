import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EventLog, SILENT } from "../../../src/cluster/event-log.ts";
import { loadPreloads, resolvePreloads } from "../../../src/cluster/preload.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-preload-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function module(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

it("calls setup in order and teardown in reverse, each with the program", async () => {
  const text = (name: string): string =>
    `export const setup = async (to) => { to.push("setup ${name}"); };
    export const teardown = (to) => { to.push("teardown ${name}"); };`;
  const names = [module("a.mjs", text("a")), module("b.mjs", text("b")), module("none.mjs", "")];
  const preloads = await loadPreloads(resolvePreloads(names, folder));
  const heard: string[] = [];
  await preloads.setup(heard);
  await preloads.teardown(heard, SILENT);
  expect(heard).toEqual(["setup a", "setup b", "teardown b", "teardown a"]);
});

it("packages are found from the folder, and what is not there is named", () => {
  const [url] = resolvePreloads(["commander"], process.cwd());
  expect(url).toMatch(/^file:.*node_modules\/commander\//);
  expect(() => resolvePreloads(["./no.mjs"], folder)).toThrow(/no.mjs: there is no such file/);
  expect(() => resolvePreloads(["no-such"], folder)).toThrow(/neither such a file nor/);
});

it("a module that fails is named; a teardown that fails stops no other", async () => {
  const broken = resolvePreloads([module("broken.mjs", "throw new Error('boom');")], folder);
  await expect(loadPreloads(broken)).rejects.toThrow(/broken.mjs cannot be loaded: boom/);
  const text = "export const setup = () => { throw 1; }; export const teardown = setup;";
  const heard: string[] = [];
  const urls = resolvePreloads(
    [
      module("good.mjs", "export const teardown = (to) => to.push('good');"),
      module("bad.mjs", text),
    ],
    folder,
  );
  const preloads = await loadPreloads(urls);
  await expect(preloads.setup(heard)).rejects.toMatchObject({ code: "InvalidArgument" });
  const errors: unknown[] = [];
  const log: EventLog = { ...SILENT, error: (_message, facts) => errors.push(facts?.["url"]) };
  await preloads.teardown(heard, log);
  expect([heard, errors]).toEqual([["good"], [urls[1]]]);
});
