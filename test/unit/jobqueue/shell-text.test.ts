/** @file Words of scripts: read back by a real shell. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expanded, quoted } from "../../../src/jobqueue/shell-text.ts";

/** What a shell makes of the words, which it must not run. */
function words(text: string, env: Readonly<Record<string, string>> = {}): string[] {
  const script = `for word in ${text}; do printf '%s\\0' "$word"; done`;
  const own = { PATH: process.env["PATH"] ?? "", ...env };
  return execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: own })
    .split("\0")
    .slice(0, -1);
}

/** Anything that can be a word: a shell's words have no NUL. */
const anyText = fc.string({ unit: "grapheme", maxLength: 30 }).filter((s) => !s.includes("\0"));

test("a quoted text is one word, whatever is in it", () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 40, maxLength: 40 }), (texts) => {
      expect(words(texts.map(quoted).join(" "))).toEqual(texts);
    }),
    { numRuns: 10 },
  );
});

test("and so is one in which variables are replaced, if it has none", () => {
  const plain = anyText.filter((text) => !/\$[A-Za-z_{]|^~/.test(text));
  fc.assert(
    fc.property(fc.array(plain, { minLength: 40, maxLength: 40 }), (texts) => {
      expect(words(texts.map(expanded).join(" "))).toEqual(texts);
    }),
    { numRuns: 10 },
  );
});

describe("in an expanded text", () => {
  const env = { TMPDIR: "/scratch/my job", HOME: "/home/me" };

  test.each([
    ["$TMPDIR", "/scratch/my job"],
    ["$TMPDIR/a b", "/scratch/my job/a b"],
    [`\${TMPDIR}x`, "/scratch/my jobx"],
    [`\${NONE:-/tmp}/x`, "/tmp/x"],
    ["~/cache", "/home/me/cache"],
    ["a~b", "a~b"],
    ["$(id)$TMPDIR", "$(id)/scratch/my job"],
    ["`id`$TMPDIR", "`id`/scratch/my job"],
    ['"$TMPDIR"', '"/scratch/my job"'],
    ["$TMPDIR\\n", "/scratch/my job\\n"],
    [`\${TMPDIR:-$(id)}`, `\${TMPDIR:-$(id)}`],
    ["$5", "$5"],
  ])("%s is %s", (text, expected) => {
    expect(words(expanded(text), env)).toEqual([expected]);
  });
});
