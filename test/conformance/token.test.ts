/**
 * @file Tokens against an independent implementation of hash and format, so that they stay the same
 * for ever.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Hash128 } from "../../src/core/hash.ts";
import { tokenize } from "../../src/core/token.ts";

interface Goldens {
  readonly words: readonly [readonly number[], string][];
  readonly tokens: Readonly<Record<string, string>>;
}

const goldens: Goldens = JSON.parse(
  readFileSync(new URL("goldens/token.json", import.meta.url), "utf8"),
);

const VALUES: Readonly<Record<string, unknown>> = {
  "1": 1,
  "-0": -0,
  NaN: Number.NaN,
  undefined: undefined,
  null: null,
  true: true,
  abc: "abc",
  "héddle🧵": "héddle🧵",
  "[1,2]": [1, 2],
  "{a:1}": { a: 1 },
  "float64[100]": Float64Array.from({ length: 100 }, (_, i) => i / 7),
  "float64[3000]": Float64Array.from({ length: 3000 }, (_, i) => i / 7),
  "bytes[5]": Uint8Array.of(1, 2, 3, 4, 5),
};

describe("known answers", () => {
  test.each(goldens.words.map(([words, digest]) => ({ words, digest, count: words.length })))(
    "hash of $count words",
    ({ words, digest }) => {
      const hash = new Hash128();
      for (const word of words) hash.word(word);
      expect(hash.digest()).toBe(digest);
    },
  );

  test("every value has its golden token", () => {
    expect(Object.keys(VALUES).sort()).toEqual(Object.keys(goldens.tokens).sort());
    for (const [name, value] of Object.entries(VALUES)) {
      expect(tokenize(value), name).toBe(goldens.tokens[name]);
    }
  });
});
