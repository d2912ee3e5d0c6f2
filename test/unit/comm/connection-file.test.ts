/** @file Connection files: private when they are written, refused when they are not. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeToken, readConnectionFile, writeConnectionFile } from "../../../src/comm/index.ts";

function pathOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "heddle-file-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "scheduler.json");
}

it("is readable for its owner alone, also when it was not before", () => {
  const path = pathOfTest();
  writeFileSync(path, "{}", { mode: 0o666 });
  const info = { address: "tcp://h:1", token: makeToken(), facts: { id: "s" } };
  writeConnectionFile(path, info);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readConnectionFile(path)).toEqual(info);
  // No draft is left.
  expect(readdirSync(join(path, ".."))).toEqual(["scheduler.json"]);
});

it("is refused when it holds a secret that others could read", () => {
  const path = pathOfTest();
  writeConnectionFile(path, { address: "tcp://h:1", token: makeToken() });
  chmodSync(path, 0o640);
  expect(() => readConnectionFile(path)).toThrow(/mode 640.*chmod 600/);
  writeConnectionFile(path, { address: "tcp://h:1" });
  chmodSync(path, 0o644);
  expect(readConnectionFile(path)).toEqual({ address: "tcp://h:1" });
});

it("is refused when it is not one", () => {
  const path = pathOfTest();
  expect(() => readConnectionFile(path)).toThrow("cannot be read");
  for (const text of ["", "[]", "null", '{"address": 1}', "{"]) {
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => readConnectionFile(path)).toThrow('JSON with an "address"');
  }
});
