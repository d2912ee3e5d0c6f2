/** @file JavaScript's regular expressions mean in frames what they mean in JavaScript. */
import { expect, test } from "vitest";
import { fromRecords } from "../../../src/dataframe/index.ts";
import { engineRegex, engineReplacement } from "../../../src/dataframe/regex.ts";

const sync = { scheduler: "sync" } as const;
const TEXTS = ["abc", "aBC\nb", "xx1yy22", "a.b$1", "東b[z]", ""];
// JavaScript's own, which linters refuse.
const ANY = "[^]";
const frame = fromRecords(TEXTS.map((s) => ({ s })));

test.each([
  [/b/gi, "-"],
  [/^b/gm, "<$&>"],
  [/a.*b/gs, "$$"],
  [/(\d+)([a-z]*)/g, "$2:$1"],
  [/(?<n>[a-z])(?<m>\d)/g, "$<m>$<n>"],
  [/[[\].]/g, "\\"],
  [new RegExp(`\\u6771|${ANY}$`, "g"), "$10"],
  [/()(x)/g, "$3$2"],
])("replace and contains with %s by %s", async (pattern, by) => {
  const made = frame.select((r) => ({
    replaced: r.s.str.replace(pattern, by),
    found: r.s.str.contains(pattern),
    part: r.s.str.extract(pattern),
  }));
  const once = new RegExp(pattern.source, pattern.flags.replace("g", ""));
  expect(await made.toRecords(sync)).toEqual(
    TEXTS.map((text) => ({
      replaced: text.replace(pattern, by),
      found: once.test(text),
      part: once.exec(text)?.[0] ?? null,
    })),
  );
});

test("groups are referred to as in Python as well", () => {
  expect(engineReplacement(/(b)/, "<\\1>")).toBe("<\\1>");
});

test.each([/a(?=b)/, /(?<!a)b/, /(a)\1/, /(?<n>a)\k<n>/, /a/y])("%s is refused", (pattern) => {
  expect(() => engineRegex(pattern)).toThrow(expect.objectContaining({ code: "NotSupported" }));
});
