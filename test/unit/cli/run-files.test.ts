import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RunFiles, sweepConnections } from "../../../src/cli/run-files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-files-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("writes files for their owner, and takes away those that are still its own", () => {
  const files = new RunFiles();
  const connection = join(folder, "a.json");
  const pid = join(folder, "pid");
  files.writeConnection(connection, { address: "tcp://a:1", token: "0123456789abcdef" });
  files.writePid(pid);
  expect(readFileSync(pid, "utf8")).toBe(`${process.pid}\n`);
  expect(statSync(connection).mode & 0o777).toBe(0o600);
  // Another process has taken the name over.
  writeFileSync(pid, "1\n");
  files.remove();
  expect([existsSync(connection), readFileSync(pid, "utf8")]).toEqual([false, "1\n"]);
});

it("says which file cannot be written", () => {
  const files = new RunFiles();
  const path = join(folder, "none/x");
  expect(() => files.writePid(path)).toThrow(/none\/x cannot be written: ENOENT/);
});

it("takes away what dead processes of this host have left, and nothing else", () => {
  const write = (name: string, facts: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ address: "tcp://a:1", facts }));
    return path;
  };
  // Numbers of processes end below this.
  const dead = 2 ** 30;
  const paths = [
    write("dead.json", { host: hostname(), pid: dead }),
    write("alive.json", { host: hostname(), pid: process.pid }),
    write("elsewhere.json", { host: "another", pid: dead }),
    write("unknown.json", {}),
  ];
  writeFileSync(join(folder, "odd.json"), "no JSON");
  sweepConnections(folder);
  sweepConnections(join(folder, "none"));
  expect(paths.map((path) => existsSync(path))).toEqual([false, true, true, true]);
});
