/** @file The unit of a site's limits. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { siteUnits } from "../../../src/jobqueue/lsf-units.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-lsf-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function says(...lines: string[]): string {
  writeFileSync(join(folder, "lsf.conf"), lines.join("\n"));
  return siteUnits({ LSF_CONFDIR: folder });
}

test("kb, unless lsf.conf says another one; the last line counts", () => {
  expect(siteUnits({ LSF_ENVDIR: join(folder, "none") })).toBe("kb");
  expect(says("LSF_TOP=/opt")).toBe("kb");
  expect(says("LSF_UNIT_FOR_LIMITS=MB", "LSF_TOP=/opt")).toBe("mb");
  expect(says(' LSF_UNIT_FOR_LIMITS = "GB"', "LSF_UNIT_FOR_LIMITS=tb # ours")).toBe("tb");
  expect(says("# LSF_UNIT_FOR_LIMITS=GB", "X_LSF_UNIT_FOR_LIMITS=GB")).toBe("kb");
  expect(says("LSF_UNIT_FOR_LIMITS=lots")).toBe("kb");
});

test("LSF_ENVDIR before LSF_CONFDIR, as LSF has it", () => {
  says("LSF_UNIT_FOR_LIMITS=PB");
  expect(siteUnits({ LSF_ENVDIR: folder, LSF_CONFDIR: "/nowhere" })).toBe("pb");
});
