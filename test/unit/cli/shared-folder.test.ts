/** @file Folders that other hosts share. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sharedFileSystem } from "../../../src/cli/shared-folder.ts";

test("are known by the file system that they lie on, however its number is written", () => {
  const of = (kind: number | undefined) => sharedFileSystem("/scratch", () => kind);
  expect([0x6969, 0x0bd00bd0, 0x47504653].map(of)).toEqual(["NFS", "Lustre", "GPFS"]);
  expect(of(0xff534d42 | 0)).toBe("CIFS");
  // ext4, tmpfs, one that nobody knows, no answer.
  expect([0xef53, 0x01021994, 7, undefined].map(of)).toEqual(Array(4).fill(undefined));
});

test("this host's own are none, also where they are not there yet", () => {
  expect(sharedFileSystem(join(tmpdir(), "not", "there", "yet"))).toBeUndefined();
});
