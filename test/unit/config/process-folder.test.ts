/** @file Names of processes' folders: none can guess them; the dead are told apart. */
import { expect, test } from "vitest";
import { isLeftover, isProcessFolder, processFolder } from "../../../src/config/process-folder.ts";

test("a name says whose it is and cannot be guessed, unless a word is asked for", () => {
  const name = processFolder();
  expect(name).toMatch(new RegExp(`^heddle-.+-\\d*-${process.pid}-\\d*-[0-9a-f]{16}$`));
  expect(processFolder()).not.toBe(name);
  expect(processFolder("modules")).toBe(processFolder("modules"));
  expect([name, processFolder("modules")].every(isProcessFolder)).toBe(true);
  expect(isProcessFolder("heddle-0")).toBe(false);
});

test("only folders of ended processes with numbers of ours are left over", () => {
  const name = processFolder();
  expect(isLeftover(name)).toBe(false);
  const dead = name.replace(`-${process.pid}-`, "-4194304-");
  expect(isLeftover(dead)).toBe(true);
  expect(isLeftover(dead.replace("heddle-", "heddle-not-"))).toBe(false);
  // A container on this host, whose processes cannot be seen.
  expect(isLeftover(dead.replace(/-\d*-4194304-/, "-4-4194304-"))).toBe(false);
});

test.skipIf(process.platform !== "linux")("a number that was given to another process", () => {
  const before = processFolder().replace(/-\d+-([0-9a-f]{16})$/, "-1-$1");
  expect(isLeftover(before)).toBe(true);
});
